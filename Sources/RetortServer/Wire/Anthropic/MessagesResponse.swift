// SPDX-License-Identifier: Apache-2.0

import RetortEngine
import RetortJSON
import RetortTemplates

enum MessagesResponse {
    /// The object of a whole answer.
    static func json(_ head: AnswerHead, _ reply: Reply) -> JSONValue {
        let parsed = reply.parsed
        var content: [JSONValue] = []
        if !parsed.reasoning.isEmpty {
            content.append([
                "type": "thinking", "thinking": .string(parsed.reasoning), "signature": "",
            ])
        }
        if !parsed.content.isEmpty || parsed.toolCalls.isEmpty {
            content.append(["type": "text", "text": .string(parsed.content)])
        }
        for call in parsed.toolCalls {
            content.append([
                "type": "tool_use", "id": .string(Identifier.make("toolu_")),
                "name": .string(call.name), "input": call.parsedArguments,
            ])
        }
        var message = start(head, content: content)
        for member in end(reply.finish, reply.usage, hasCalls: !parsed.toolCalls.isEmpty).members {
            message[member.key] = member.value
        }
        message["usage"] = .object(usage(reply.usage))
        return .object(message)
    }

    static func start(_ head: AnswerHead, content: [JSONValue]) -> JSONObject {
        JSONObject([
            ("id", .string(head.id)), ("type", "message"), ("role", "assistant"),
            ("model", .string(head.model)), ("content", .array(content)), ("stop_reason", nil),
            ("stop_sequence", nil), ("usage", nil),
        ])
    }

    /// Why the answer ended: `stop_reason` and `stop_sequence`.
    static func end(_ reason: FinishReason, _ usage: GenerationUsage, hasCalls: Bool) -> JSONObject
    {
        let name =
            switch reason {
            case .length: "max_tokens"
            case .stop where usage.stopString != nil: "stop_sequence"
            case .stop where hasCalls: "tool_use"
            case .stop, .cancelled: "end_turn"
            case .filtered: "refusal"
            }
        return JSONObject([
            ("stop_reason", .string(name)),
            (
                "stop_sequence",
                reason == .stop ? usage.stopString.map { .string($0) } ?? .null : .null
            ),
        ])
    }

    /// Tokens that were in the cache do not count as input.
    static func usage(_ usage: GenerationUsage) -> JSONObject {
        JSONObject([
            ("input_tokens", .integer(Int64(usage.promptTokens - usage.cachedTokens))),
            ("cache_creation_input_tokens", 0),
            ("cache_read_input_tokens", .integer(Int64(usage.cachedTokens))),
            ("output_tokens", .integer(Int64(usage.completionTokens))),
        ])
    }
}

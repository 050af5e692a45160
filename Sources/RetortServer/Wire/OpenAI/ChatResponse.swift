// SPDX-License-Identifier: Apache-2.0

import RetortEngine
import RetortJSON
import RetortTemplates

/// What all chunks and the whole answer have in common.
struct AnswerHead: Sendable {
    let id: String
    let created: Int
    let model: String

    init(id: String, model: String) {
        self.id = id
        created = Int(WallClock.seconds)
        self.model = model
    }
}

enum ChatResponse {
    /// The object of a whole answer.
    static func json(_ head: AnswerHead, _ replies: [Reply], _ plan: GenerationPlan) -> JSONValue {
        let choices = replies.enumerated().map { index, reply -> JSONValue in
            [
                "index": .integer(Int64(index)), "message": message(reply),
                "logprobs": plan.requests[index].topLogprobs == nil
                    ? .null : LogprobsWire.chat(reply.logprobs, plan.backend),
                "finish_reason": .string(reply.finishReason),
            ]
        }
        return [
            "id": .string(head.id), "object": "chat.completion",
            "created": .integer(Int64(head.created)), "model": .string(head.model),
            "choices": .array(choices), "usage": replies.usage(perPrompt: replies.count).json,
            "system_fingerprint": .string(fingerprint), "service_tier": nil,
        ]
    }

    static let fingerprint = "retort"

    private static func message(_ reply: Reply) -> JSONValue {
        let parsed = reply.parsed
        var message = JSONObject([("role", "assistant")])
        message["content"] =
            parsed.content.isEmpty && !parsed.toolCalls.isEmpty ? .null : .string(parsed.content)
        message["refusal"] = .null
        if !parsed.reasoning.isEmpty {
            // Both names, since clients know one or the other.
            message["reasoning_content"] = .string(parsed.reasoning)
            message["reasoning"] = .string(parsed.reasoning)
        }
        if !parsed.toolCalls.isEmpty {
            message["tool_calls"] = .array(
                parsed.toolCalls.map { call in
                    [
                        "id": .string(Identifier.make("call_")), "type": "function",
                        "function": [
                            "name": .string(call.name), "arguments": .string(call.arguments),
                        ],
                    ]
                })
        }
        return .object(message)
    }
}

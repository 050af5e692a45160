// SPDX-License-Identifier: Apache-2.0

import RetortEngine
import RetortJSON
import RetortTemplates

/// Writes an answer as the events of Anthropic's Messages API: blocks that start, grow and stop.
struct MessagesStreamer {
    private enum Block: Equatable {
        case thinking
        case text
        case call
    }

    private let head: AnswerHead
    private let stream: LiveStream
    private var reader: ReplyReader
    private var clock: AnswerClock
    private var out = JSONBytes()
    private var block: Block?
    private var index = -1
    private var hasBegun = false
    private var prompt = GenerationUsage()

    init(
        _ head: AnswerHead, _ plan: GenerationPlan, _ stream: LiveStream, _ metrics: ServerMetrics
    ) {
        self.head = head
        self.stream = stream
        reader = plan.makeReplyReader(0)
        clock = AnswerClock(metrics)
        prompt.promptTokens = plan.promptTokens
    }

    /// Returns when the answer is finished and the stream has ended.
    mutating func run(_ task: GenerationTask) async {
        defer { stream.end() }
        for await event in task.events {
            switch event {
            case .queued, .promptToken: break
            case .prompt(let processed, let total, let cached):
                prompt.cachedTokens = cached
                stream.report(.init(processed: processed, total: total))
            case .token(let token):
                clock.token()
                begin()
                send(reader.append(token.text))
            case .rest(let text): send(reader.append(text))
            case .finished(let reason, let usage):
                begin()
                send(reader.finish())
                finish(reason, usage)
                clock.finish(reason, usage)
                return
            case .failed(let error):
                clock.fail()
                fail(error.description)
                return
            }
        }
        clock.fail()
        fail("the answer was broken off")
    }

    private mutating func begin() {
        guard !hasBegun else { return }
        hasBegun = true
        var message = MessagesResponse.start(head, content: [])
        message["usage"] = .object(MessagesResponse.usage(prompt))
        event("message_start", ["message": .object(message)])
        event("ping")
    }

    private mutating func send(_ events: [ResponseParser.Event]) {
        for piece in events {
            switch piece {
            case .reasoning(let text):
                open(.thinking, ["type": "thinking", "thinking": "", "signature": ""])
                delta("thinking_delta", "thinking", text)
            case .content(let text):
                open(.text, ["type": "text", "text": ""])
                delta("text_delta", "text", text)
            case .toolCallStart(_, let name):
                close()
                open(
                    .call,
                    [
                        "type": "tool_use", "id": .string(Identifier.make("toolu_")),
                        "name": .string(name), "input": .object(JSONObject()),
                    ])
            case .toolCallArguments(_, let fragment):
                delta("input_json_delta", "partial_json", fragment)
            case .toolCallEnd, .toolCallAbandoned: close()
            }
        }
    }

    private mutating func open(_ next: Block, _ start: JSONValue) {
        guard block != next else { return }
        close()
        block = next
        index += 1
        event(
            "content_block_start",
            ["index": .integer(Int64(index)), "content_block": start])
    }

    private mutating func close() {
        guard let open = block else { return }
        if open == .thinking { delta("signature_delta", "signature", "") }
        event("content_block_stop", ["index": .integer(Int64(index))])
        block = nil
    }

    private mutating func delta(_ type: StaticString, _ field: StaticString, _ text: String) {
        out.removeAll()
        out.raw("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":")
        out.integer(index)
        out.raw(",\"delta\":{\"type\":\"")
        out.raw(type)
        out.raw("\",\"")
        out.raw(field)
        out.raw("\":")
        out.string(text)
        out.raw("}}\n\n")
        stream.append(out.bytes)
    }

    private mutating func finish(_ reason: FinishReason, _ usage: GenerationUsage) {
        // An answer has at least one block.
        if index < 0 { open(.text, ["type": "text", "text": ""]) }
        close()
        let end = MessagesResponse.end(reason, usage, hasCalls: reader.hasCalls)
        event(
            "message_delta",
            [
                "delta": .object(end),
                "usage": .object(MessagesResponse.usage(usage)),
            ])
        event("message_stop")
    }

    private func fail(_ message: String) {
        event("error", ["error": ["type": "api_error", "message": .string(message)]])
    }

    private func event(_ type: String, _ members: JSONValue = [:]) {
        var object = JSONObject([("type", .string(type))])
        for member in members.objectValue?.members ?? [] { object[member.key] = member.value }
        stream.append(Array("event: \(type)\ndata: \(JSONValue.object(object).text())\n\n".utf8))
    }
}

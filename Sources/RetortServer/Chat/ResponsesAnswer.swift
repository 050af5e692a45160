// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import RetortEngine
import RetortJSON
import RetortTemplates

/// One response of the Responses API, from the engine's events to its object.
struct ResponsesAnswer: Sendable {
    let head: AnswerHead
    let request: ResponsesRequest
    let plan: GenerationPlan
    let metrics: ServerMetrics

    /// Makes the response.
    /// - Parameter stream: Gets the events; who calls ends it.
    /// - Returns: The object, and what the model said as a message; nil if the engine failed.
    /// - Throws: ``APIError`` if the engine fails and there is no stream to tell it.
    func run(_ task: GenerationTask, _ stream: LiveStream?) async throws(APIError)
        -> (json: JSONValue, reply: ParsedResponse)?
    {
        var items = ResponseItems(stream)
        var reader = plan.makeReplyReader(0)
        var clock = AnswerClock(metrics)
        var parsed = ParsedResponse()
        let begun = object("in_progress", output: [], usage: nil)
        items.sendEvent("response.created", [("response", begun)])
        items.sendEvent("response.in_progress", [("response", begun)])
        for await event in task.events {
            var pieces: [ResponseParser.Event] = []
            switch event {
            case .queued, .promptToken: break
            case .prompt(let processed, let total, _):
                stream?.report(.init(processed: processed, total: total))
            case .token(let token):
                clock.token()
                pieces = reader.append(token.text)
            case .rest(let text): pieces = reader.append(text)
            case .finished(let reason, let usage):
                pieces = reader.finish()
                items.add(pieces)
                parsed.add(pieces)
                items.finish(reason)
                clock.finish(reason, usage)
                let isCut = reason == .length || reason == .filtered
                let json = object(
                    isCut ? "incomplete" : "completed", output: items.output, usage: usage,
                    cut: isCut ? reason : nil)
                items.sendEvent(
                    isCut ? "response.incomplete" : "response.completed", [("response", json)])
                return (json, parsed)
            case .failed(let error):
                clock.fail()
                try fail(error.description, &items, stream)
                return nil
            }
            items.add(pieces)
            parsed.add(pieces)
        }
        clock.fail()
        try fail("the answer was broken off", &items, stream)
        return nil
    }

    private func fail(_ message: String, _ items: inout ResponseItems, _ stream: LiveStream?)
        throws(APIError)
    {
        guard stream != nil else {
            throw APIError(
                .internalServerError, message, type: "server_error", code: "generation_failed")
        }
        let error: JSONValue = ["code": "server_error", "message": .string(message)]
        let json = object("failed", output: items.output, usage: nil, error: error)
        items.sendEvent("response.failed", [("response", json)])
    }

    private func object(
        _ status: String, output: [JSONValue], usage: GenerationUsage?, cut: FinishReason? = nil,
        error: JSONValue = nil
    ) -> JSONValue {
        var object = JSONObject([
            ("id", .string(head.id)), ("object", "response"),
            ("created_at", .integer(Int64(head.created))), ("status", .string(status)),
            ("error", error),
            (
                "incomplete_details",
                cut.map { ["reason": $0 == .filtered ? "content_filter" : "max_output_tokens"] }
                    ?? .null
            ),
            ("model", .string(head.model)), ("output", .array(output)),
        ])
        for field in request.echoes { object[field.name] = field.value }
        object["usage"] = usage.map(Self.json) ?? .null
        return .object(object)
    }

    private static func json(_ usage: GenerationUsage) -> JSONValue {
        func number(_ value: Int) -> JSONValue { .integer(Int64(value)) }
        return [
            "input_tokens": number(usage.promptTokens),
            "input_tokens_details": ["cached_tokens": number(usage.cachedTokens)],
            "output_tokens": number(usage.completionTokens),
            "output_tokens_details": ["reasoning_tokens": number(usage.reasoningTokens)],
            "total_tokens": number(usage.promptTokens + usage.completionTokens),
        ]
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// A chunk is the same bytes before and after its delta for all of an answer.

import RetortEngine
import RetortJSON

/// Writes the chunks of one answer of a streamed chat.
struct ChatChunks: Sendable {
    /// From `data: ` to where the delta's members go.
    private let before: [UInt8]
    /// What ends the delta of a chunk that neither ends the answer nor has log-probabilities.
    private let after: [UInt8]
    private let ending: [UInt8]

    init(_ head: AnswerHead, index: Int, includesUsage: Bool) {
        let start = Self.start(head)
        before = Array((start + "\"choices\":[{\"index\":\(index),\"delta\":{").utf8)
        ending = Array((includesUsage ? ",\"usage\":null}\n\n" : "}\n\n").utf8)
        after = Array("},\"logprobs\":null,\"finish_reason\":null}]".utf8) + ending
    }

    static func start(_ head: AnswerHead) -> String {
        let model = JSONValue.string(head.model).text()
        return
            "data: {\"id\":\"\(head.id)\",\"object\":\"chat.completion.chunk\",\"created\":\(head.created),\"model\":\(model),\"system_fingerprint\":\"\(ChatResponse.fingerprint)\","
    }

    func role(_ out: inout JSONBytes) {
        out.raw(before)
        out.raw("\"role\":\"assistant\",\"content\":\"\"")
        out.raw(after)
    }

    /// - Parameter logprobs: The array of `content`, nil for none.
    func content(_ text: String, _ logprobs: [UInt8]?, _ out: inout JSONBytes) {
        out.raw(before)
        out.raw("\"content\":")
        out.string(text)
        end(logprobs, &out)
    }

    func reasoning(_ text: String, _ out: inout JSONBytes) {
        out.raw(before)
        out.raw("\"reasoning_content\":")
        out.string(text)
        out.raw(",\"reasoning\":")
        out.string(text)
        out.raw(after)
    }

    func callStart(_ index: Int, id: String, name: String, _ out: inout JSONBytes) {
        out.raw(before)
        out.raw("\"tool_calls\":[{\"index\":")
        out.integer(index)
        out.raw(",\"id\":")
        out.string(id)
        out.raw(",\"type\":\"function\",\"function\":{\"name\":")
        out.string(name)
        out.raw(",\"arguments\":\"\"}}]")
        out.raw(after)
    }

    func callArguments(_ index: Int, _ fragment: String, _ out: inout JSONBytes) {
        out.raw(before)
        out.raw("\"tool_calls\":[{\"index\":")
        out.integer(index)
        out.raw(",\"function\":{\"arguments\":")
        out.string(fragment)
        out.raw("}}]")
        out.raw(after)
    }

    func finish(_ reason: String, _ logprobs: [UInt8]?, _ out: inout JSONBytes) {
        out.raw(before)
        if let logprobs {
            out.raw("},\"logprobs\":{\"content\":")
            out.raw(logprobs)
            out.raw(",\"refusal\":null},\"finish_reason\":")
        } else {
            out.raw("},\"logprobs\":null,\"finish_reason\":")
        }
        out.string(reason)
        out.raw("}]")
        out.raw(ending)
    }

    private func end(_ logprobs: [UInt8]?, _ out: inout JSONBytes) {
        guard let logprobs else {
            out.raw(after)
            return
        }
        out.raw("},\"logprobs\":{\"content\":")
        out.raw(logprobs)
        out.raw(",\"refusal\":null},\"finish_reason\":null}]")
        out.raw(ending)
    }
}

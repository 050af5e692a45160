// SPDX-License-Identifier: Apache-2.0
//
// Makes of the chunks of a stream what the same answer without a stream would have been, so that
// what is kept has one form.

import RetortJSON

/// Collects the chunks of one streamed answer.
package struct ChatStreamAssembler: Sendable {
    private struct Choice {
        var content = ""
        var reasoning = ""
        var refusal: String?
        var finishReason: String?
        var toolCalls: Set<Int> = []
        var logprobs: [JSONValue] = []
    }

    private var head: JSONObject = .init()
    private var choices: [Int: Choice] = [:]
    private var usage: JSONValue?
    package private(set) var sawDone = false
    /// An `error` that the stream reported instead of going on.
    package private(set) var fault: JSONValue?

    private static let mostChoices = 128

    package init() {}

    /// Whether the answer is whole: `[DONE]` came, or every choice said why it ends.
    package var isComplete: Bool {
        guard !choices.isEmpty else { return false }
        return sawDone || choices.values.allSatisfy { $0.finishReason != nil }
    }

    /// Takes the data of one event.
    /// - Throws: ``ClientError`` of kind `badAnswer` for what is no chunk.
    package mutating func take(_ event: [UInt8]) throws(ClientError) {
        if event == Array("[DONE]".utf8) {
            sawDone = true
            return
        }
        guard !sawDone, fault == nil else { return }
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue(
                parsing: event, options: .init(allowsNonFiniteNumbers: true, maximumDepth: 64))
        } catch {
            throw ClientError(.badAnswer, "a chunk of the stream is \(error)")
        }
        guard json.objectValue != nil else {
            throw ClientError(
                .badAnswer, "a chunk of the stream is \(json.kind); an object was expected")
        }
        if let error = json["error"], !error.isNull {
            fault = error
            return
        }
        for key in ["id", "model", "created", "system_fingerprint"] where head[key] == nil {
            if let value = json[key], !value.isNull { head[key] = value }
        }
        if let value = json["usage"], !value.isNull { usage = value }
        // Chunks without choices carry usage or keep the connection alive.
        for item in json["choices"]?.arrayValue ?? [] { try takeChoice(item) }
    }

    /// Takes what an end of the stream without an empty line left. Half an event is no chunk; it
    /// shows in the answer not being complete.
    mutating func takeLast(_ event: [UInt8]) {
        guard !sawDone else { return }
        try? take(event)
    }

    private mutating func takeChoice(_ item: JSONValue) throws(ClientError) {
        let index = item["index"]?.intValue ?? 0
        guard (0..<Self.mostChoices).contains(index) else {
            throw ClientError(
                .badAnswer,
                "a chunk is of choice \(index); at most \(Self.mostChoices) were expected"
            )
        }
        // Taken out, so that the texts grow in place.
        var choice = choices.removeValue(forKey: index) ?? Choice()
        if let delta = item["delta"], !delta.isNull {
            guard delta.objectValue != nil else {
                throw ClientError(
                    .badAnswer, "'delta' of a chunk is \(delta.kind); an object was expected")
            }
            choice.content += try Self.text(delta["content"], "content")
            // Some endpoints send both names with the same text.
            let thought = try Self.text(delta["reasoning_content"], "reasoning_content")
            choice.reasoning +=
                thought.isEmpty ? try Self.text(delta["reasoning"], "reasoning") : thought
            if let refusal = delta["refusal"]?.stringValue {
                choice.refusal = (choice.refusal ?? "") + refusal
            }
            for (position, call) in (delta["tool_calls"]?.arrayValue ?? []).enumerated() {
                choice.toolCalls.insert(call["index"]?.intValue ?? position)
            }
        }
        choice.logprobs += item["logprobs"]?["content"]?.arrayValue ?? []
        if let reason = item["finish_reason"]?.stringValue { choice.finishReason = reason }
        choices[index] = choice
    }

    private static func text(_ json: JSONValue?, _ name: String) throws(ClientError) -> String {
        switch json {
        case nil, .null?: return ""
        case .string(let text)?: return text
        case let other?:
            throw ClientError(
                .badAnswer, "'\(name)' of a chunk is \(other.kind); a string was expected")
        }
    }

    /// The answer as if it had not been streamed.
    package var json: JSONValue {
        var result = head
        result["object"] = "chat.completion"
        result["choices"] = .array(
            choices.sorted { $0.key < $1.key }.map { index, choice in
                var message: JSONObject = JSONObject([
                    ("role", "assistant"), ("content", .string(choice.content)),
                ])
                if !choice.reasoning.isEmpty {
                    message["reasoning_content"] = .string(choice.reasoning)
                }
                message["refusal"] = choice.refusal.map { .string($0) }
                if !choice.toolCalls.isEmpty {
                    message["tool_calls"] = .array(
                        choice.toolCalls.sorted().map { ["index": .integer(Int64($0))] })
                }
                var item = JSONObject([
                    ("index", .integer(Int64(index))), ("message", .object(message)),
                    ("finish_reason", choice.finishReason.map { .string($0) } ?? .null),
                ])
                if !choice.logprobs.isEmpty {
                    item["logprobs"] = ["content": .array(choice.logprobs)]
                }
                return .object(item)
            })
        result["usage"] = usage
        return .object(result)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortEngine
import RetortFormats
import RetortGuard
import RetortJSON
import RetortTokenizers

/// Texts by the line.
enum EvidenceFile {
    static func read(
        _ path: String, limit: Int?, _ text: (JSONValue) throws -> EvidenceText?
    ) throws -> [EvidenceText] {
        var texts: [EvidenceText] = []
        for (number, line) in try InputFile.text(path: path).split(separator: "\n").enumerated() {
            if texts.count == limit { break }
            guard let object = try? JSONValue(parsing: Array(line.utf8)),
                let found = try text(object)
            else {
                throw CommandError(
                    "\(path):\(number + 1) has neither 'messages' nor 'prompt' and 'answer' nor 'text'"
                )
            }
            texts.append(found)
        }
        guard !texts.isEmpty else { throw CommandError("\(path) has no texts") }
        return texts
    }

    /// As the model's own template has a conversation.
    static func text(_ object: JSONValue, _ model: ReasoningModel) throws -> EvidenceText? {
        if let text = object["text"]?.stringValue {
            return EvidenceText(tokens: try model.tokenizer.encode(text, addSpecialTokens: true))
        }
        guard let (prompt, answer) = turns(object) else { return nil }
        func tokens(_ messages: [JSONValue], isOpen: Bool) throws -> [Int32] {
            let context = JSONObject([
                ("messages", .array(messages)), ("add_generation_prompt", .bool(isOpen)),
            ])
            return try model.tokenizer.encode(
                try model.render(context), addSpecialTokens: false)
        }
        let whole = try tokens(prompt + [answer], isOpen: false)
        let question = try tokens(prompt, isOpen: true)
        let start = zip(whole, question).prefix { $0 == $1 }.count
        let room = model.config.maxPositionEmbeddings
        return EvidenceText(tokens: Array(whole.prefix(room)), answerStart: start)
    }

    /// A conversation up to the answer's last letter, without what the template ends it with.
    static func open(_ object: JSONValue, _ model: ReasoningModel) throws -> EvidenceText? {
        if object["text"]?.stringValue != nil { return try text(object, model) }
        guard let (prompt, answer) = turns(object), let content = answer["content"]?.stringValue,
            !content.isEmpty
        else { return nil }
        let context = JSONObject([("messages", .array(prompt + [answer]))])
        let whole = try model.render(context)
        guard let end = whole.range(of: content, options: .backwards) else { return nil }
        return EvidenceText(
            tokens: try model.tokenizer.encode(
                String(whole[..<end.upperBound]), addSpecialTokens: false))
    }

    /// The answer alone, with the prompt before it so that what is copied from there does not count.
    static func answer(_ object: JSONValue, _ tokenizer: Tokenizer) -> EvidenceText? {
        if let text = object["text"]?.stringValue {
            return EvidenceText(tokens: tokenizer.encode(text, addSpecialTokens: false))
        }
        guard let (prompt, answer) = turns(object) else { return nil }
        let asked = tokenizer.encode(
            prompt.compactMap { $0["content"]?.stringValue }.joined(separator: "\n"),
            addSpecialTokens: false)
        let parts = ["reasoning_content", "content"].compactMap { answer[$0]?.stringValue }
        let written = tokenizer.encode(
            parts.filter { !$0.isEmpty }.joined(separator: "\n"), addSpecialTokens: false)
        return EvidenceText(tokens: asked + written, answerStart: asked.count)
    }

    private static func turns(_ object: JSONValue) -> (prompt: [JSONValue], answer: JSONValue)? {
        if let messages = object["messages"]?.arrayValue, let last = messages.last,
            last["role"] == "assistant"
        {
            return (Array(messages.dropLast()), last)
        }
        guard let prompt = object["prompt"]?.stringValue,
            let answer = object["answer"]?.stringValue ?? object["completion"]?.stringValue
        else { return nil }
        var message = JSONObject([("role", "assistant"), ("content", .string(answer))])
        let reasoning = object["reasoning"] ?? object["reasoning_content"]
        if let reasoning, reasoning != .null { message["reasoning_content"] = reasoning }
        return ([["role": "user", "content": .string(prompt)]], .object(message))
    }
}

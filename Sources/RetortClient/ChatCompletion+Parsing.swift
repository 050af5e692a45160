// SPDX-License-Identifier: Apache-2.0
//
// Reads an answer. Strict in what is used, blind to the rest: endpoints add fields of their own.

import RetortJSON

extension ChatCompletion {
    /// Reads the body of an answer that is no stream.
    /// - Throws: ``ClientError`` of kind `badAnswer`, which says what is wrong and quotes nothing.
    public init(parsing body: [UInt8]) throws(ClientError) {
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue(
                parsing: body, options: .init(allowsNonFiniteNumbers: true, maximumDepth: 64))
        } catch {
            throw ClientError(.badAnswer, "the answer is \(error)")
        }
        try self.init(json, body: body)
    }

    init(_ json: JSONValue, body: [UInt8]) throws(ClientError) {
        guard json.objectValue != nil else { throw Self.wrong("the answer", json, "an object") }
        guard let items = json["choices"]?.arrayValue else {
            throw Self.wrong("'choices'", json["choices"], "an array")
        }
        guard !items.isEmpty else {
            throw ClientError(.badAnswer, "the answer has no choices; expected at least one")
        }
        var choices: [Choice] = []
        for (index, item) in items.enumerated() {
            choices.append(try Self.choice(item, at: "choices[\(index)]", index))
        }
        self.init(
            id: json["id"]?.stringValue, model: json["model"]?.stringValue, choices: choices,
            usage: TokenUsage(json["usage"]), body: body)
    }

    private static func choice(_ json: JSONValue, at place: String, _ position: Int)
        throws(ClientError) -> Choice
    {
        guard let message = json["message"], message.objectValue != nil else {
            throw wrong("'\(place).message'", json["message"], "an object")
        }
        let reasoning = try text(
            message["reasoning_content"], at: "\(place).message.reasoning_content")
        return Choice(
            index: json["index"]?.intValue ?? position,
            content: try text(message["content"], at: "\(place).message.content"),
            reasoning: reasoning.isEmpty
                ? try text(message["reasoning"], at: "\(place).message.reasoning") : reasoning,
            finishReason: json["finish_reason"]?.stringValue,
            toolCallCount: message["tool_calls"]?.arrayValue?.count ?? 0,
            refusal: message["refusal"]?.stringValue,
            logprobs: try logprobs(json["logprobs"]?["content"], at: "\(place).logprobs"))
    }

    /// A text, null for an empty one, or parts of which some are texts.
    private static func text(_ json: JSONValue?, at place: String) throws(ClientError) -> String {
        switch json {
        case nil, .null?: return ""
        case .string(let text)?: return text
        case .array(let parts)?:
            return parts.compactMap { $0["text"]?.stringValue }.joined()
        case let other?: throw wrong("'\(place)'", other, "a string")
        }
    }

    private static func logprobs(_ json: JSONValue?, at place: String) throws(ClientError)
        -> [Logprob]
    {
        guard let json, !json.isNull else { return [] }
        guard let items = json.arrayValue else { throw wrong("'\(place)'", json, "an array") }
        var result: [Logprob] = []
        result.reserveCapacity(items.count)
        for item in items {
            guard let token = item["token"]?.stringValue, let value = item["logprob"]?.doubleValue
            else {
                throw ClientError(
                    .badAnswer, "an entry of '\(place)' lacks its token or its logprob")
            }
            let others = (item["top_logprobs"]?.arrayValue ?? []).compactMap {
                alternative -> Logprob.Alternative? in
                guard let token = alternative["token"]?.stringValue,
                    let value = alternative["logprob"]?.doubleValue
                else { return nil }
                return Logprob.Alternative(token: token, logprob: value)
            }
            result.append(Logprob(token: token, logprob: value, alternatives: others))
        }
        return result
    }

    private static func wrong(_ place: String, _ found: JSONValue?, _ expected: String)
        -> ClientError
    {
        ClientError(
            .badAnswer, "\(place) is \(found?.kind ?? "missing"); \(expected) was expected")
    }
}

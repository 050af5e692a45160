// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// What an endpoint is asked: the body of `POST …/chat/completions`. nil is the endpoint's default.
public struct ChatCompletionRequest: Sendable, Equatable {
    /// By what name an endpoint limits the answer's tokens.
    public enum TokenLimitField: String, Sendable, CaseIterable {
        case maxTokens = "max_tokens"
        /// OpenAI's reasoning models know only this one.
        case maxCompletionTokens = "max_completion_tokens"
    }

    public var model: String
    public var messages: [ChatMessage]
    public var temperature: Double?
    public var topP: Double?
    /// Thought and answer together, in tokens.
    public var maximumTokens: Int?
    public var tokenLimitField = TokenLimitField.maxTokens
    public var seed: Int?
    /// Answers to the same prompt.
    public var count: Int?
    public var stop: [String] = []
    public var logprobs: Bool?
    public var topLogprobs: Int?
    /// Further fields of the body, such as `top_k` or `chat_template_kwargs`.
    public var extra = JSONObject()

    public init(model: String, messages: [ChatMessage]) {
        self.model = model
        self.messages = messages
    }

    private static let reserved: Set<String> = [
        "model", "messages", "temperature", "top_p", "max_tokens", "max_completion_tokens", "seed",
        "n", "stop", "logprobs", "top_logprobs", "stream", "stream_options",
    ]

    /// - Throws: ``ClientError`` of kind `invalidSetting` for a field that no endpoint takes.
    public func check() throws(ClientError) {
        func invalid(_ reason: String) -> ClientError { ClientError(.invalidSetting, reason) }
        guard !model.isEmpty else { throw invalid("the request names no model; expected a name") }
        guard !messages.isEmpty else {
            throw invalid("the request has no messages; expected at least one")
        }
        if let temperature, !(0...2).contains(temperature) {
            throw invalid("temperature is \(temperature); expected 0 to 2")
        }
        if let topP, !(topP > 0 && topP <= 1) {
            throw invalid("top_p is \(topP); expected more than 0 and at most 1")
        }
        if let maximumTokens, !(1...Self.mostTokens).contains(maximumTokens) {
            throw invalid(
                "\(tokenLimitField.rawValue) is \(maximumTokens); expected 1 to \(Self.mostTokens)")
        }
        if let count, !(1...128).contains(count) {
            throw invalid("n is \(count); expected 1 to 128")
        }
        if let topLogprobs, !(0...20).contains(topLogprobs) {
            throw invalid("top_logprobs is \(topLogprobs); expected 0 to 20")
        }
        if let name = extra.keys.first(where: Self.reserved.contains) {
            throw invalid("the extra field '\(name)' has a setting of its own; use that one")
        }
    }

    private static let mostTokens = 1 << 30

    /// The body without what concerns only the transport. Members are in a fixed order.
    public var body: JSONObject {
        var body = JSONObject()
        body["model"] = .string(model)
        body["messages"] = .array(messages.map(\.json))
        body["temperature"] = temperature.map { .double($0) }
        body["top_p"] = topP.map { .double($0) }
        body[tokenLimitField.rawValue] = maximumTokens.map { .integer(Int64($0)) }
        body["seed"] = seed.map { .integer(Int64($0)) }
        body["n"] = count.map { .integer(Int64($0)) }
        if !stop.isEmpty { body["stop"] = .array(stop.map { .string($0) }) }
        body["logprobs"] = logprobs.map { .bool($0) }
        body["top_logprobs"] = topLogprobs.map { .integer(Int64($0)) }
        for member in extra.members { body[member.key] = member.value }
        return body
    }

    /// UTF-8 bytes of the messages. No tokenizer of bytes makes more tokens of them than that.
    public var promptBytes: Int { messages.reduce(0) { $0 + $1.content.utf8.count } }

    /// Tokens of the prompt by rule of thumb, for rate limits: four bytes a token, and some around
    /// each message.
    public var estimatedPromptTokens: Int { promptBytes / 4 + 8 * messages.count }

    /// Tokens that the prompt cannot exceed, for budgets: each byte a token, and what a template
    /// may put around each message.
    public var mostPromptTokens: Int { promptBytes + 64 * (messages.count + 1) }
}

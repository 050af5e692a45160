// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// An endpoint's answer.
public struct ChatCompletion: Sendable, Equatable {
    /// A token and how likely it was (natural logarithm).
    public struct Logprob: Sendable, Equatable {
        public struct Alternative: Sendable, Equatable {
            public var token: String
            public var logprob: Double
        }

        public var token: String
        public var logprob: Double
        public var alternatives: [Alternative]
    }

    public struct Choice: Sendable, Equatable {
        public var index: Int
        public var content: String
        /// The thought, where the endpoint gives it apart.
        public var reasoning: String
        /// `stop`, `length`, `content_filter`, `tool_calls`, or what the endpoint calls it.
        public var finishReason: String?
        /// Tool calls are not used, only noticed.
        public var toolCallCount: Int
        public var refusal: String?
        public var logprobs: [Logprob]
    }

    public var id: String?
    /// As the endpoint calls it; may say more than the request's name.
    public var model: String?
    /// At least one.
    public var choices: [Choice]
    public var usage: TokenUsage?
    /// The answer as JSON: the body itself, or what the same answer without a stream would have been.
    public var body: [UInt8]
}

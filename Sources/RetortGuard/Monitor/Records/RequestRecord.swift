// SPDX-License-Identifier: Apache-2.0

/// One request as a log has it: who, when, with which settings, and a sketch of the text instead of the text.
public struct RequestRecord: Sendable, Equatable {
    public var id: String
    /// Seconds since 1970.
    public var time: Double
    /// Names the key; not the secret.
    public var key: String
    public var organisation: String?
    /// Of ``SketchSecret/address(_:)``.
    public var address: UInt64?
    public var userAgent: String?
    public var route: String
    public var model: String
    public var promptTokens: Int
    /// Reasoning included.
    public var completionTokens: Int
    public var reasoningTokens: Int
    public var temperature: Double?
    public var topP: Double?
    public var maxTokens: Int?
    /// Completions asked for.
    public var n: Int
    /// Alternatives per token asked for; nil without log-probabilities.
    public var logprobs: Int?
    public var isStream: Bool
    /// The trace policy in effect: `full`, `summary`, `none`.
    public var thoughts: String?
    public var sketch: RequestSketch
    /// Only from logs that hold texts; never written.
    public var text: String?

    public init(
        id: String, time: Double, key: String, organisation: String? = nil, address: UInt64? = nil,
        userAgent: String? = nil, route: String = "/v1/chat/completions", model: String = "",
        promptTokens: Int = 0, completionTokens: Int = 0, reasoningTokens: Int = 0,
        temperature: Double? = nil, topP: Double? = nil, maxTokens: Int? = nil, n: Int = 1,
        logprobs: Int? = nil, isStream: Bool = false, thoughts: String? = nil,
        sketch: RequestSketch, text: String? = nil
    ) {
        self.id = id
        self.time = time
        self.key = key
        self.organisation = organisation
        self.address = address
        self.userAgent = userAgent
        self.route = route
        self.model = model
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.reasoningTokens = reasoningTokens
        self.temperature = temperature
        self.topP = topP
        self.maxTokens = maxTokens
        self.n = n
        self.logprobs = logprobs
        self.isStream = isStream
        self.thoughts = thoughts
        self.sketch = sketch
        self.text = text
    }
}

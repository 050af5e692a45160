// SPDX-License-Identifier: Apache-2.0

/// What to generate, and until when.
public struct GenerationRequest: Sendable {
    public var prompt: [Int32]
    public var sampling = SamplingParameters()
    /// The most tokens to generate; nil goes on until the context is full.
    public var maximumTokens: Int?
    /// Texts that end the generation and are not part of it.
    public var stopStrings: [String] = []
    /// Go on past the checkpoint's stop tokens, for measurements.
    public var ignoresStopTokens = false
    /// Guess tokens ahead, which changes the speed and not the text; nil does not.
    public var speculation: Speculation?

    public init(prompt: [Int32]) { self.prompt = prompt }
}

/// Why a generation ended.
public enum FinishReason: String, Sendable {
    /// A stop token or stop string.
    case stop
    /// `maximumTokens` or the end of the context.
    case length
    case cancelled
    /// What would have come was not to be said.
    case filtered = "content_filter"
}

/// What a generation cost.
public struct GenerationUsage: Sendable, Equatable {
    public var promptTokens = 0
    /// Prompt tokens whose keys and values were still there from the turn before.
    public var cachedTokens = 0
    public var completionTokens = 0
    public var reasoningTokens = 0
    /// The stop string that ended the answer, if one did.
    public var stopString: String?
    /// Seconds until a place was free.
    public var queueSeconds = 0.0
    /// Seconds until the prompt was read and the first token chosen.
    public var promptSeconds = 0.0
    /// Seconds of the tokens after the first.
    public var decodeSeconds = 0.0
    /// Seconds of the machine: of each pass the part of the rows that were this request's. Counted by
    /// the batching engine.
    public var computeSeconds = 0.0
    /// ``computeSeconds`` of all threads together.
    public var processorSeconds = 0.0
    /// Nil if no tokens were to be guessed.
    public var speculation: SpeculationUsage?

    public init() {}

    public var promptTokensPerSecond: Double {
        promptSeconds > 0 ? Double(promptTokens - cachedTokens) / promptSeconds : 0
    }

    public var decodeTokensPerSecond: Double {
        decodeSeconds > 0 ? Double(max(completionTokens - 1, 0)) / decodeSeconds : 0
    }
}

// SPDX-License-Identifier: Apache-2.0

/// How answers are drawn.
public struct SamplingSettings: Sendable, Equatable {
    /// 0 takes the most likely token; nil leaves it to whoever answers.
    public var temperature: Double?
    public var topP: Double?
    /// Of an answer, its thought included; nil leaves it to whoever answers.
    public var maximumTokens: Int?

    public init(temperature: Double? = nil, topP: Double? = nil, maximumTokens: Int? = nil) {
        self.temperature = temperature
        self.topP = topP
        self.maximumTokens = maximumTokens
    }

    /// What the field measures with: one sample is taken greedily, so that it can be repeated; of
    /// several each is drawn at temperature 0.6 and top-p 0.95 (DeepSeek-AI 2025).
    public static func usual(samples: Int) -> SamplingSettings {
        samples > 1
            ? SamplingSettings(temperature: 0.6, topP: 0.95) : SamplingSettings(temperature: 0)
    }
}

/// One answer that is wanted.
public struct SampleRequest: Sendable {
    public var prompt: Problem.Prompt
    public var sampling: SamplingSettings
    /// Which of the problem's samples this is, from 0.
    public var sample: Int
    /// Differs from sample to sample and is the same in every run with the evaluation's seed.
    public var seed: UInt64

    public init(prompt: Problem.Prompt, sampling: SamplingSettings, sample: Int, seed: UInt64) {
        self.prompt = prompt
        self.sampling = sampling
        self.sample = sample
        self.seed = seed
    }
}

/// One answer that a model gave.
public struct ModelResponse: Sendable, Equatable {
    public enum FinishReason: String, Sendable {
        case stop
        /// A limit of tokens ended it.
        case length
        /// Something else, such as a filter.
        case other
    }

    /// Empty where thoughts are not told apart.
    public var reasoning: String
    public var answer: String
    public var promptTokens: Int
    /// Of thought and answer.
    public var completionTokens: Int
    public var finishReason: FinishReason

    public init(
        reasoning: String = "", answer: String, promptTokens: Int = 0, completionTokens: Int = 0,
        finishReason: FinishReason = .stop
    ) {
        self.reasoning = reasoning
        self.answer = answer
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.finishReason = finishReason
    }
}

/// Who answers: a model in this process, or a client of a server.
public protocol ResponseSource: Sendable {
    /// Answers once. May be called for several requests at a time.
    func response(to request: SampleRequest) async throws -> ModelResponse
}

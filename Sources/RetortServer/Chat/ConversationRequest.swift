// SPDX-License-Identifier: Apache-2.0
//
// The three chat APIs ask for the same in different words. This is what they ask for.

import RetortEngine
import RetortGrammar
import RetortJSON
import RetortTemplates

/// Sampling that a request sets; nil is the checkpoint's recommendation.
struct SamplingChoice: Sendable {
    var temperature: Double?
    var topP: Double?
    var topK: Int?
    var minP: Double?
    var repetitionPenalty: Double?
    var presencePenalty: Double?
    var frequencyPenalty: Double?
    var logitBias: [Int32: Float] = [:]
    var seed: UInt64?

    func applied(to recommended: SamplingParameters) -> SamplingParameters {
        var sampling = recommended
        if let temperature { sampling.temperature = Float(temperature) }
        if let topP { sampling.topP = Float(topP) }
        if let topK { sampling.topK = max(0, topK) }
        if let minP { sampling.minP = Float(minP) }
        if let repetitionPenalty { sampling.repetitionPenalty = Float(repetitionPenalty) }
        if let presencePenalty { sampling.presencePenalty = Float(presencePenalty) }
        if let frequencyPenalty { sampling.frequencyPenalty = Float(frequencyPenalty) }
        sampling.logitBias = logitBias
        sampling.seed = seed
        return sampling
    }
}

/// Whether and how long to think.
struct ThinkingChoice: Sendable, Equatable {
    /// Nil is yes, where the template leaves the choice.
    var isEnabled: Bool?
    /// Tokens of the thought that the client asked for in so many words.
    var budget: Int?
    /// What an effort stands for, if there is no budget.
    var effortBudget: Int?

    /// Tokens of a thought by effort; nil does not limit it.
    static let efforts: [(name: String, budget: Int?)] = [
        ("none", 0), ("minimal", 256), ("low", 1024), ("medium", 4096), ("high", nil),
        ("xhigh", nil), ("max", nil),
    ]

    mutating func setEffort(_ name: String) {
        if name == "none" {
            isEnabled = false
        } else {
            effortBudget = Self.efforts.first { $0.name == name }?.budget
        }
    }

    /// The most tokens of the thought: the client's budget, else the effort's, but at most three
    /// quarters of the tokens there are, so that an answer always comes.
    func limit(maximumTokens: Int?) -> Int? {
        if isEnabled == false { return 0 }
        if let budget { return budget }
        let share = maximumTokens.map { $0 * 3 / 4 }
        guard let effortBudget else { return share }
        return share.map { min($0, effortBudget) } ?? effortBudget
    }
}

/// Which functions the model may call.
enum ToolChoice: Sendable, Equatable {
    case none
    case auto
    /// At least one.
    case required
    case function(String)
}

/// A conversation to answer.
struct ConversationRequest: Sendable {
    var model: String?
    var conversation: Conversation
    var sampling = SamplingChoice()
    var thinking = ThinkingChoice()
    /// Thought and answer together; nil is what the context holds.
    var maximumTokens: Int?
    var stop: [String] = []
    /// Answers to make.
    var choices = 1
    var topLogprobs: Int?
    var ignoresStopTokens = false
    /// What the answer must be; nil for free text.
    var form: GrammarSource?
    /// The field that asks for it.
    var formField = "response_format"
    var toolChoice = ToolChoice.auto
    var allowsParallelCalls = true
    /// The field that the conversation came in, for errors.
    var source = "messages"

    init(_ conversation: Conversation) { self.conversation = conversation }
}

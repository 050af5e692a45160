// SPDX-License-Identifier: Apache-2.0

/// What a simulated key does.
public enum TrafficKind: String, Sendable, CaseIterable {
    // Honest.
    case chat
    case playground
    case translation
    case codeAudit = "code_audit"
    case evaluation
    case classroom
    case agent
    case support
    case summaries
    case labelling
    case promptTests = "prompt_tests"
    case tutor
    case mail
    case catalogue
    case exercises
    case studyCards = "study_cards"

    // Honest, and hard to tell from extraction; measured apart from the others.
    /// Long articles of one template for a site.
    case articles
    /// A large test set, once, with samples.
    case samplingEvaluation = "sampling_evaluation"

    // Extraction.
    /// Asks for hidden reasoning with a few templates.
    case elicitation
    /// The same in the words of hundreds of paraphrases.
    case paraphrased
    /// Synthetic instructions that cover as much as possible.
    case coverage
    /// Has the model itself write instructions from seeds (Wang et al. 2023, "Self-Instruct").
    case selfInstruct = "self_instruct"
    /// Many samples of each of many problems.
    case harvest
    /// Lists of topics, one after the other.
    case topicSweep = "topic_sweep"
    /// Next-token distributions of many beginnings.
    case logprobs
    /// Instructions and elicitation in a dozen languages.
    case multilingual
    /// An old key whose traffic turns to extraction within a day of a model's release.
    case redirect
    /// One of many accounts that share the work.
    case hydra

    public static let grey: [TrafficKind] = [.articles, .samplingEvaluation]
    public static let benign = allCases.filter { !$0.isExtraction && !grey.contains($0) }
    /// Those that one key does by itself.
    public static let extraction = allCases.filter { $0.isExtraction && $0 != .hydra }

    public var isExtraction: Bool {
        switch self {
        case .elicitation, .paraphrased, .coverage, .selfInstruct, .harvest, .topicSweep,
            .logprobs, .multilingual, .redirect, .hydra:
            return true
        default: return false
        }
    }
}

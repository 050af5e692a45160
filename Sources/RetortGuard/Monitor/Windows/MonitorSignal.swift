// SPDX-License-Identifier: Apache-2.0
//
// The signals of a window. Each is a number that grows with suspicion; counts go in by the lower end of their uncertainty, so that few
// requests prove little.

/// What speaks for extraction in a window of a key's requests.
public enum MonitorSignal: String, Sendable, CaseIterable {
    /// New prompts that ask for hidden reasoning in words that few use; share of the window.
    case traceSeeking = "trace_seeking"
    /// New prompts on many topics that ask for reasoning in any words; share × topic words per request.
    case reasoningSweep = "reasoning_sweep"
    /// New prompts that ask for instructions or prompts; share.
    case synthesis
    /// New prompts with four or more completions each; share × unlikeness.
    case sampling
    /// New prompts with log-probabilities; share × share without the most frequent beginning.
    case logprobs
    /// Bare new prompts with long answers; share × unlikeness × breadth × share among what people and programs ask so.
    case bareSweep = "bare_sweep"
    /// Bare new prompts with long answers from one template; share × share of the most frequent beginning or ending × new
    /// topic words per request, at most 1.
    case templateSweep = "template_sweep"
    /// New prompts in many languages that are no translations; share × (effective languages − 1).
    case languages
    /// MMD² to the nearest mixture of honest windows over the distance that 95 % of these do not exceed.
    case distance
    /// How much larger the suspicious share is in the two days after a release.
    case release
    /// Prompts that other keys had before; share.
    case sharedPrompts = "shared_prompts"
    /// New topic words per request in the second half of the window.
    case growth
    /// The most frequent beginning or ending; share.
    case template
    /// The most frequent settings (temperature, tokens, n, log-probabilities) of a program; share.
    case settings

    /// Added to a value and to what is usual before they are compared, so that nothing is divided by zero.
    var floor: Double {
        switch self {
        case .distance, .growth, .template, .settings: return 0.5
        default: return 0.002
        }
    }

    /// How the value is told.
    public var title: String {
        switch self {
        case .traceSeeking: return "asks for hidden reasoning"
        case .reasoningSweep: return "asks for reasoning on ever new topics"
        case .synthesis: return "asks for new instructions or prompts"
        case .sampling: return "several samples of each of many prompts"
        case .logprobs: return "log-probabilities of many beginnings"
        case .bareSweep: return "bare instructions with long answers"
        case .templateSweep: return "one template for ever new topics, with long answers"
        case .languages: return "one kind of request in many languages"
        case .distance: return "unlike any mixture of honest traffic (MMD)"
        case .release: return "more of it right after a release"
        case .sharedPrompts: return "prompts that other keys had"
        case .growth: return "new topics without an end"
        case .template: return "one template"
        case .settings: return "one program's settings"
        }
    }
}

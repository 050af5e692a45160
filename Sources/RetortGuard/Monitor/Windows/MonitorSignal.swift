// SPDX-License-Identifier: Apache-2.0
//
// The signals of a window. Each is a number that grows with suspicion; counts go in by the lower end of their uncertainty, so that few
// requests prove little.

import Foundation

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
    /// Bare new prompts with long answers; share × unlikeness × share among what people and programs ask so.
    case bareSweep = "bare_sweep"
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
        default: return 0.004
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

/// A window's numbers.
public struct WindowReport: Sendable {
    /// By ``MonitorSignal``'s order.
    public internal(set) var values: [Double]
    public let requests: Int
    public let firstTime: Double
    public let lastTime: Double
    /// Counts and examples by ``RequestTrait``'s order.
    public let counts: [Int]
    public let examples: [[String]]

    init(_ window: WindowState, release: Double, reference: ReferenceProfile?) {
        requests = window.count
        firstTime = window.firstTime
        lastTime = window.lastTime
        counts = window.traits.map(\.count)
        examples = window.traits.map(\.examples)
        values = MonitorSignal.allCases.map { signal in
            switch signal {
            case .distance:
                guard let reference, !reference.isEmpty, window.count >= 200 else { return 0 }
                return reference.distance(window.mean, count: window.count)
                    / max(1e-5, reference.quantile(0.95))
            case .release: return release
            default: return Self.value(signal, window)
            }
        }
    }

    public subscript(signal: MonitorSignal) -> Double {
        MonitorSignal.allCases.firstIndex(of: signal).map { values[$0] } ?? 0
    }

    private static func value(_ signal: MonitorSignal, _ window: WindowState) -> Double {
        let count = window.count
        func rate(_ trait: RequestTrait) -> Double {
            Rate.lower(window.trait(trait).new, of: count)
        }
        switch signal {
        case .traceSeeking: return rate(.traceStrong)
        case .reasoningSweep:
            return rate(.trace) * min(1, window.trait(.trace).topicsPerRequest)
        case .synthesis: return rate(.synthesis)
        case .sampling: return rate(.samples) * (1 - window.trait(.samples).likeness)
        case .logprobs: return rate(.logprobs) * (1 - window.trait(.logprobs).headShare)
        case .bareSweep:
            let bare = Double(window.trait(.bareLong).count)
            let talk = Double(window.conversational)
            return rate(.bareLong) * (1 - window.trait(.bareLong).likeness)
                * min(1, max(0, window.trait(.bareLong).breadth - 0.6))
                * (bare / max(1, bare + 0.2 * talk))
        case .languages: return rate(.foreign) * max(0, window.languageCount - 1)
        case .sharedPrompts: return Rate.lower(window.shared, of: count)
        case .growth: return window.growth
        case .template: return window.templateShare
        case .settings: return window.settingsShare
        case .distance, .release: return 0
        }
    }
}

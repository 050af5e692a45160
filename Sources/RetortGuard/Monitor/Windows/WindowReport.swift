// SPDX-License-Identifier: Apache-2.0

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

    /// Of several keys together, whose prompts were counted but not compared.
    /// - Parameter tied: Of the keys, those with an address of another. Strangers who measure with one test suite or sell with one
    ///   template share these too, so that what is not rare by itself counts by this share alone.
    init(
        counts all: [SIMD8<Int32>], requests each: [Int], firstTime: Double, lastTime: Double,
        examples lists: [[[String]]], tied: Double
    ) {
        let total = each.reduce(0, +)
        let counts = RequestTrait.allCases.map { trait in
            all.reduce(0) { $0 + Int($1[trait.rawValue]) }
        }
        requests = total
        self.firstTime = firstTime
        self.lastTime = lastTime
        self.counts = counts
        examples = RequestTrait.allCases.map { trait in
            Array(lists.compactMap { $0[trait.rawValue].first }.prefix(TraitState.mostExamples))
        }
        values = MonitorSignal.allCases.map { signal in
            switch signal {
            // These need more than counts.
            case .templateSweep, .languages, .distance, .release, .sharedPrompts, .growth,
                .template, .settings:
                return 0
            case .traceSeeking, .synthesis:
                return signal.trait.map { Rate.lower(counts[$0.rawValue], of: total) } ?? 0
            default:
                return signal.trait.map { Rate.lower(counts[$0.rawValue], of: total) * tied } ?? 0
            }
        }
    }

    public subscript(signal: MonitorSignal) -> Double {
        MonitorSignal.allCases.firstIndex(of: signal).map { values[$0] } ?? 0
    }

    private static func value(_ signal: MonitorSignal, _ window: WindowState) -> Double {
        let count = window.count
        func rate(_ trait: RequestTrait) -> Double {
            Rate.lower(window.trait(trait).new, of: count) * window.trait(trait).once
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
                * min(1, max(0, window.trait(.bareLong).breadth - 1))
                * (bare / max(1, bare + 0.2 * talk))
        case .templateSweep:
            let bare = window.trait(.bareLong)
            return rate(.bareLong) * bare.templateShare * min(1, bare.breadth)
        case .languages: return rate(.foreign) * max(0, window.languageCount - 1)
        case .sharedPrompts: return Rate.lower(window.shared, of: count)
        case .growth: return window.growth
        case .template: return window.templateShare
        case .settings: return window.settingsShare
        case .distance, .release: return 0
        }
    }
}

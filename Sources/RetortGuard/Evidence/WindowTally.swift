// SPDX-License-Identifier: Apache-2.0
//
// A context that comes often would count once for each token that was ever chosen after it, the favourite no more
// than a slip. So each context counts once, with the token that stands out most after it over all its
// occurrences. Which one that is depends on the texts alone: under the null its word is as any other.

import RetortEngine

/// What was chosen after each context.
struct WindowTally {
    private struct Window {
        let context: [Int32]
        var weights: [Int32: Double] = [:]
        var count = 0
    }

    private var windows: [UInt64: Window] = [:]

    mutating func add(
        context: some Collection<Int32>, _ weights: some Sequence<(token: Int32, weight: Double)>
    ) {
        let name = WatermarkFingerprint.of(context)
        var window = windows[name] ?? Window(context: Array(context))
        for (token, weight) in weights { window.weights[token, default: 0] += weight }
        window.count += 1
        windows[name] = window
    }

    /// Each context with the token of the largest weight, where its mean is at least `least`; ordered by context.
    func places(atLeast least: Double) -> [EvidencePlace] {
        windows.values.compactMap { window in
            // Of equal ones the first token.
            let best = window.weights.max { ($0.value, $1.key) < ($1.value, $0.key) }
            guard let best, best.value >= least * Double(window.count) else { return nil }
            return EvidencePlace(context: window.context, token: best.key)
        }.sorted { $0.context.lexicographicallyPrecedes($1.context) }
    }
}

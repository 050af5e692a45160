// SPDX-License-Identifier: Apache-2.0
//
// A context that comes often would count once for each token that was ever chosen after it, the favourite no more
// than a slip. So each context counts once, with the token that stands out most after it over all its
// occurrences; or, where it is known how much each token rose, each of its tokens counts by that. Which ones
// these are depends on the texts and the models alone: under the null their words are as any others.

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

    /// Each context with the token of the largest weight; ordered by context.
    func places() -> [EvidencePlace] {
        windows.values.compactMap { window in
            // Of equal ones the first token.
            window.weights.max { ($0.value, $1.key) < ($1.value, $0.key) }.map {
                EvidencePlace(context: window.context, token: $0.key)
            }
        }.sorted(by: Self.isBefore)
    }

    /// Each context with each of its tokens whose weight is not nothing; ordered.
    func weighted() -> [EvidencePlace] {
        windows.values.flatMap { window in
            window.weights.compactMap { token, weight in
                abs(weight) < Self.leastWeight
                    ? nil
                    : EvidencePlace(context: window.context, token: token, weight: weight)
            }
        }.sorted(by: Self.isBefore)
    }

    /// What rounding leaves.
    private static let leastWeight = 1e-4

    private static func isBefore(_ left: EvidencePlace, _ right: EvidencePlace) -> Bool {
        left.context == right.context
            ? left.token < right.token : left.context.lexicographicallyPrecedes(right.context)
    }
}

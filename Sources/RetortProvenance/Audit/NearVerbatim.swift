// SPDX-License-Identifier: Apache-2.0
//
// The chance of writing a suffix with a few tokens changed has no closed form: the chance of a token
// depends on the changes before it, so that sums over one pass with the true tokens (a Poisson
// binomial) would be wrong. It is estimated from samples, with an exact interval; p_z, which is
// exact, is a lower bound of it.

import Foundation

/// How often a model writes a suffix nearly: (ε, n, p) of Hayes et al. 2024, section 5.
public struct NearVerbatim: Codable, Sendable, Equatable {
    /// What is counted as a change.
    public enum Distance: String, Codable, Sendable, CaseIterable {
        /// Tokens that differ, place by place.
        case hamming
        /// Tokens put in, left out or replaced (Levenshtein).
        case edit
    }

    public let distance: Distance
    /// Changes that are allowed, as a share of the suffix's tokens.
    public let tolerance: Double
    /// Changes that are allowed: tolerance · tokens, rounded down.
    public let mostChanges: Int
    /// Samples within them.
    public let interval: ProportionInterval

    /// The tries after which a near-verbatim suffix was written at least once with the chance `p`;
    /// for the lower and the upper end of the chance, nil for more than an Int holds.
    public func tries(for p: Double) -> (most: Int?, least: Int?) {
        (
            ExtractionChance(logarithm: log(interval.lower)).tries(for: p),
            ExtractionChance(logarithm: log(interval.upper)).tries(for: p)
        )
    }

    /// Counts samples.
    /// - Parameters:
    ///   - suffix: The true tokens.
    ///   - samples: What the model wrote after the prefix, independently; as long as the suffix, or
    ///     shorter if it ended.
    ///   - tolerance: 0 to 1.
    /// - Throws: ``ProvenanceError`` for an empty suffix, no samples or a tolerance out of range.
    public init(
        suffix: [Int32], samples: [[Int32]], tolerance: Double, distance: Distance = .edit,
        confidence: Double = 0.95
    ) throws(ProvenanceError) {
        guard !suffix.isEmpty, tolerance >= 0, tolerance <= 1 else {
            throw ProvenanceError(
                "a suffix of \(suffix.count) tokens and tolerance \(tolerance)",
                expected: "1 token or more, a tolerance of 0 to 1")
        }
        self.distance = distance
        self.tolerance = tolerance
        // 0.1 · 50 is 5 also where the product is a hair below.
        mostChanges = Int(tolerance * Double(suffix.count) + 1e-9)
        var hits = 0
        for sample in samples
        where Self.changes(distance, sample, suffix, atMost: mostChanges) <= mostChanges {
            hits += 1
        }
        interval = try ProportionInterval(hits: hits, of: samples.count, confidence: confidence)
    }

    /// Samples and counts.
    /// - Parameter sample: Draws so many continuations of the prefix, each of so many tokens, under
    ///   the audit's scheme.
    public static func run(
        window: ArraySlice<Int32>, prefix: Int, count: Int, tolerance: Double,
        distance: Distance = .edit,
        sample: (_ prefix: ArraySlice<Int32>, _ tokens: Int, _ count: Int) throws -> [[Int32]]
    ) throws -> NearVerbatim {
        let suffix = Array(window.dropFirst(prefix))
        return try NearVerbatim(
            suffix: suffix, samples: sample(window.prefix(prefix), suffix.count, count),
            tolerance: tolerance, distance: distance)
    }

    /// The changes from one to the other; more than `most` may be any number above it.
    static func changes(_ distance: Distance, _ a: [Int32], _ b: [Int32], atMost most: Int) -> Int {
        switch distance {
        case .hamming: zip(a, b).count { $0 != $1 } + abs(a.count - b.count)
        case .edit: edits(a, b, most)
        }
    }

    /// Levenshtein's distance over the diagonals that can be within `most`.
    private static func edits(_ a: [Int32], _ b: [Int32], _ most: Int) -> Int {
        guard abs(a.count - b.count) <= most else { return most + 1 }
        let tooMany = most + 1
        var row = (0...b.count).map { min($0, tooMany) }
        for i in 0..<a.count {
            let (low, high) = (max(0, i - most), min(b.count, i + most + 1))
            guard low < high else { return tooMany }
            var diagonal = row[low]
            row[low] = low == 0 ? min(i + 1, tooMany) : tooMany
            for j in low..<high {
                let above = row[j + 1]
                row[j + 1] = min(
                    diagonal + (a[i] == b[j] ? 0 : 1),
                    min((j == i + most ? tooMany : above), row[j]) + 1)
                diagonal = above
            }
        }
        return min(row[b.count], tooMany)
    }
}

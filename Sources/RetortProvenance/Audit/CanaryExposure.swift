// SPDX-License-Identifier: Apache-2.0
//
// A canary that was never trained on is as likely as any of the references to be the likeliest: its
// rank is uniform, and rank / (N + 1) an exact p-value. No distribution is assumed.

import Foundation

/// The rank of one canary among sentences that were never used.
public struct CanaryExposure: Codable, Sendable, Equatable {
    /// 1 if it is likelier than every reference; ties count against it.
    public let rank: Int
    public let references: Int

    /// log2(N + 1) − log2(rank) bits: 0 for the last, log2(N + 1) for the first. A canary that was
    /// not seen has more than x bits with a chance of at most 2^−x.
    public var exposure: Double { log2(Double(references + 1)) - log2(Double(rank)) }

    /// How likely so good a rank is for a canary that was not seen: rank / (N + 1), exact.
    public var pValue: Double { Double(rank) / Double(references + 1) }

    /// - Parameters:
    ///   - canary: Its log-probability, or any score that is higher for what was seen.
    ///   - references: Those of the references.
    /// - Throws: ``ProvenanceError`` for no references or scores that are not numbers.
    public init(canary: Double, references: [Double]) throws(ProvenanceError) {
        try Self.check([canary], references)
        rank = 1 + references.count { $0 >= canary }
        self.references = references.count
    }

    private static func check(_ canaries: [Double], _ references: [Double])
        throws(ProvenanceError)
    {
        guard !canaries.isEmpty, !references.isEmpty,
            !canaries.contains(where: \.isNaN), !references.contains(where: \.isNaN)
        else {
            throw ProvenanceError(
                "scores of \(canaries.count) canaries and \(references.count) references, "
                    + "or some that are not numbers",
                expected: "numbers, one or more of each")
        }
    }

    /// Several canaries that are compared with the same references: the exact test of Mann and
    /// Whitney (1947) of whether they are likelier.
    /// - Returns: The chance, were none of them seen, of as few pairs in which a reference is as
    ///   likely as a canary or likelier.
    /// - Throws: ``ProvenanceError`` as the initialiser.
    /// - Complexity: O(canaries² · references); memory for as many numbers as the pairs found, at most half of
    ///   canaries · references.
    public static func combined(canaries: [Double], references: [Double]) throws(ProvenanceError)
        -> Double
    {
        try check(canaries, references)
        let sorted = references.sorted()
        // Of each canary, the references below; the rest counts against it.
        let pairs = canaries.reduce(0) { sum, canary in
            var (low, high) = (0, sorted.count)
            while low < high {
                let middle = (low + high) / 2
                if sorted[middle] < canary { low = middle + 1 } else { high = middle }
            }
            return sum + sorted.count - low
        }
        return mannWhitney(pairs, canaries.count, references.count)
    }

    /// How likely `most` inversions or fewer are of m and n values in random order: the coefficients
    /// of the Gaussian binomial, one factor (1 − q^(n+i)) / (1 − q^i) at a time.
    private static func mannWhitney(_ most: Int, _ m: Int, _ n: Int) -> Double {
        let all = m * n
        if most >= all { return 1 }
        // The counts are symmetric; the left half has no cancellation that matters.
        if most > all / 2 { return max(0, 1 - mannWhitney(all - most - 1, m, n)) }
        var counts = [Double](repeating: 0, count: most + 1)
        counts[0] = 1
        for i in 1...m {
            for place in stride(from: most, through: n + i, by: -1) {
                counts[place] -= counts[place - n - i]
            }
            for place in stride(from: i, through: most, by: 1) {
                counts[place] += counts[place - i]
            }
            // Kept to sizes that a Double holds: divided by the growth of all of them.
            let growth = Double(n + i) / Double(i)
            for place in counts.indices { counts[place] /= growth }
        }
        return min(1, counts.reduce(0, +))
    }

    /// Canaries that are compared with references of their own, none of them shared: the exact
    /// distribution of the sum of their ranks.
    /// - Throws: ``ProvenanceError`` for no canaries.
    /// - Complexity: O(canaries · sum of references).
    public static func combined(_ exposures: [CanaryExposure]) throws(ProvenanceError) -> Double {
        guard !exposures.isEmpty else {
            throw ProvenanceError("there are no canaries", expected: "one or more")
        }
        let goal = exposures.reduce(0) { $0 + $1.rank - 1 }
        // How likely each sum of ranks, counted from 0, is; sums above the goal are not needed.
        var chances = [1.0]
        for exposure in exposures {
            let width = exposure.references + 1
            let count = min(goal + 1, chances.count + width - 1)
            var next = [Double](repeating: 0, count: count)
            var window = 0.0
            for sum in 0..<count {
                if sum < chances.count { window += chances[sum] }
                if sum >= width { window -= chances[sum - width] }
                next[sum] = max(0, window) / Double(width)
            }
            chances = next
        }
        return min(1, chances.reduce(0, +))
    }
}

/// Exposure by how often a canary was planted.
public struct CanaryReport: Codable, Sendable, Equatable {
    /// The canaries that were planted equally often.
    public struct Point: Codable, Sendable, Equatable {
        public var repetitions: Int
        public var canaries: [CanaryExposure]
        /// Bits.
        public var meanExposure: Double
        /// Of all of them together, exact (``CanaryExposure/combined(canaries:references:)``).
        public var pValue: Double
    }

    /// The most that can be shown: log2(references + 1) bits.
    public var mostExposure: Double
    public var references: Int
    /// By repetitions, the fewest first. Those of 0 are controls.
    public var curve: [Point]

    /// - Parameters:
    ///   - repetitions: Of each canary.
    ///   - canaries: Scores, higher for what was seen.
    ///   - references: Scores.
    /// - Throws: ``ProvenanceError`` for counts that differ and scores that are not numbers.
    public init(repetitions: [Int], canaries: [Double], references: [Double])
        throws(ProvenanceError)
    {
        guard repetitions.count == canaries.count else {
            throw ProvenanceError(
                "\(canaries.count) scores of \(repetitions.count) canaries", expected: "one of each"
            )
        }
        self.references = references.count
        mostExposure = log2(Double(references.count + 1))
        curve = []
        for count in Set(repetitions).sorted() {
            let scores = zip(repetitions, canaries).filter { $0.0 == count }.map(\.1)
            var exposures: [CanaryExposure] = []
            for score in scores {
                exposures.append(try CanaryExposure(canary: score, references: references))
            }
            curve.append(
                Point(
                    repetitions: count, canaries: exposures,
                    meanExposure: exposures.map(\.exposure).reduce(0, +) / Double(exposures.count),
                    pValue: try CanaryExposure.combined(canaries: scores, references: references)))
        }
    }
}

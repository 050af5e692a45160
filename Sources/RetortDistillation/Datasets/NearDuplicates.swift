// SPDX-License-Identifier: Apache-2.0
//
// MinHash finds who may be alike (Broder 1997), the exact Jaccard index of the word shingles decides.
// 32 bands of 4 hashes miss a pair of similarity 0.8 once in 20 million, one of 0.6 once in 80.

import RetortTensor

/// Finds earlier texts that a text nearly repeats.
package struct NearDuplicates {
    private static let bands = 32
    private static let rowsPerBand = 4

    let shingleLength: Int
    private var buckets: [UInt64: [Int]] = [:]

    package init(shingleLength: Int) { self.shingleLength = shingleLength }

    /// The different runs of words of a text.
    package func shingles(_ text: String) -> Set<UInt64> {
        Set(Words.grams(Words.of(text), shingleLength))
    }

    /// Shared shingles over all shingles.
    package static func similarity(_ a: Set<UInt64>, _ b: Set<UInt64>) -> Double {
        let shared = a.intersection(b).count
        let all = a.count + b.count - shared
        return all == 0 ? 0 : Double(shared) / Double(all)
    }

    /// A hash of each band.
    package func signature(_ shingles: Set<UInt64>) -> [UInt64] {
        guard !shingles.isEmpty else { return [] }
        return (0..<Self.bands).map { band in
            var hash = UInt64(band)
            for row in 0..<Self.rowsPerBand {
                let seed = SplitMix64.mix(UInt64(band * Self.rowsPerBand + row + 1))
                let least = shingles.reduce(UInt64.max) { min($0, SplitMix64.mix($1 ^ seed)) }
                hash = SplitMix64.mix(hash &* 31 &+ least)
            }
            return hash
        }
    }

    /// The numbers of earlier texts that may be alike, in order.
    package func candidates(_ signature: [UInt64]) -> [Int] {
        Set(signature.flatMap { buckets[$0] ?? [] }).sorted()
    }

    package mutating func insert(_ signature: [UInt64], number: Int) {
        for hash in signature { buckets[hash, default: []].append(number) }
    }
}

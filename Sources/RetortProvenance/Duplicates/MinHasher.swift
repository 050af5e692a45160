// SPDX-License-Identifier: Apache-2.0
//
// MinHash (Broder 1997): the share of permutations under which two sets have the same least element
// is their Jaccard index. The permutations are a·h + b mod 2^32 with an odd a, which are bijections
// and one vector multiplication each; h are scattered bits of the shingle's 64-bit hash.

/// Signatures of sets, and the keys of their bands.
///
/// Two sets of Jaccard index s share a band of r rows with the chance s^r and one of b bands at
/// least with the chance 1 − (1 − s^r)^b (Leskovec et al., Mining of Massive Datasets, 3.4).
public struct MinHasher: Sendable {
    private typealias Lanes = SIMD16<UInt32>

    public let bands: Int
    public let rows: Int
    /// Of permutations, padded to whole vectors.
    private let factors: [Lanes]
    private let terms: [Lanes]

    /// - Parameters:
    ///   - bands: 1 to 4,096.
    ///   - rows: Permutations of a band, 1 to 256.
    ///   - seed: Of the permutations.
    /// - Throws: ``ProvenanceError`` for numbers out of range.
    public init(bands: Int, rows: Int, seed: UInt64 = 1) throws(ProvenanceError) {
        guard (1...4096).contains(bands), (1...256).contains(rows) else {
            throw ProvenanceError(
                "\(bands) bands of \(rows) rows", expected: "1 to 4096 bands of 1 to 256 rows")
        }
        self.bands = bands
        self.rows = rows
        let vectors = (bands * rows + Lanes.scalarCount - 1) / Lanes.scalarCount
        var random = SplitMix(seed: seed)
        var factors: [Lanes] = []
        var terms: [Lanes] = []
        for _ in 0..<vectors {
            var (factor, term) = (Lanes(), Lanes())
            for lane in 0..<Lanes.scalarCount {
                let bits = random.next()
                factor[lane] = UInt32(truncatingIfNeeded: bits) | 1
                term[lane] = UInt32(truncatingIfNeeded: bits >> 32)
            }
            factors.append(factor)
            terms.append(term)
        }
        self.factors = factors
        self.terms = terms
    }

    public var permutations: Int { bands * rows }

    /// How likely two sets of that Jaccard index share a band.
    public func chanceOfCandidate(similarity: Double) -> Double {
        func power(_ base: Double, _ exponent: Int) -> Double {
            (0..<exponent).reduce(1) { product, _ in product * base }
        }
        return 1 - power(1 - power(similarity, rows), bands)
    }

    /// The least value of each permutation, `[bands × rows]`.
    /// - Parameter hashes: The set's elements as scattered 64-bit hashes; repeats do not matter.
    /// - Complexity: O(hashes × permutations), 16 at a time.
    public func signature(_ hashes: [UInt64]) -> [UInt32] {
        var signature: [UInt32] = []
        var scratch: [UInt32] = []
        self.signature(hashes, &scratch, into: &signature)
        return signature
    }

    /// Without memory of its own once the arrays are large enough.
    func signature(_ hashes: [UInt64], _ scratch: inout [UInt32], into signature: inout [UInt32]) {
        scratch.removeAll(keepingCapacity: true)
        scratch.reserveCapacity(hashes.count)
        for hash in hashes { scratch.append(UInt32(truncatingIfNeeded: hash)) }
        signature.removeAll(keepingCapacity: true)
        signature.reserveCapacity(factors.count * Lanes.scalarCount)
        scratch.withUnsafeBufferPointer { hashes in
            for vector in factors.indices {
                let (factor, term) = (factors[vector], terms[vector])
                var least = Lanes(repeating: .max)
                for hash in hashes { least = pointwiseMin(least, factor &* hash &+ term) }
                for lane in 0..<Lanes.scalarCount { signature.append(least[lane]) }
            }
        }
        signature.removeSubrange(permutations...)
    }

    /// A key of each band; sets with a key in common are candidates.
    func appendKeys(_ signature: [UInt32], to keys: inout [UInt64]) {
        for band in 0..<bands {
            var key = UInt64(band)
            for row in band * rows..<(band + 1) * rows {
                key = NormalizedWords.scattered(key ^ UInt64(signature[row])) &+ UInt64(band)
            }
            keys.append(key)
        }
    }

    /// The keys of a set's bands, `[bands]`.
    public func keys(_ hashes: [UInt64]) -> [UInt64] {
        var keys: [UInt64] = []
        appendKeys(signature(hashes), to: &keys)
        return keys
    }
}

// SPDX-License-Identifier: Apache-2.0

/// How near-duplicates are looked for.
///
/// The default is datatrove's: 14 bands of 8 rows over runs of 5 words, which find a pair of Jaccard
/// index 0.8 with the chance 0.92 and one of 0.7 with 0.56 (``MinHasher/chanceOfCandidate(similarity:)``).
public struct DuplicateSettings: Codable, Sendable, Equatable {
    /// Which document of a cluster stays, of those with the least rank.
    public enum Keep: String, Codable, Sendable, CaseIterable {
        /// The one that was read first.
        case first
        /// The one with the most bytes; of several, the first.
        case longest
    }

    public var bands = 14
    public var rows = 8
    /// Words of a shingle.
    public var shingleWords = 5
    /// The least Jaccard index of the sets of shingles of two near-duplicates.
    public var similarity = 0.8
    public var keep = Keep.first
    /// Of the permutations.
    public var seed: UInt64 = 1
    /// What sorting and comparing may hold, and the index of exact parts, beside 4 bytes a document, some 10
    /// for each byte of the longest document, and 200 for each file.
    public var memoryBytes = 1 << 30
    /// In a bucket, a document is compared with so many before it. Only buckets larger than that
    /// lose pairs; the report counts them.
    public var bucketNeighbours = 64
    /// Pairs that the report names; it counts all.
    public var reportedPairs = 100_000

    public init() {}

    func validate() throws(ProvenanceError) {
        func check(_ isRight: Bool, _ found: String, _ expected: String) throws(ProvenanceError) {
            guard isRight else { throw ProvenanceError(found, expected: expected) }
        }
        try check(
            (1...64).contains(shingleWords), "shingles of \(shingleWords) words", "1 to 64 words")
        try check(similarity > 0 && similarity <= 1, "similarity \(similarity)", "above 0, up to 1")
        try check(
            memoryBytes >= 1 << 20, "\(memoryBytes) bytes of memory", "\(1 << 20) bytes or more")
        try check(bucketNeighbours >= 1, "\(bucketNeighbours) neighbours", "1 or more")
        try check(reportedPairs >= 0, "\(reportedPairs) reported pairs", "0 or more")
    }
}

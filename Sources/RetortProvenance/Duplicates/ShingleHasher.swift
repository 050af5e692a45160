// SPDX-License-Identifier: Apache-2.0
//
// Runs of k words as hashes. A polynomial over 2^64 rolls from one run to the next in two
// multiplications, whatever k is (Karp and Rabin 1987); the words are hashes with scattered bits.

/// Hashes of each run of so many words.
struct ShingleHasher: Sendable {
    private static let base: UInt64 = 0x9E37_79B9_7F4A_7C15

    let length: Int
    /// base to the length: what the word that leaves is worth.
    private let leaving: UInt64

    /// - Parameter length: 1 or more words.
    init(length: Int) {
        self.length = length
        leaving = (0..<length).reduce(1) { power, _ in power &* Self.base }
    }

    /// Calls with the hash of the run that begins at each word in turn; none for fewer words.
    @inline(__always)
    func forEach(_ words: UnsafeBufferPointer<UInt64>, _ body: (UInt64) -> Void) {
        guard words.count >= length else { return }
        var sum: UInt64 = 0
        for place in 0..<length { sum = sum &* Self.base &+ words[place] }
        body(NormalizedWords.scattered(sum ^ UInt64(length)))
        for place in length..<max(length, words.count) {
            sum = sum &* Self.base &+ words[place] &- leaving &* words[place - length]
            body(NormalizedWords.scattered(sum ^ UInt64(length)))
        }
    }

    /// The hashes, repeated ones too; of fewer words than a run, the one of all of them.
    func hashes(_ words: [UInt64]) -> [UInt64] {
        var hashes: [UInt64] = []
        append(words, to: &hashes)
        return hashes
    }

    func append(_ words: [UInt64], to hashes: inout [UInt64]) {
        guard !words.isEmpty else { return }
        guard words.count >= length else {
            return ShingleHasher(length: words.count).append(words, to: &hashes)
        }
        hashes.reserveCapacity(hashes.count + words.count - length + 1)
        words.withUnsafeBufferPointer { words in forEach(words) { hashes.append($0) } }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// The tokens of a model as byte strings, sorted into a trie. Making one takes a fraction of a
/// second for 150,000 tokens; keep it for as long as the model.
public final class TokenVocabulary: Sendable {
    /// Tokens, including those without bytes.
    public let count: Int
    /// Tokens that end a text. They are legal where the text is complete.
    public let endOfSequence: [Int]
    /// UInt32 words of a bit mask: bit `t % 32` of word `t / 32` stands for token t.
    public var maskWordCount: Int { (count + 31) / 32 }

    /// Longer tokens are never legal.
    static let longestToken = 1024

    let bytes: [UInt8]
    let offsets: [Int]
    let trie: TokenTrie
    /// Bytes that are a token of their own.
    let singleBytes: [Bool]

    /// - Parameters:
    ///   - bytes: every token's bytes, one after the other. Special and control tokens have none.
    ///   - offsets: token t is `bytes[offsets[t]..<offsets[t + 1]]`; one more than there are tokens.
    ///   - endOfSequence: tokens that end a text.
    public init(bytes: [UInt8], offsets: [Int], endOfSequence: [Int]) throws(GrammarError) {
        guard let last = offsets.last, offsets.first == 0, last <= bytes.count,
            offsets.count <= 1 << 24, zip(offsets, offsets.dropFirst()).allSatisfy({ $0 <= $1 })
        else {
            throw GrammarError(
                .invalid, "vocabulary: expected offsets that start at 0 and rise within the bytes")
        }
        let count = offsets.count - 1
        guard endOfSequence.allSatisfy({ $0 >= 0 && $0 < count }) else {
            throw GrammarError(.invalid, "vocabulary: an end of sequence that is no token")
        }
        self.count = count
        self.endOfSequence = endOfSequence
        self.bytes = bytes
        self.offsets = offsets
        let ending = Set(endOfSequence)
        var single = [Bool](repeating: false, count: 256)
        var tokens: [Int32] = []
        for token in 0..<count where !ending.contains(token) {
            let length = offsets[token + 1] - offsets[token]
            guard length > 0, length <= Self.longestToken else { continue }
            tokens.append(Int32(token))
            if length == 1 { single[Int(bytes[offsets[token]])] = true }
        }
        singleBytes = single
        trie = TokenTrie(tokens, bytes: bytes, offsets: offsets)
    }

    /// From tokens as separate byte strings.
    public convenience init(tokens: [[UInt8]], endOfSequence: [Int]) throws(GrammarError) {
        var offsets = [0]
        offsets.reserveCapacity(tokens.count + 1)
        for token in tokens { offsets.append(offsets[offsets.count - 1] + token.count) }
        try self.init(
            bytes: Array(tokens.joined()), offsets: offsets, endOfSequence: endOfSequence)
    }
}

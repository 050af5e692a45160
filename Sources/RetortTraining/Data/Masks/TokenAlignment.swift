// SPDX-License-Identifier: Apache-2.0
//
// A text is tokenised once as a whole, and spans of it are found again by the tokens' bytes:
// tokenising pieces would give other tokens at their ends.

import RetortTokenizers

/// Where in a text each of its tokens stands, in UTF-8 bytes.
struct TokenAlignment {
    let ranges: [Range<Int>]

    /// Follows the text token by token. Nil if the tokens do not spell it: the tokenizer rewrote
    /// more than white space.
    init?(_ tokens: [Int32], of text: String, _ tokenizer: Tokenizer) {
        var text = text
        let ranges = text.withUTF8 { Self.ranges(tokens, $0, tokenizer) }
        guard let ranges else { return nil }
        self.ranges = ranges
    }

    private static func ranges(
        _ tokens: [Int32], _ text: UnsafeBufferPointer<UInt8>, _ tokenizer: Tokenizer
    ) -> [Range<Int>]? {
        var ranges: [Range<Int>] = []
        ranges.reserveCapacity(tokens.count)
        var place = 0
        func stands(_ bytes: ArraySlice<UInt8>, at start: Int) -> Bool {
            guard start + bytes.count <= text.count else { return false }
            var i = start
            for byte in bytes {
                guard text[i] == byte else { return false }
                i += 1
            }
            return true
        }
        for token in tokens {
            var bytes = tokenizer.bytes(of: token)
            if !stands(bytes, at: place) {
                // SentencePiece puts a space before a text and behind a control token.
                if bytes.first == 0x20, stands(bytes.dropFirst(), at: place) {
                    bytes = bytes.dropFirst()
                } else {
                    // Some added tokens take the white space around them along.
                    var start = place
                    while start < text.count, !stands(bytes, at: start), isSpace(text[start]) {
                        start += 1
                    }
                    guard start > place, stands(bytes, at: start) else { return nil }
                    place = start
                }
            }
            ranges.append(place..<place + bytes.count)
            place += bytes.count
        }
        while place < text.count, isSpace(text[place]) { place += 1 }
        return place == text.count ? ranges : nil
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }

    /// Whether each token starts in one of the spans.
    func starting(in spans: [Range<Int>]) -> [Bool] {
        ranges.map { range in spans.contains { $0.contains(range.lowerBound) } }
    }

    /// Whether each token has a byte in one of the spans.
    func overlapping(_ spans: [Range<Int>]) -> [Bool] {
        ranges.map { range in spans.contains { $0.overlaps(range) } }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Tokens end in the middle of characters. Text is held back until the character is whole, so that
// the parts put together are the text that ``Tokenizer/decode(_:skipSpecialTokens:)`` gives.

/// Turns tokens into text as they come.
public struct StreamingDetokenizer: Sendable {
    private let tokenizer: Tokenizer
    private let skipsSpecial: Bool
    private var state: DecodingState
    /// The start of a character that is not whole, at most three bytes.
    private var pending: [UInt8] = []

    /// - Parameters:
    ///   - tokenizer: The vocabulary of the tokens.
    ///   - skipSpecialTokens: Whether special tokens give no text.
    public init(_ tokenizer: Tokenizer, skipSpecialTokens: Bool = true) {
        self.tokenizer = tokenizer
        skipsSpecial = skipSpecialTokens
        state = DecodingState(tokenizer)
    }

    /// The text that the token completes: whole characters, possibly none. Bytes that cannot
    /// become a character are U+FFFD.
    public mutating func append(_ id: Int32) -> String {
        if skipsSpecial, tokenizer.isSpecial(id) { return "" }
        pending.append(contentsOf: state.bytes(of: id, tokenizer))
        let whole = pending.count - unfinished
        guard whole > 0 else { return "" }
        let text = String(decoding: pending[..<whole], as: UTF8.self)
        pending.removeFirst(whole)
        return text
    }

    /// What is left at the end: U+FFFD if a character never became whole.
    public mutating func finish() -> String {
        defer { pending = [] }
        return String(decoding: pending, as: UTF8.self)
    }

    /// How many bytes at the end are the start of a character that more bytes could complete.
    private var unfinished: Int {
        for length in 1...3 where length <= pending.count {
            let i = pending.count - length
            let byte = pending[i]
            if byte & 0xC0 == 0x80 { continue }
            let second = length > 1 ? pending[i + 1] : nil
            let needed: Int
            switch byte {
            case 0xC2...0xDF: needed = 2
            case 0xE0: needed = (second ?? 0xA0) >= 0xA0 ? 3 : 0
            case 0xED: needed = (second ?? 0x80) < 0xA0 ? 3 : 0
            case 0xE1...0xEF: needed = 3
            case 0xF0: needed = (second ?? 0x90) >= 0x90 ? 4 : 0
            case 0xF4: needed = (second ?? 0x80) < 0x90 ? 4 : 0
            case 0xF1...0xF3: needed = 4
            default: needed = 0
            }
            return needed > length ? length : 0
        }
        return 0
    }
}

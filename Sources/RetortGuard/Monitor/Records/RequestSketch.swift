// SPDX-License-Identifier: Apache-2.0
//
// What a log keeps of a prompt instead of its text: 117 bytes, whatever the prompt's length. All hashes are keyed by the
// installation's secret, so that words cannot be looked up by who has the log alone.

import Foundation

/// A constant-size summary of a request's text.
public struct RequestSketch: Sendable, Equatable {
    /// What was noticed of the text.
    public struct Flags: OptionSet, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Source code.
        public static let code = Flags(rawValue: 1)
        /// A document or other material that the question is about.
        public static let material = Flags(rawValue: 2)
        /// A system message.
        public static let system = Flags(rawValue: 4)
        /// Lower case where a writer who takes care would not, or slips of the keyboard.
        public static let informal = Flags(rawValue: 8)
        /// Asks for a translation.
        public static let translation = Flags(rawValue: 16)
    }

    /// How plainly the model's hidden reasoning is asked for: 0 not, 1 and 2 as many do, from 3 on as few do.
    public var trace: UInt8 = 0
    /// How plainly new instructions, tasks or prompts are asked for: from 4 on as few do.
    public var synthesis: UInt8 = 0
    /// Of ``Lexicon/languages``; a guess.
    public var language: UInt8 = 0
    public var flags: Flags = []
    /// Messages of the user.
    public var turns: UInt8 = 1
    /// Of the last message of the user, at most 65,535.
    public var words: UInt16 = 0
    /// Of the last message of the user, exactly.
    public var prompt: UInt64 = 0
    /// Of its first four words and of its last four.
    public var head: UInt32 = 0
    public var tail: UInt32 = 0
    /// Of the system message; 0 without one.
    public var system: UInt32 = 0
    /// Four words by which the topic is known: buckets for the growth of what a key has covered.
    public var topics = SIMD4<UInt16>()
    /// MinHash (Broder 1997) of the three-word shingles of the beginning and the end, where a template shows.
    public var shingles = SIMD8<UInt16>()
    /// Words, pairs of them and their three-byte parts, hashed with signs into 64 places (Weinberger et al. 2009), of length 127.
    public var vector = SIMD64<Int8>()

    public init() {}

    /// Bytes of ``bytes``.
    static let byteCount = 117
    private static let version: UInt8 = 1

    /// The sketch in a log: base64 of 117 bytes, integers little-endian in the order of the properties above.
    public var text: String { Data(bytes).base64EncodedString() }

    private var bytes: [UInt8] {
        var bytes: [UInt8] = [Self.version, trace, synthesis, language, flags.rawValue, turns]
        bytes.reserveCapacity(Self.byteCount)
        func append(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
        }
        append(words)
        append(prompt)
        append(head)
        append(tail)
        append(system)
        for index in 0..<4 { append(topics[index]) }
        for index in 0..<8 { append(shingles[index]) }
        for index in 0..<64 { append(vector[index]) }
        append(UInt8(0))
        return bytes
    }

    /// Reads ``text``; nil if it is none, or of another version.
    public init?(text: String) {
        var text = text
        var bytes = InlineBytes()
        guard text.withUTF8({ bytes.decode($0) }), bytes[0] == Self.version else { return nil }
        trace = bytes[1]
        synthesis = bytes[2]
        language = bytes[3]
        flags = Flags(rawValue: bytes[4])
        turns = bytes[5]
        words = bytes.load(6)
        prompt = bytes.load(8)
        head = bytes.load(16)
        tail = bytes.load(20)
        system = bytes.load(24)
        for index in 0..<4 { topics[index] = bytes.load(28 + 2 * index) }
        for index in 0..<8 { shingles[index] = bytes.load(36 + 2 * index) }
        for index in 0..<64 { vector[index] = Int8(bitPattern: bytes[52 + index]) }
    }
}

/// The bytes of a sketch while it is read, without an allocation.
private struct InlineBytes {
    private var low = SIMD64<UInt8>()
    private var high = SIMD64<UInt8>()

    subscript(index: Int) -> UInt8 { index < 64 ? low[index] : high[index - 64] }

    func load<T: FixedWidthInteger>(_ offset: Int) -> T {
        var value = T.zero
        for index in (0..<MemoryLayout<T>.size).reversed() {
            value = value << 8 | T(truncatingIfNeeded: self[offset + index])
        }
        return value
    }

    /// Base64 of exactly a sketch's bytes.
    mutating func decode(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard text.count == RequestSketch.byteCount / 3 * 4 else { return false }
        var invalid: UInt8 = 0
        var place = 0
        for start in stride(from: 0, to: text.count, by: 4) {
            var word: UInt32 = 0
            for index in start..<start + 4 {
                let digit = Self.digit(text[index])
                invalid |= digit & 0x80
                word = word << 6 | UInt32(digit & 0x3F)
            }
            set(place, UInt8(truncatingIfNeeded: word >> 16))
            set(place + 1, UInt8(truncatingIfNeeded: word >> 8))
            set(place + 2, UInt8(truncatingIfNeeded: word))
            place += 3
        }
        return invalid == 0
    }

    private mutating func set(_ index: Int, _ byte: UInt8) {
        if index < 64 { low[index] = byte } else { high[index - 64] = byte }
    }

    private static func digit(_ byte: UInt8) -> UInt8 {
        switch byte {
        case 0x41...0x5A: return byte - 0x41
        case 0x61...0x7A: return byte - 0x61 + 26
        case 0x30...0x39: return byte - 0x30 + 52
        case 0x2B: return 62
        case 0x2F: return 63
        default: return 0xFF
        }
    }
}

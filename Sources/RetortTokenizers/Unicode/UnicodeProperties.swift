// SPDX-License-Identifier: Apache-2.0
//
// The Unicode properties that token boundaries depend on, one byte per scalar. They come from
// ``UnicodeData``, not from the platform, whose Unicode version changes with the system.

/// What the scanners ask about a scalar.
enum ScalarFlags {
    static let letter: UInt8 = 1
    static let mark: UInt8 = 2
    static let number: UInt8 = 4
    static let punctuation: UInt8 = 8
    static let symbol: UInt8 = 16
    static let whitespace: UInt8 = 32
    /// In the alphabet that DeepSeek LLM's pre-tokenizer lists.
    static let deepSeekLetter: UInt8 = 64
    /// Canonical normalisation may change a text that holds it.
    static let normalization: UInt8 = 128
}

/// Properties by scalar value, unpacked at first use.
final class UnicodeProperties: @unchecked Sendable {
    // Safety: read-only after init.
    static let shared = UnicodeProperties()

    /// ``ScalarFlags`` by scalar value.
    let flags: UnsafePointer<UInt8>
    /// Runs of one general category: where each starts, and an index into ``categoryNames``.
    let categoryRuns: [(start: UInt32, category: UInt8)]
    static let categoryNames = UnicodeData.categoryNames.split(separator: " ").map(String.init)

    private init() {
        let table = UnsafeMutablePointer<UInt8>.allocate(capacity: 0x110000)
        table.initialize(repeating: 0, count: 0x110000)
        var runs: [(start: UInt32, category: UInt8)] = []
        var position = 0
        for word in UnicodeText(UnicodeData.categories) {
            let letter = word.first ?? 0
            let category = letter >= 0x61 ? letter - 0x61 + 26 : letter &- 0x41
            let count = word.count > 1 ? UnicodeText.decimal(word.dropFirst()) : 1
            runs.append((UInt32(position), category))
            let flag: UInt8
            switch category {
            case 0...4: flag = ScalarFlags.letter
            case 5...7: flag = ScalarFlags.mark
            case 8...10: flag = ScalarFlags.number
            case 11...17: flag = ScalarFlags.punctuation
            case 18...21: flag = ScalarFlags.symbol
            default: flag = 0
            }
            let end = min(position + count, 0x110000)
            if flag != 0 { for scalar in position..<end { table[scalar] = flag } }
            position = end
        }
        func mark(_ range: ClosedRange<UInt32>, _ flag: UInt8) {
            for scalar in range where scalar < 0x110000 { table[Int(scalar)] |= flag }
        }
        for word in UnicodeText(UnicodeData.whitespace) {
            mark(UnicodeText.range(word), ScalarFlags.whitespace)
        }
        for range in PreTokenizerPatterns.deepSeekLetters {
            mark(range, ScalarFlags.deepSeekLetter)
        }
        // Whatever is not a starter, decomposes for good, or may be the second of a composition.
        for word in UnicodeText(UnicodeData.combiningClasses) where word.last != 0x3D {
            mark(UnicodeText.range(word), ScalarFlags.normalization)
        }
        var composed: Set<UInt32> = []
        for word in UnicodeText(UnicodeData.compositions) {
            let parts = UnicodeText.numbers(word)
            guard parts.count == 3 else { continue }
            mark(parts[1]...parts[1], ScalarFlags.normalization)
            composed.insert(parts[2])
        }
        for word in UnicodeText(UnicodeData.decompositions) {
            let parts = UnicodeText.numbers(word)
            if let scalar = parts.first, !composed.contains(scalar) {
                mark(scalar...scalar, ScalarFlags.normalization)
            }
        }
        mark(0x1161...0x1175, ScalarFlags.normalization)
        mark(0x11A8...0x11C2, ScalarFlags.normalization)
        flags = UnsafePointer(table)
        categoryRuns = runs
    }

    deinit { flags.deallocate() }
}

/// The words of a generated text, and the numbers in them.
struct UnicodeText: Sequence, IteratorProtocol {
    typealias Word = UnsafeBufferPointer<UInt8>.SubSequence
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    init(_ text: StaticString) {
        bytes = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    mutating func next() -> Word? {
        while position < bytes.count, bytes[position] == 0x20 { position += 1 }
        guard position < bytes.count else { return nil }
        let start = position
        while position < bytes.count, bytes[position] != 0x20 { position += 1 }
        return bytes[start..<position]
    }

    static func decimal(_ word: Word) -> Int {
        word.reduce(0) { $0 * 10 + Int($1 &- 0x30) }
    }

    /// The hexadecimal numbers of a word, whatever stands between them.
    static func numbers(_ word: Word) -> [UInt32] {
        var result: [UInt32] = []
        var inNumber = false
        for byte in word {
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x41...0x46: digit = byte - 0x41 + 10
            default:
                inNumber = false
                continue
            }
            if inNumber {
                result[result.count - 1] = result[result.count - 1] << 4 | UInt32(digit)
            } else {
                result.append(UInt32(digit))
                inNumber = true
            }
        }
        return result
    }

    /// `A` or `A-B`.
    static func range(_ word: Word) -> ClosedRange<UInt32> {
        let ends = numbers(word)
        guard let first = ends.first, let last = ends.last, first <= last else { return 0...0 }
        return first...last
    }
}

/// Decodes the scalar at `bytes[i]`; the text is valid UTF-8.
@inline(__always)
func decodeScalar(_ bytes: UnsafePointer<UInt8>, _ i: Int) -> (scalar: UInt32, length: Int) {
    let first = UInt32(bytes[i])
    if first < 0x80 { return (first, 1) }
    if first < 0xE0 { return ((first & 0x1F) << 6 | UInt32(bytes[i + 1] & 0x3F), 2) }
    if first < 0xF0 {
        return (
            (first & 0x0F) << 12 | UInt32(bytes[i + 1] & 0x3F) << 6 | UInt32(bytes[i + 2] & 0x3F), 3
        )
    }
    return (
        (first & 0x07) << 18 | UInt32(bytes[i + 1] & 0x3F) << 12
            | UInt32(bytes[i + 2] & 0x3F) << 6 | UInt32(bytes[i + 3] & 0x3F), 4
    )
}

/// Appends a scalar as UTF-8.
func appendScalar(_ scalar: UInt32, to bytes: inout [UInt8]) {
    switch scalar {
    case ..<0x80: bytes.append(UInt8(truncatingIfNeeded: scalar))
    case ..<0x800:
        bytes.append(UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6))
        bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
    case ..<0x10000:
        bytes.append(UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12))
        bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
        bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
    default:
        bytes.append(UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18))
        bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 12 & 0x3F))
        bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
        bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
    }
}

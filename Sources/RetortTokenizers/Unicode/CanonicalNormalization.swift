// SPDX-License-Identifier: Apache-2.0
//
// NFC and NFD (Unicode Standard Annex 15) over UTF-8, with the normalisation data of the tokenizers
// library, whose Unicode version is older than that of its regular expressions.

/// Canonical decomposition and composition.
final class CanonicalNormalization: Sendable {
    static let shared = CanonicalNormalization()

    private let decompositions: [UInt32: [UInt32]]
    private let compositions: [UInt64: UInt32]
    private let classes: [UInt32: UInt8]

    private init() {
        var decompositions: [UInt32: [UInt32]] = [:]
        for word in UnicodeText(UnicodeData.decompositions) {
            let parts = UnicodeText.numbers(word)
            if let scalar = parts.first { decompositions[scalar] = Array(parts.dropFirst()) }
        }
        var compositions: [UInt64: UInt32] = [:]
        for word in UnicodeText(UnicodeData.compositions) {
            let parts = UnicodeText.numbers(word)
            if parts.count == 3 { compositions[Self.key(parts[0], parts[1])] = parts[2] }
        }
        var classes: [UInt32: UInt8] = [:]
        var current: UInt8 = 0
        for word in UnicodeText(UnicodeData.combiningClasses) {
            if word.last == 0x3D {
                current = UInt8(clamping: UnicodeText.decimal(word.dropLast()))
            } else {
                for scalar in UnicodeText.range(word) { classes[scalar] = current }
            }
        }
        self.decompositions = decompositions
        self.compositions = compositions
        self.classes = classes
    }

    private static func key(_ first: UInt32, _ second: UInt32) -> UInt64 {
        UInt64(first) << 32 | UInt64(second)
    }

    /// Whether a text is in NFC, by a look at each scalar. May say no to a text that is.
    static func isPlain(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let bytes = text.baseAddress else { return true }
        let flags = UnicodeProperties.shared.flags
        var i = 0
        while i < text.count {
            if bytes[i] < 0x80 {
                i += 1
                continue
            }
            let (scalar, length) = decodeScalar(bytes, i)
            if flags[Int(scalar)] & ScalarFlags.normalization != 0 { return false }
            i += length
        }
        return true
    }

    /// The text in NFC (`composes`) or NFD.
    func normalize(_ text: UnsafeBufferPointer<UInt8>, composes: Bool) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(text.count + text.count / 2)
        guard let bytes = text.baseAddress else { return [] }
        // A starter that no later scalar can join ends a segment; segments are independent.
        var segment: [(scalar: UInt32, combiningClass: UInt8)] = []
        let flags = UnicodeProperties.shared.flags
        var i = 0
        while i < text.count {
            let (scalar, length) = decodeScalar(bytes, i)
            i += length
            if flags[Int(scalar)] & ScalarFlags.normalization == 0 {
                flush(&segment, composes: composes, into: &output)
            }
            decompose(scalar, into: &segment)
        }
        flush(&segment, composes: composes, into: &output)
        return output
    }

    private func decompose(
        _ scalar: UInt32, into segment: inout [(scalar: UInt32, combiningClass: UInt8)]
    ) {
        if scalar >= 0xAC00, scalar < 0xAC00 + 11172 {
            let index = scalar - 0xAC00
            segment.append((0x1100 + index / 588, 0))
            segment.append((0x1161 + index % 588 / 28, 0))
            if index % 28 != 0 { segment.append((0x11A7 + index % 28, 0)) }
        } else if scalar >= 0xC0, let parts = decompositions[scalar] {
            for part in parts { segment.append((part, classes[part] ?? 0)) }
        } else {
            segment.append((scalar, scalar < 0x300 ? 0 : classes[scalar] ?? 0))
        }
    }

    private func flush(
        _ segment: inout [(scalar: UInt32, combiningClass: UInt8)], composes: Bool,
        into output: inout [UInt8]
    ) {
        defer { segment.removeAll(keepingCapacity: true) }
        if segment.count == 1 {
            appendScalar(segment[0].scalar, to: &output)
            return
        }
        sortMarks(&segment)
        guard composes else {
            for entry in segment { appendScalar(entry.scalar, to: &output) }
            return
        }
        // The canonical composition algorithm (UAX 15, D117), in place.
        var starter: Int?
        var lastClass = -1
        var kept = 0
        for entry in segment {
            let combiningClass = Int(entry.combiningClass)
            if let starter, lastClass < combiningClass || lastClass == -1,
                let composite = compose(segment[starter].scalar, entry.scalar)
            {
                segment[starter].scalar = composite
                continue
            }
            segment[kept] = entry
            if combiningClass == 0 {
                starter = kept
                lastClass = -1
            } else {
                lastClass = combiningClass
            }
            kept += 1
        }
        for entry in segment[..<kept] { appendScalar(entry.scalar, to: &output) }
    }

    /// Puts each run of marks in the order of their classes, equal ones as they stand.
    private func sortMarks(_ segment: inout [(scalar: UInt32, combiningClass: UInt8)]) {
        var start = 0
        while start < segment.count {
            guard segment[start].combiningClass != 0 else {
                start += 1
                continue
            }
            var end = start
            while end < segment.count, segment[end].combiningClass != 0 { end += 1 }
            if end - start > 1 {
                // Swift's sort is stable.
                segment[start..<end].sort { $0.combiningClass < $1.combiningClass }
            }
            start = end
        }
    }

    private func compose(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if first >= 0x1100, first < 0x1113, second >= 0x1161, second < 0x1176 {
            return 0xAC00 + ((first - 0x1100) * 21 + (second - 0x1161)) * 28
        }
        if first >= 0xAC00, first < 0xAC00 + 11172, (first - 0xAC00) % 28 == 0, second > 0x11A7,
            second < 0x11C3
        {
            return first + (second - 0x11A7)
        }
        return compositions[Self.key(first, second)]
    }
}

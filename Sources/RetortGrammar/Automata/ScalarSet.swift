// SPDX-License-Identifier: Apache-2.0

/// A set of Unicode scalar values as sorted, disjoint, non-adjacent ranges.
struct ScalarSet: Equatable {
    private(set) var ranges: [ClosedRange<UInt32>]

    init(_ ranges: [ClosedRange<UInt32>] = []) { self.ranges = Self.normalized(ranges) }

    init(_ scalar: UInt32) { ranges = [scalar...scalar] }

    /// Every scalar value: surrogates are none.
    static let all = ScalarSet([0...0xD7FF, 0xE000...0x10FFFF])

    var isEmpty: Bool { ranges.isEmpty }

    mutating func formUnion(_ other: ScalarSet) {
        ranges = Self.normalized(ranges + other.ranges)
    }

    func union(_ other: ScalarSet) -> ScalarSet {
        var result = self
        result.formUnion(other)
        return result
    }

    var inverted: ScalarSet {
        var gaps: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { gaps.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        if next <= 0x10FFFF { gaps.append(next...0x10FFFF) }
        return ScalarSet(gaps)
    }

    private static func normalized(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        var result: [ClosedRange<UInt32>] = []
        let surrogates: ClosedRange<UInt32> = 0xD800...0xDFFF
        var pieces: [ClosedRange<UInt32>] = []
        for range in ranges {
            if !range.overlaps(surrogates) {
                pieces.append(range)
                continue
            }
            if range.lowerBound < 0xD800 { pieces.append(range.lowerBound...0xD7FF) }
            if range.upperBound > 0xDFFF { pieces.append(0xE000...range.upperBound) }
        }
        for range in pieces.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = result.last, range.lowerBound <= last.upperBound + 1 {
                result[result.count - 1] =
                    last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                result.append(range)
            }
        }
        // The gap of the surrogates is no gap between neighbours: 0xD7FF + 1 is never in a set.
        return result
    }

    /// The UTF-8 spellings of the set: each element is one to four ranges of bytes whose product is
    /// a part of the set.
    var byteSequences: [[ClosedRange<UInt8>]] {
        var sequences: [[ClosedRange<UInt8>]] = []
        let lengths: [ClosedRange<UInt32>] = [
            0...0x7F, 0x80...0x7FF, 0x800...0xFFFF, 0x10000...0x10FFFF,
        ]
        for range in ranges {
            for length in lengths where range.overlaps(length) {
                Self.split(range.clamped(to: length), into: &sequences)
            }
        }
        return sequences
    }

    /// Cuts a range of scalars of one UTF-8 length until every byte varies on its own.
    private static func split(
        _ range: ClosedRange<UInt32>, into sequences: inout [[ClosedRange<UInt8>]]
    ) {
        let low = range.lowerBound
        let high = range.upperBound
        for position in 1..<4 {
            let mask = UInt32(1) << UInt32(6 * position) - 1
            guard high > mask, low & ~mask != high & ~mask else { continue }
            if low & mask != 0 {
                split(low...(low | mask), into: &sequences)
                split((low | mask) + 1...high, into: &sequences)
                return
            }
            if high & mask != mask {
                split(low...(high & ~mask) - 1, into: &sequences)
                split((high & ~mask)...high, into: &sequences)
                return
            }
        }
        sequences.append(zip(encoded(low), encoded(high)).map { $0...$1 })
    }

    private static func encoded(_ scalar: UInt32) -> [UInt8] {
        Unicode.Scalar(scalar).map { Array(String($0).utf8) } ?? []
    }
}

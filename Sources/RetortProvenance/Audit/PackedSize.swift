// SPDX-License-Identifier: Apache-2.0
//
// How well bytes pack (Ziv and Lempel 1977), without a packer: a greedy parse with the last place of
// each three bytes, then the entropy of literals and lengths as one alphabet and of the bits of the
// distances, as in deflate. A measure, not a format.

import Foundation

enum PackedSize {
    private static let leastMatch = 3
    private static let mostMatch = 258
    private static let window = 32_768
    private static let slots = 1 << 14

    static func bits(_ bytes: [UInt8]) -> Double {
        var last = [Int](repeating: -1, count: slots)
        // Literals, then the sizes of lengths in bits.
        var symbols = [Int](repeating: 0, count: 256 + 16)
        var distances = [Int](repeating: 0, count: 16)
        var extra = 0
        func slot(_ place: Int) -> Int {
            let three =
                UInt32(bytes[place]) | UInt32(bytes[place + 1]) << 8 | UInt32(bytes[place + 2])
                << 16
            return Int((three &* 2_654_435_761) >> 18)
        }
        var place = 0
        while place < bytes.count {
            var length = 0
            var distance = 0
            if place + leastMatch <= bytes.count {
                let slot = slot(place)
                let earlier = last[slot]
                last[slot] = place
                if earlier >= 0, place - earlier < window {
                    let most = min(mostMatch, bytes.count - place)
                    while length < most, bytes[earlier + length] == bytes[place + length] {
                        length += 1
                    }
                    distance = place - earlier
                }
            }
            if length >= leastMatch {
                let (lengthBits, distanceBits) = (size(length), size(distance))
                symbols[256 + lengthBits] += 1
                distances[distanceBits] += 1
                extra += lengthBits - 1 + distanceBits - 1
                for inner in place + 1..<place + length where inner + leastMatch <= bytes.count {
                    last[slot(inner)] = inner
                }
                place += length
            } else {
                symbols[Int(bytes[place])] += 1
                place += 1
            }
        }
        return entropy(symbols) + entropy(distances) + Double(extra)
    }

    private static func size(_ value: Int) -> Int { Int.bitWidth - value.leadingZeroBitCount }

    /// Bits of all symbols in an ideal code.
    private static func entropy(_ counts: [Int]) -> Double {
        let all = Double(counts.reduce(0, +))
        return counts.reduce(0) { sum, count in
            count == 0 ? sum : sum - Double(count) * log2(Double(count) / all)
        }
    }
}

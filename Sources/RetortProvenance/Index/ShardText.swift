// SPDX-License-Identifier: Apache-2.0
//
// Makes a separator out of the alphabet. Documents are joined by a symbol that is smaller than all others
// and in none of them, so that no match crosses a document whatever bytes it has: the symbols that a shard
// uses are numbered from 1 in their order, and 0 separates. As long as a byte value is unused, as some are
// in all valid UTF-8, a byte holds the number.

/// A shard's documents as one text of numbered symbols.
struct ShardText {
    /// `count` symbols of `width` bytes, then zeros for at least one word.
    let memory: MappedBytes
    /// Separators included.
    let count: Int
    let width: Int
    /// The values of the symbols; the first one's number is 1.
    let alphabet: [UInt32]

    /// Token ids are below this, so that a table can number them.
    static let tokenLimit = 1 << 24
    /// What may be read behind the text.
    static let padding = 8

    /// Numbers the symbols, in place where the numbers are not wider.
    /// - Parameters:
    ///   - raw: `count` values of `rawWidth` bytes (1 or 4), any value after each document, and
    ///     ``padding`` zeros.
    ///   - ends: Where the documents end, in symbols.
    init(raw: MappedBytes, count: Int, rawWidth: Int, ends: [Int]) throws(ProvenanceError) {
        let limit = rawWidth == 1 ? 256 : Self.tokenLimit
        var isUsed = [Bool](repeating: false, count: limit)
        let source = UnsafeRawPointer(raw.mutableBytes.baseAddress)
        guard let source else {
            (memory, self.count, width, alphabet) = (raw, 0, 1, [])
            return
        }
        var start = 0
        for end in ends {
            for position in start..<end {
                isUsed[Self.value(source, position, rawWidth)] = true
            }
            start = end + 1
        }
        var numbers = [UInt32](repeating: 0, count: limit)
        var values: [UInt32] = []
        for value in 0..<limit where isUsed[value] {
            values.append(UInt32(value))
            numbers[value] = UInt32(values.count)
        }
        let width = values.count < 1 << 8 ? 1 : values.count < 1 << 16 ? 2 : 4
        let target =
            width <= rawWidth
            ? raw : try MappedBytes(zeroed: count * width + Self.padding)
        if let destination = target.mutableBytes.baseAddress {
            var start = 0
            for end in ends {
                for position in start..<end {
                    Self.store(
                        numbers[Self.value(source, position, rawWidth)], destination, position,
                        width)
                }
                Self.store(0, destination, end, width)
                start = end + 1
            }
            (destination + count * width).initializeMemory(
                as: UInt8.self, repeating: 0, count: Self.padding)
        }
        (memory, self.count, self.width, alphabet) = (target, count, width, values)
    }

    @inline(__always)
    private static func value(_ source: UnsafeRawPointer, _ position: Int, _ width: Int) -> Int {
        width == 1
            ? Int(source.load(fromByteOffset: position, as: UInt8.self))
            : Int(source.load(fromByteOffset: 4 &* position, as: UInt32.self))
    }

    @inline(__always)
    private static func store(
        _ number: UInt32, _ target: UnsafeMutableRawPointer, _ position: Int, _ width: Int
    ) {
        switch width {
        case 1:
            target.storeBytes(
                of: UInt8(truncatingIfNeeded: number), toByteOffset: position, as: UInt8.self)
        case 2:
            target.storeBytes(
                of: UInt16(truncatingIfNeeded: number), toByteOffset: 2 &* position,
                as: UInt16.self)
        default:
            target.storeBytes(of: number, toByteOffset: 4 &* position, as: UInt32.self)
        }
    }
}

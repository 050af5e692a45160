// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A repeated part of a shard's text; its other place is in the same shard, at `partner`, unless `other` says
/// where.
struct Repeat: Comparable {
    var range: Range<Int>
    var partner: Int
    var other: Occurrence?

    /// The first start first, of equal starts the longest.
    static func < (a: Self, b: Self) -> Bool {
        (a.range.lowerBound, -a.range.upperBound) < (b.range.lowerBound, -b.range.upperBound)
    }
}

/// Repeated parts of one shard in a scratch file, written in order and read once.
final class RepeatFile {
    private static let fields = 3
    private static let blockRecords = 1 << 13

    private let file: ScratchFile
    private var block: [UInt32] = []
    private var place = 0
    private var offset = 0
    private var isReading = false

    init(in folder: URL) throws(ProvenanceError) { file = try ScratchFile(in: folder) }

    /// Positions of a shard fit 32 bits.
    func append(_ range: Range<Int>, partner: Int) throws(ProvenanceError) {
        block.append(UInt32(range.lowerBound))
        block.append(UInt32(range.upperBound))
        block.append(UInt32(partner))
        if block.count == Self.fields * Self.blockRecords { try flush() }
    }

    private func flush() throws(ProvenanceError) {
        try file.append(block)
        block.removeAll(keepingCapacity: true)
    }

    /// The first part that was not read yet; nothing is appended any more.
    func next() throws(ProvenanceError) -> Repeat? {
        if !isReading {
            try flush()
            isReading = true
        }
        if place == block.count {
            let count = min(Self.fields * Self.blockRecords, (file.count - offset) / 4)
            guard count > 0 else { return nil }
            if block.count != count { block = [UInt32](repeating: 0, count: count) }
            try file.read(at: offset, into: &block)
            offset += 4 * count
            place = 0
        }
        defer { place += Self.fields }
        return Repeat(
            range: Int(block[place])..<Int(block[place + 1]), partner: Int(block[place + 2]))
    }
}

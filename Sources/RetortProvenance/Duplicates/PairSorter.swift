// SPDX-License-Identifier: Apache-2.0
//
// External merge sort (Knuth, volume 3, 5.4): what the memory holds is sorted and written as a run,
// the runs are merged with a heap of their heads. The order is total, so that the result does not
// depend on the memory.

import Foundation

/// Sorts more pairs of numbers than fit the memory.
package final class PairSorter {
    package struct Pair: Comparable, BitwiseCopyable {
        package var key: UInt64
        package var value: UInt64

        @inline(__always)
        package static func < (a: Self, b: Self) -> Bool {
            a.key == b.key ? a.value < b.value : a.key < b.key
        }
    }

    /// A sorted stretch of the file, read a block at a time.
    private struct Run {
        /// Pairs, not bytes.
        var next: Int
        let end: Int
        var block: [Pair] = []
        var place = 0
    }

    private let folder: URL
    private let capacity: Int
    private var pending: [Pair] = []
    private var file: ScratchFile?
    private var ends: [Int] = []
    private static let pairBytes = MemoryLayout<Pair>.stride
    private static let blockPairs = 1 << 16

    /// - Parameter memoryBytes: What the pairs may take, here and while they are merged.
    package init(memoryBytes: Int, folder: URL) {
        self.folder = folder
        // The standard library's sort merges with half as much memory again. Reserved, as an array that
        // doubles would hold twice what it needs; what is not written takes no memory.
        capacity = max(1024, memoryBytes / (Self.pairBytes * 3 / 2))
        pending.reserveCapacity(capacity)
    }

    /// Pairs appended so far.
    package var count: Int { (ends.last ?? 0) + pending.count }
    /// Sorted stretches on the disk.
    package var runs: Int { ends.count }

    package func append(_ key: UInt64, _ value: UInt64) throws(ProvenanceError) {
        pending.append(Pair(key: key, value: value))
        if pending.count >= capacity { try spill() }
    }

    private func spill() throws(ProvenanceError) {
        pending.sort()
        if file == nil { file = try ScratchFile(in: folder) }
        // In blocks, as the file keeps a copy of what it has not written.
        for start in stride(from: 0, to: pending.count, by: Self.blockPairs) {
            try file?.append(pending[start..<min(start + Self.blockPairs, pending.count)])
        }
        ends.append((ends.last ?? 0) + pending.count)
        pending.removeAll(keepingCapacity: true)
    }

    /// Calls with each pair in order, and forgets them.
    package func drain(_ body: (Pair) throws -> Void) throws {
        defer {
            pending = []
            file = nil
            ends = []
        }
        guard let file else {
            pending.sort()
            for pair in pending { try body(pair) }
            return
        }
        if !pending.isEmpty { try spill() }
        pending = []
        let blockPairs = max(256, capacity / ends.count)
        var runs = zip([0] + ends, ends).map { Run(next: $0, end: $1) }
        var heap: [(head: Pair, run: Int)] = []
        for index in runs.indices {
            if let head = try Self.next(&runs[index], file, blockPairs) {
                heap.append((head, index))
                Self.rise(&heap)
            }
        }
        while let least = heap.first {
            try body(least.head)
            if let head = try Self.next(&runs[least.run], file, blockPairs) {
                heap[0].head = head
            } else {
                let last = heap.removeLast()
                if heap.isEmpty { break }
                heap[0] = last
            }
            Self.sink(&heap)
        }
    }

    private static func next(_ run: inout Run, _ file: ScratchFile, _ blockPairs: Int)
        throws(ProvenanceError) -> Pair?
    {
        if run.place == run.block.count {
            let count = min(blockPairs, run.end - run.next)
            guard count > 0 else { return nil }
            if run.block.count != count {
                run.block = [Pair](repeating: Pair(key: 0, value: 0), count: count)
            }
            try file.read(at: run.next * pairBytes, into: &run.block)
            run.next += count
            run.place = 0
        }
        run.place += 1
        return run.block[run.place - 1]
    }

    private static func rise(_ heap: inout [(head: Pair, run: Int)]) {
        var place = heap.count - 1
        while place > 0, heap[place].head < heap[(place - 1) / 2].head {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    private static func sink(_ heap: inout [(head: Pair, run: Int)]) {
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2]
            where child < heap.count && heap[child].head < heap[least].head {
                least = child
            }
            if least == place { return }
            heap.swapAt(place, least)
            place = least
        }
    }
}

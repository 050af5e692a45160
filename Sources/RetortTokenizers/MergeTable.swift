// SPDX-License-Identifier: Apache-2.0

/// A merge: how early it is applied, and the token that it makes.
struct Merge {
    /// Lower goes first; `none` where there is no merge.
    var rank: UInt32
    var id: Int32

    static let none = Merge(rank: .max, id: -1)
}

/// Open addressing from a pair of tokens to their merge. Read-only once filled.
final class MergeTable: @unchecked Sendable {
    // Safety: written by init and insert, before the table is shared.
    private struct Slot {
        var key: UInt64
        var merge: Merge
    }

    private let slots: UnsafeMutablePointer<Slot>
    private let mask: Int
    private let seed: UInt64
    private let multiplier: UInt64
    /// Ids are below 2^31, so no pair has this key.
    private static let empty = UInt64.max

    init(capacity: Int) {
        var slotCount = 16
        while slotCount < capacity * 2 { slotCount *= 2 }
        mask = slotCount - 1
        slots = .allocate(capacity: slotCount)
        slots.initialize(repeating: Slot(key: Self.empty, merge: .none), count: slotCount)
        // Hashes differ from process to process, so that no file is slow by design.
        seed = UInt64.random(in: .min ... .max)
        multiplier = UInt64.random(in: .min ... .max) | 1
    }

    deinit { slots.deallocate() }

    private func start(_ key: UInt64) -> Int {
        let product = (key ^ seed).multipliedFullWidth(by: multiplier)
        return Int(truncatingIfNeeded: product.high ^ product.low) & mask
    }

    private func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// Adds or replaces the merge of a pair. The caller adds no more pairs than the capacity.
    func insert(_ left: Int32, _ right: Int32, _ merge: Merge) {
        let key = key(left, right)
        var index = start(key)
        while slots[index].key != Self.empty, slots[index].key != key { index = (index + 1) & mask }
        slots[index] = Slot(key: key, merge: merge)
    }

    /// The merge of a pair, or ``Merge/none``.
    @inline(__always)
    func find(_ left: Int32, _ right: Int32) -> Merge {
        let key = key(left, right)
        var index = start(key)
        while true {
            let slot = slots[index]
            if slot.key == key { return slot.merge }
            if slot.key == Self.empty { return .none }
            index = (index + 1) & mask
        }
    }
}

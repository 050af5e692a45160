// SPDX-License-Identifier: Apache-2.0
//
// A hash table from bytes to token ids. Dictionaries keyed by String would merge tokens that are
// canonically equivalent, and hash far slower.

/// The bytes of every token, one after another.
struct TokenPool: Sendable {
    private(set) var bytes: [UInt8] = []
    /// By id: where the token starts; one more at the end.
    private(set) var offsets: [UInt32] = [0]

    var count: Int { offsets.count - 1 }

    mutating func reserve(tokens: Int, bytes count: Int) {
        offsets.reserveCapacity(tokens + 1)
        bytes.reserveCapacity(count)
    }

    mutating func append(_ token: some Sequence<UInt8>) {
        bytes.append(contentsOf: token)
        offsets.append(UInt32(truncatingIfNeeded: bytes.count))
    }

    /// Nothing for ids out of range.
    subscript(id: Int32) -> ArraySlice<UInt8> {
        guard id >= 0, Int(id) < count else { return [] }
        return bytes[range(id)]
    }

    func range(_ id: Int32) -> Range<Int> { Int(offsets[Int(id)])..<Int(offsets[Int(id) + 1]) }
}

/// Open addressing over the tokens of a pool. Read-only once filled.
final class TokenTable: @unchecked Sendable {
    // Safety: `slots` and `pool` are written by init and insert, before the table is shared.
    private struct Slot {
        var id: Int32
        var tag: UInt32
        /// The token's bytes in `pool`: a look at the slot and one at the bytes is all it takes.
        var start: UInt32
        var count: UInt32

        static let empty = Slot(id: -1, tag: 0, start: 0, count: 0)
    }

    private let slots: UnsafeMutablePointer<Slot>
    private let mask: Int
    private let seed: UInt64
    private let pool: UnsafeMutablePointer<UInt8>
    private let offsets: UnsafeMutablePointer<UInt32>
    /// The longest token of the table, in bytes.
    private(set) var longest = 0

    init(_ tokens: TokenPool) {
        var capacity = 16
        while capacity < tokens.count * 2 { capacity *= 2 }
        mask = capacity - 1
        slots = .allocate(capacity: capacity)
        slots.initialize(repeating: .empty, count: capacity)
        // Hashes differ from process to process, so that no file is slow by design.
        seed = UInt64.random(in: .min ... .max)
        pool = .allocate(capacity: tokens.bytes.count)
        for (index, byte) in tokens.bytes.enumerated() { (pool + index).initialize(to: byte) }
        offsets = .allocate(capacity: tokens.offsets.count)
        for (index, start) in tokens.offsets.enumerated() {
            (offsets + index).initialize(to: start)
        }
    }

    deinit {
        slots.deallocate()
        pool.deallocate()
        offsets.deallocate()
    }

    /// Makes a token findable. A later token with the same bytes wins, as in llama.cpp.
    /// - Returns: The token that had these bytes before.
    @discardableResult func insert(_ id: Int32) -> Int32? {
        let start = Int(offsets[Int(id)])
        let count = Int(offsets[Int(id) + 1]) - start
        longest = max(longest, count)
        let hash = hash(pool + start, count)
        let tag = UInt32(truncatingIfNeeded: hash)
        var index = Int(truncatingIfNeeded: hash >> 32) & mask
        while slots[index].id >= 0 {
            if slots[index].tag == tag, isEqual(slots[index], pool + start, count) {
                let previous = slots[index].id
                slots[index].id = id
                return previous
            }
            index = (index + 1) & mask
        }
        slots[index] = Slot(
            id: id, tag: tag, start: UInt32(start), count: UInt32(truncatingIfNeeded: count))
        return nil
    }

    /// The token with these bytes, or -1.
    func find(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
        count > longest ? -1 : find(bytes, count, hash: hash(bytes, count))
    }

    func find(_ bytes: UnsafePointer<UInt8>, _ count: Int, hash: UInt64) -> Int32 {
        let tag = UInt32(truncatingIfNeeded: hash)
        var index = Int(truncatingIfNeeded: hash >> 32) & mask
        while true {
            let slot = slots[index]
            if slot.id < 0 { return -1 }
            if slot.tag == tag, isEqual(slot, bytes, count) { return slot.id }
            index = (index + 1) & mask
        }
    }

    func find(_ bytes: some Sequence<UInt8>) -> Int32? {
        let found =
            bytes.withContiguousStorageIfAvailable { find(buffer: $0) }
            ?? Array(bytes).withUnsafeBufferPointer { find(buffer: $0) }
        return found < 0 ? nil : found
    }

    private func find(buffer: UnsafeBufferPointer<UInt8>) -> Int32 {
        guard let base = buffer.baseAddress, !buffer.isEmpty else { return -1 }
        return find(base, buffer.count)
    }

    @inline(__always)
    private func isEqual(_ slot: Slot, _ bytes: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        Int(slot.count) == count && bytesEqual(pool + Int(slot.start), bytes, count)
    }

    /// A hash of a word.
    @inline(__always)
    func hash(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
        hashBytes(bytes, count, seed: seed)
    }
}

/// A hash of a run of bytes: eight at a time, multiplied and folded.
func hashBytes(_ bytes: UnsafePointer<UInt8>, _ count: Int, seed: UInt64) -> UInt64 {
    let raw = UnsafeRawPointer(bytes)
    var state = seed ^ UInt64(truncatingIfNeeded: count)
    var i = 0
    while i + 8 <= count {
        state = foldHash(state ^ raw.loadUnaligned(fromByteOffset: i, as: UInt64.self))
        i += 8
    }
    var last: UInt64 = 0
    if count - i >= 4 {
        last = UInt64(raw.loadUnaligned(fromByteOffset: i, as: UInt32.self))
        i += 4
    }
    while i < count {
        last = last << 8 | UInt64(bytes[i])
        i += 1
    }
    return foldHash(state ^ last)
}

@inline(__always)
private func foldHash(_ value: UInt64) -> UInt64 {
    let product = (value ^ 0x2D35_8DCC_AA6C_78A5).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    return product.high ^ product.low
}

/// Whether two runs of bytes are equal.
@inline(__always)
func bytesEqual(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    let first = UnsafeRawPointer(a)
    let second = UnsafeRawPointer(b)
    var i = 0
    while i + 8 <= count {
        if first.loadUnaligned(fromByteOffset: i, as: UInt64.self)
            != second.loadUnaligned(fromByteOffset: i, as: UInt64.self)
        {
            return false
        }
        i += 8
    }
    while i < count {
        if a[i] != b[i] { return false }
        i += 1
    }
    return true
}

// SPDX-License-Identifier: Apache-2.0

/// What may tie a key to others: the templates and prompts of its suspicious requests, and its addresses. Constant memory.
///
/// Of the ids the 48 with the smallest hashes are kept (a bottom-k sketch, Cohen and Kaplan 2007): all keys keep the same ones, so that
/// what two keys share shows in the sketches of both.
struct KeyLinks: Sendable {
    private(set) var ids: [UInt64] = []
    private(set) var addresses = TopCounter(places: 8)
    /// Requests by ``RequestTrait``'s order.
    private(set) var counts = SIMD8<Int32>()
    /// Requests that have a trait by which keys are tied.
    private(set) var marked = 0

    static let mostIDs = 48
    static let traits: [RequestTrait] = [
        .traceStrong, .trace, .synthesis, .samples, .logprobs, .bareLong,
    ]

    mutating func add(_ record: RequestRecord) {
        if let address = record.address {
            addresses.add(UInt32(truncatingIfNeeded: address ^ address >> 32))
        }
        for trait in RequestTrait.allCases where trait.isIn(record) {
            counts[trait.rawValue] &+= 1
        }
        guard Self.traits.contains(where: { $0.isIn(record) }) else { return }
        marked += 1
        Self.forEachID(of: record.sketch) { insert($0) }
    }

    /// Ids of a prompt, of its template's beginning and ending, of pairs of its shingles and of the system message.
    static func forEachID(of sketch: RequestSketch, _ body: (UInt64) -> Void) {
        body(SipHash.mix(sketch.prompt, 201))
        body(SipHash.mix(UInt64(sketch.head), 202))
        body(SipHash.mix(UInt64(sketch.tail), 203))
        if sketch.system != 0 { body(SipHash.mix(UInt64(sketch.system), 204)) }
        for band in 0..<4 {
            let pair =
                UInt64(sketch.shingles[2 * band]) << 16 | UInt64(sketch.shingles[2 * band + 1])
            body(SipHash.mix(pair, 205 + UInt64(band)))
        }
    }

    private mutating func insert(_ id: UInt64) {
        if ids.count == Self.mostIDs, let last = ids.last, id >= last { return }
        // Ascending.
        var low = 0
        var high = ids.count
        while low < high {
            let middle = (low + high) / 2
            if ids[middle] < id { low = middle + 1 } else { high = middle }
        }
        if low < ids.count, ids[low] == id { return }
        ids.insert(id, at: low)
        if ids.count > Self.mostIDs { ids.removeLast() }
    }

    var byteCount: Int { MemoryLayout<Self>.size + Self.mostIDs * 8 + addresses.byteCount }
}

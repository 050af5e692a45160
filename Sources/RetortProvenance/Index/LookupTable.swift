// SPDX-License-Identifier: Apache-2.0
//
// What shortens the binary search. Each step of it costs two cache misses, one in the suffix array and one
// in the text. A table over the first `order` symbols gives the interval of a prefix at once; the first
// eight bytes of every 64th suffix, side by side, are searched next; the array itself only for the rest.

/// The file `lookup`: the alphabet, the starts of all prefixes of `order` symbols, and the keys of samples.
struct LookupTable: @unchecked Sendable {
    // Safety: points into a mapped file, which is never written.
    static let stride = 64

    private let file: MappedBytes
    /// Size of the alphabet with the separator.
    let base: Int
    let order: Int
    let alphabet: UnsafeBufferPointer<UInt32>
    /// `base^order + 1` indices of the suffix array.
    let starts: UnsafeBufferPointer<UInt32>
    /// The first eight bytes of suffixes 0, 64, 128 and so on: their symbols, the first one highest.
    let keys: UnsafeBufferPointer<UInt64>

    /// Where the parts of the file are.
    private struct Layout {
        let starts: Int
        let startCount: Int
        let keys: Int
        let keyCount: Int
        let size: Int

        init?(alphabet: Int, order: Int, suffixes: Int) {
            guard let entries = LookupTable.prefixes(base: alphabet + 1, order: order) else {
                return nil
            }
            startCount = entries + 1
            starts = (IndexFileHeader.size + 4 * alphabet + 7) & ~7
            keys = (starts + 4 * startCount + 7) & ~7
            keyCount = (suffixes + LookupTable.stride - 1) / LookupTable.stride
            size = keys + 8 * keyCount
        }
    }

    private static func prefixes(base: Int, order: Int) -> Int? {
        var product = 1
        for _ in 0..<order {
            let (next, overflow) = product.multipliedReportingOverflow(by: base)
            guard !overflow, next < 1 << 40 else { return nil }
            product = next
        }
        return product
    }

    init(_ file: MappedBytes, shard: IndexManifest.Shard, path: String) throws(ProvenanceError) {
        guard
            let layout = Layout(
                alphabet: shard.alphabet, order: shard.order, suffixes: shard.symbols),
            file.count == layout.size, let memory = file.bytes.baseAddress
        else {
            throw ProvenanceError(
                "\(path) is not a table of prefixes; the index is damaged: build it again")
        }
        self.file = file
        base = shard.alphabet + 1
        order = shard.order
        alphabet = UnsafeBufferPointer(
            start: (memory + IndexFileHeader.size).assumingMemoryBound(to: UInt32.self),
            count: shard.alphabet)
        starts = UnsafeBufferPointer(
            start: (memory + layout.starts).assumingMemoryBound(to: UInt32.self),
            count: layout.startCount)
        keys = UnsafeBufferPointer(
            start: (memory + layout.keys).assumingMemoryBound(to: UInt64.self),
            count: layout.keyCount)
        for index in alphabet.indices.dropFirst() where alphabet[index - 1] >= alphabet[index] {
            throw ProvenanceError("\(path) has a broken alphabet; build the index again")
        }
    }

    // MARK: building

    /// The longest prefix whose table takes at most half a byte for each symbol of the text.
    static func order(alphabet: Int, suffixes: Int, width: Int) -> Int {
        var order = 1
        while order < 8 / width,
            let entries = prefixes(base: alphabet + 1, order: order + 1),
            entries <= max(1 << 16, suffixes / 8)
        { order += 1 }
        return order
    }

    /// The file's content after the header.
    static func write<Symbol: FixedWidthInteger & UnsignedInteger>(
        _ text: UnsafeBufferPointer<Symbol>, alphabet: [UInt32], order: Int,
        suffixes: UnsafeBufferPointer<Int32>, to writer: inout IndexFileWriter
    ) throws(ProvenanceError) {
        let base = alphabet.count + 1
        guard
            let layout = Layout(alphabet: alphabet.count, order: order, suffixes: suffixes.count)
        else { throw ProvenanceError("an alphabet of \(alphabet.count) symbols is too large") }
        var head: [UInt8] = []
        for value in alphabet { appendLittleEndian(value, to: &head) }
        while head.count < layout.starts - IndexFileHeader.size { head.append(0) }
        try writer.append(head)

        let memory = try MappedBytes(zeroed: layout.keys - layout.starts)
        let starts = memory.bind(UInt32.self, count: layout.startCount)
        let highest = (1..<order).reduce(1) { product, _ in product * base }
        var code = 0
        for position in 0..<order {
            code = code * base + (position < text.count ? Int(text[position]) : 0)
        }
        for position in 0..<text.count {
            let first = Int(text[position])
            if first != 0 { starts[code + 1] &+= 1 }
            let next = position + order
            code = (code - first * highest) * base + (next < text.count ? Int(text[next]) : 0)
        }
        var sum: UInt32 = 0
        for index in starts.indices {
            sum &+= starts[index]
            starts[index] = sum
        }
        try writer.append(memory.bytes)

        var keys: [UInt8] = []
        keys.reserveCapacity(8 * layout.keyCount)
        for index in Swift.stride(from: 0, to: suffixes.count, by: stride) {
            appendLittleEndian(key(text, at: Int(suffixes[index])), to: &keys)
        }
        try writer.append(keys)
    }

    private static func key<Symbol: FixedWidthInteger & UnsignedInteger>(
        _ text: UnsafeBufferPointer<Symbol>, at position: Int
    ) -> UInt64 {
        var key: UInt64 = 0
        for offset in 0..<8 / MemoryLayout<Symbol>.size {
            let place = position + offset
            key <<= UInt64(Symbol.bitWidth)
            key |= place < text.count ? UInt64(text[place]) : 0
        }
        return key
    }
}

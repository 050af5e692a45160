// SPDX-License-Identifier: Apache-2.0

/// A text that is looked for: bytes, or token ids.
public struct CorpusQuery: Sendable, Equatable {
    public let unit: IndexUnit
    let values: [UInt32]

    /// A string's UTF-8.
    public init(_ text: String) { self.init(bytes: text.utf8) }

    public init(bytes: some Sequence<UInt8>) {
        unit = .bytes
        values = bytes.map(UInt32.init)
    }

    public init(tokens: [UInt32]) {
        unit = .tokens
        values = tokens
    }

    init(_ values: [UInt32], _ unit: IndexUnit) {
        self.unit = unit
        self.values = values
    }

    /// In bytes or tokens.
    public var count: Int { values.count }
}

/// A query in the numbers of one shard, where 0 stands for what the shard does not have.
struct ShardQuery<Symbol: FixedWidthInteger & UnsignedInteger & BitwiseCopyable> {
    private let symbols: [Symbol]
    let count: Int

    init(_ values: [UInt32], _ shard: IndexShard) {
        count = values.count
        var symbols: [Symbol] = []
        symbols.reserveCapacity(count + 8)
        for value in values { symbols.append(Symbol(truncatingIfNeeded: shard.number(value))) }
        // A comparison reads whole words.
        symbols.append(contentsOf: repeatElement(0, count: 8))
        self.symbols = symbols
    }

    func withSymbols<Result>(
        _ body: (UnsafeBufferPointer<Symbol>) throws(ProvenanceError) -> Result
    ) throws(ProvenanceError) -> Result {
        try symbols.withUnsafeBufferPointer { buffer throws(ProvenanceError) in
            try body(UnsafeBufferPointer(rebasing: buffer[..<count]))
        }
    }
}

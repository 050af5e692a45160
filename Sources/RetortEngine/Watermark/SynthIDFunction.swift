// SPDX-License-Identifier: Apache-2.0
//
// The g-values of SynthID-Text as Google DeepMind's package synthid-text 0.2.1 and transformers compute them: a
// congruential hash of the tokens and of a key for each layer looks up a bit in a table that PyTorch drew. It is
// no cipher; the keys can be found by who sees enough g-values.

/// Bits for a context and a candidate, one for each key.
public struct SynthIDFunction: Sendable, Equatable {
    /// One for each layer of the tournament, the first layer's first.
    public let keys: [Int64]
    private let table: [UInt64]

    private static let tableSize = 1 << 16

    /// - Parameters:
    ///   - keys: At most 32.
    ///   - tableSeed: `sampling_table_seed` of transformers; its `sampling_table_size` is 65,536.
    public init(keys: [Int64], tableSeed: UInt32 = 0) {
        self.keys = Array(keys.prefix(32))
        table = tableSeed == 0 ? Self.usualTable : Self.table(seed: tableSeed)
    }

    /// Drawn once: each answer that is marked needs it.
    private static let usualTable = table(seed: 0)

    private static func table(seed tableSeed: UInt32) -> [UInt64] {
        var random = MersenneTwister(seed: tableSeed)
        var table = [UInt64](repeating: 0, count: tableSize / 64)
        for index in 0..<tableSize {
            table[index / 64] |= UInt64(random.next() & 1) << UInt64(index % 64)
        }
        return table
    }

    public struct Context: Sendable, Equatable { fileprivate let hash: UInt64 }

    /// - Parameter tokens: The last `ngram_len` − 1 tokens, the oldest first.
    public func context(_ tokens: some Sequence<Int32>) -> Context {
        Context(hash: tokens.reduce(1) { Self.extended($0, Int64($1)) })
    }

    /// The g-values of a candidate: bit l is layer l's.
    public func bits(_ context: Context, token: Int32) -> UInt32 {
        let hash = Self.extended(context.hash, Int64(token))
        var bits: UInt32 = 0
        for (layer, key) in keys.enumerated() {
            let place = Int(Self.extended(hash, key) & UInt64(Self.tableSize - 1))
            bits |=
                UInt32(truncatingIfNeeded: table[place / 64] >> UInt64(place % 64) & 1)
                << UInt32(layer)
        }
        return bits
    }

    @inline(__always)
    private static func extended(_ hash: UInt64, _ value: Int64) -> UInt64 {
        (hash &+ UInt64(bitPattern: value)) &* 6_364_136_223_846_793_005 &+ 1
    }
}

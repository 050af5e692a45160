// SPDX-License-Identifier: Apache-2.0
//
// Keys and values of the tokens seen so far. Memory is reserved for the whole context but taken from
// the system page by page as the context fills.

import RetortFormats
import RetortTensor

/// The attention cache of one sequence.
public final class KVCache {
    struct Layer {
        // [keyValueHeads, capacity, headDim] each; of latent attention [1, capacity, cachedWidth],
        // of which the first kvLoraRank elements are the values.
        let keys: CachedHeads
        let values: CachedHeads
    }

    /// Tokens that fit.
    public let capacity: Int
    /// Tokens seen so far.
    public private(set) var count = 0
    public let dtype: DType
    /// What a cache can be made of.
    public static let types: [DType] = [.f32, .f16, .bf16, .q8_0]
    let layers: [Layer]
    private let buffer: AlignedBuffer

    /// - Throws: ``ModelError`` if the type is none of ``types`` or its blocks do not fit the heads,
    ///   ``TensorError`` if the system refuses the memory.
    init(config: ModelConfig, capacity: Int, dtype: DType) throws {
        try Self.check(dtype, config)
        self.capacity = capacity
        self.dtype = dtype
        guard
            let layerBytes = Self.byteCount(
                config: config, capacity: capacity, dtype: dtype, layers: 1),
            let bytes = Self.byteCount(
                config: config, capacity: capacity, dtype: dtype, layers: config.numHiddenLayers)
        else {
            throw ModelError(
                "a cache for \(capacity) tokens is too large; ask for a shorter context")
        }
        let buffer = try AlignedBuffer(byteCount: bytes)
        self.buffer = buffer
        layers = (0..<config.numHiddenLayers).map { index in
            let base = buffer.base + index * layerBytes
            if let latent = config.latentAttention {
                let latents = CachedHeads(
                    base: base, dtype: dtype, capacity: capacity, headDim: latent.cachedWidth)
                return Layer(keys: latents, values: latents.prefix(latent.kvLoraRank))
            }
            return Layer(
                keys: CachedHeads(
                    base: base, dtype: dtype, capacity: capacity, headDim: config.headDim),
                values: CachedHeads(
                    base: base + layerBytes / 2, dtype: dtype, capacity: capacity,
                    headDim: config.headDim))
        }
    }

    private static func check(_ dtype: DType, _ config: ModelConfig) throws(ModelError) {
        guard types.contains(dtype) else {
            let names = types.map(\.rawValue).joined(separator: ", ")
            throw ModelError("the cache can be \(names), not \(dtype.rawValue)")
        }
        // Each row begins with a block, and so do the values among the latents.
        let (name, sizes) =
            config.latentAttention.map { ("latents", [$0.kvLoraRank, $0.qkRopeHeadDim]) }
            ?? ("heads", [config.headDim])
        guard sizes.allSatisfy({ $0 % dtype.blockSize == 0 }) else {
            let found = sizes.map(String.init).joined(separator: " + ")
            throw ModelError(
                "a \(dtype.rawValue) cache needs multiples of \(dtype.blockSize), this model's \(name) have \(found) elements; take f16"
            )
        }
    }

    /// Bytes that a cache of a model takes for each token, nil if its blocks do not fit the model.
    public static func bytesPerToken(_ config: ModelConfig, dtype: DType) -> Int? {
        guard (try? check(dtype, config)) != nil else { return nil }
        return byteCount(
            config: config, capacity: 1, dtype: dtype, layers: config.numHiddenLayers)
    }

    /// Bytes of the whole capacity.
    public var byteCount: Int { buffer.byteCount }

    private static func byteCount(config: ModelConfig, capacity: Int, dtype: DType, layers: Int)
        -> Int?
    {
        var total = dtype.blockBytes
        for factor in [config.cachedWidth / dtype.blockSize, capacity, layers] {
            let (product, overflow) = total.multipliedReportingOverflow(by: factor)
            if overflow { return nil }
            total = product
        }
        return total
    }

    func advance(by tokens: Int) { count += tokens }

    /// Forgets all but the first `length` tokens.
    public func truncate(to length: Int) { count = min(count, max(length, 0)) }
}

// SPDX-License-Identifier: Apache-2.0
//
// The memory of keys and values, in pages that several sequences share: what two prompts have in
// common is stored once, and a sequence takes memory as it grows.

import RetortFormats
import RetortTensor

/// Pages of ``pageTokens`` tokens each, for all layers of one model. Not for two threads at a time.
public final class KVPool {
    /// Tokens of a page.
    public static let pageTokens = CachedHeads.pageRows
    /// What a cache can be made of.
    public static let types: [DType] = [.f32, .f16, .bf16, .q8_0]

    public let dtype: DType
    public let pageCount: Int
    let config: ModelConfig
    /// Bytes of a page: `[layers]` of keys, `[keyValueHeads, pageTokens, headDim]`, then values; of
    /// latent attention of one head of latents, `[pageTokens, cachedWidth]`.
    let pageBytes: Int
    private let buffer: AlignedBuffer
    /// Sequences (or holders) of each page that was ever taken.
    private var holders: [Int32] = []
    /// Pages that were given back, the next one last.
    private var free: [Int32] = []

    /// - Throws: ``ModelError`` if the type is none of ``types`` or its blocks do not fit the heads,
    ///   `TensorError` if the system refuses the memory, which is only taken as pages are used.
    init(config: ModelConfig, pages: Int, dtype: DType) throws {
        try Self.check(dtype, config)
        guard
            let pageBytes = Self.byteCount(config: config, tokens: Self.pageTokens, dtype: dtype),
            case let (bytes, overflow) = pageBytes.multipliedReportingOverflow(by: pages),
            !overflow, Int32(exactly: pages) != nil
        else {
            throw ModelError(
                "a cache of \(pages) pages of \(Self.pageTokens) tokens is too large; ask for a shorter context"
            )
        }
        self.config = config
        self.dtype = dtype
        pageCount = pages
        self.pageBytes = pageBytes
        buffer = try AlignedBuffer(byteCount: bytes)
    }

    /// Pages that nobody holds.
    public var freePages: Int { free.count + pageCount - holders.count }

    /// Bytes of all pages.
    public var byteCount: Int { buffer.byteCount }

    /// Bytes that a cache of a model takes for each token, nil if its blocks do not fit the model.
    public static func bytesPerToken(_ config: ModelConfig, dtype: DType) -> Int? {
        guard (try? check(dtype, config)) != nil else { return nil }
        return byteCount(config: config, tokens: 1, dtype: dtype)
    }

    /// Takes a page, whose contents are undefined; nil if there is none.
    func take() -> Int32? {
        if let page = free.popLast() {
            holders[Int(page)] = 1
            return page
        }
        guard holders.count < pageCount else { return nil }
        holders.append(1)
        return Int32(holders.count - 1)
    }

    /// Adds a holder.
    public func retain(_ page: Int32) { holders[Int(page)] += 1 }

    /// Takes a holder away; the page is free when it was the last.
    public func release(_ page: Int32) {
        holders[Int(page)] -= 1
        if holders[Int(page)] == 0 { free.append(page) }
    }

    func isShared(_ page: Int32) -> Bool { holders[Int(page)] > 1 }

    /// Whether a page would be free if its only holder let go of it.
    package func isHeldOnce(_ page: Int32) -> Bool { holders[Int(page)] == 1 }

    func copy(_ source: Int32, to target: Int32) {
        (buffer.base + Int(target) * pageBytes).copyMemory(
            from: buffer.base + Int(source) * pageBytes, byteCount: pageBytes)
    }

    /// Keys and values of every layer for a sequence whose pages stand in `pages`.
    func layers(pages: UnsafePointer<Int32>) -> [KVCache.Layer] {
        let layerBytes = pageBytes / config.numHiddenLayers
        func heads(_ base: UnsafeMutableRawPointer, _ headDim: Int) -> CachedHeads {
            CachedHeads(
                base: base, pages: pages, pageStride: pageBytes, dtype: dtype, headDim: headDim)
        }
        return (0..<config.numHiddenLayers).map { index in
            let base = buffer.base + index * layerBytes
            if let latent = config.latentAttention {
                let latents = heads(base, latent.cachedWidth)
                return KVCache.Layer(keys: latents, values: latents.prefix(latent.kvLoraRank))
            }
            return KVCache.Layer(
                keys: heads(base, config.headDim),
                values: heads(base + layerBytes / 2, config.headDim))
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

    private static func byteCount(config: ModelConfig, tokens: Int, dtype: DType)
        -> Int?
    {
        var total = dtype.blockBytes
        for factor in [config.cachedWidth / dtype.blockSize, tokens, config.numHiddenLayers] {
            let (product, overflow) = total.multipliedReportingOverflow(by: factor)
            if overflow { return nil }
            total = product
        }
        return total
    }
}

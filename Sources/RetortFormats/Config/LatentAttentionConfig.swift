// SPDX-License-Identifier: Apache-2.0

/// The shape of multi-head latent attention (DeepSeek-V2, 2024). Names as in config.json.
public struct LatentAttentionConfig: Sendable, Equatable {
    /// Width of the compressed query; nil where queries are projected directly.
    public var qLoraRank: Int?
    /// Width of the latent that keys and values are made of, which is what the cache holds.
    public var kvLoraRank: Int
    /// Elements of a query or key head that are not rotated.
    public var qkNopeHeadDim: Int
    /// Elements that are; one key of them serves all heads.
    public var qkRopeHeadDim: Int
    public var vHeadDim: Int
    /// Whether rotated pairs are neighbours.
    public var ropeInterleave: Bool

    public init(
        qLoraRank: Int?, kvLoraRank: Int, qkNopeHeadDim: Int, qkRopeHeadDim: Int, vHeadDim: Int,
        ropeInterleave: Bool = true
    ) {
        self.qLoraRank = qLoraRank
        self.kvLoraRank = kvLoraRank
        self.qkNopeHeadDim = qkNopeHeadDim
        self.qkRopeHeadDim = qkRopeHeadDim
        self.vHeadDim = vHeadDim
        self.ropeInterleave = ropeInterleave
    }

    /// Elements of a query or key head.
    public var qkHeadDim: Int { qkNopeHeadDim + qkRopeHeadDim }
    /// Elements that the cache holds for each token and layer.
    public var cachedWidth: Int { kvLoraRank + qkRopeHeadDim }

    func validate(path: String, heads: Int) throws(FormatError) {
        let limits: [(name: String, value: Int)] = [
            ("q_lora_rank", qLoraRank ?? 1), ("kv_lora_rank", kvLoraRank),
            ("qk_nope_head_dim", qkNopeHeadDim), ("qk_rope_head_dim", qkRopeHeadDim),
            ("v_head_dim", vHeadDim),
        ]
        for (name, value) in limits where value < 1 || value > 1 << 14 {
            throw FormatError("\(path): \(name) is \(value); it must be between 1 and \(1 << 14)")
        }
        guard qkRopeHeadDim % 2 == 0 else {
            throw FormatError(
                "\(path): qk_rope_head_dim is \(qkRopeHeadDim); rotary embeddings need an even one")
        }
        guard heads * cachedWidth <= 1 << 22, heads * (qkHeadDim + vHeadDim) <= 1 << 22 else {
            throw FormatError("\(path): \(heads) heads of latent attention are too wide")
        }
    }
}

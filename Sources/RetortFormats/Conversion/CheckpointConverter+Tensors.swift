// SPDX-License-Identifier: Apache-2.0
//
// Every tensor of a checkpoint under the names, in the cuts and with the row orders of the other
// format.

import Foundation
import RetortTensor

extension CheckpointConverter {
    /// The tensors of a Hugging Face checkpoint as GGUF has them.
    static func ggufTensors(_ checkpoint: Checkpoint, _ encoder: TensorEncoder) throws
        -> [TensorSource]
    {
        let config = checkpoint.config
        var sources: [TensorSource] = []
        if case .llama3(let factor, let low, let high, let original) = config.ropeScaling {
            let factors = Llama3Frequencies.factors(
                headDim: config.headDim, theta: config.ropeTheta, factor: factor, low: low,
                high: high, original: original)
            sources.append(
                TensorSource(name: "rope_freqs.weight", shape: [factors.count], floats: factors))
        }
        for name in checkpoint.tensorNames {
            if name == "lm_head.weight", config.tieWordEmbeddings { continue }
            // Old checkpoints store what follows from config.json.
            if name.hasSuffix(".rotary_emb.inv_freq") { continue }
            if BlockScales.isScale(name) || isPredictionLayer(name, config) { continue }
            if let expert = ExpertName(name) {
                // The first brings all of them.
                guard expert.index == 0 else { continue }
                sources.append(try stackedExperts(expert, checkpoint, encoder))
                continue
            }
            guard let stored = GGUFNames.gguf(name) else {
                throw unplaced(checkpoint, name, "GGUF")
            }
            let tensor = try checkpoint.changedTensor(name)
            if let latent = LatentProjections(config), name.hasSuffix(".kv_b_proj.weight") {
                sources += try halves(of: tensor, stored, latent, encoder)
                continue
            }
            let order = try rowOrder(of: tensor, name, config, toGGUF: true)
            sources.append(
                encoder.source(
                    tensor, name: stored, type: encoder.ggufType(of: tensor, name: stored),
                    rowOrder: order))
        }
        return sources
    }

    /// The tensors of a checkpoint as Hugging Face has them.
    static func huggingFaceTensors(_ checkpoint: Checkpoint, _ encoder: TensorEncoder) throws
        -> [TensorSource]
    {
        let config = checkpoint.config
        var sources: [TensorSource] = []
        for name in checkpoint.tensorNames {
            if name == "rope_freqs.weight" || name.hasSuffix(".rotary_emb.inv_freq") { continue }
            if BlockScales.isScale(name) || isPredictionLayer(name, config) { continue }
            guard GGUFNames.gguf(name) != nil || ExpertName(name) != nil else {
                throw unplaced(checkpoint, name, "a Hugging Face checkpoint")
            }
            let tensor = try checkpoint.changedTensor(name)
            if let expert = ExpertName(stacked: name), tensor.shape.count == 3 {
                for index in 0..<tensor.shape[0] {
                    let single = expert.single(index)
                    sources.append(
                        encoder.source(tensor.slice(index, name: single), name: single))
                }
                continue
            }
            if name.hasSuffix(".v_b_proj.weight") { continue }
            if let latent = LatentProjections(config), name.hasSuffix(".k_b_proj.weight") {
                sources.append(try whole(keys: tensor, latent, checkpoint, encoder))
                continue
            }
            let isInterleaved = checkpoint.ropeLayout == .interleaved
            let order =
                isInterleaved ? try rowOrder(of: tensor, name, config, toGGUF: false) : nil
            sources.append(encoder.source(tensor, name: name, rowOrder: order))
        }
        return sources
    }

    /// GGUF files of DeepSeek end at the last ordinary layer, since llama.cpp refuses more.
    private static func isPredictionLayer(_ name: String, _ config: ModelConfig) -> Bool {
        let prefix = "model.layers."
        guard config.latentAttention != nil, name.hasPrefix(prefix) else { return false }
        let number = name.dropFirst(prefix.count).prefix { $0 != "." }
        return Int(number).map { $0 >= config.numHiddenLayers } ?? false
    }

    private static func stackedExperts(
        _ first: ExpertName, _ checkpoint: Checkpoint, _ encoder: TensorEncoder
    ) throws -> TensorSource {
        guard let count = checkpoint.config.experts?.numRoutedExperts,
            let stored = GGUFNames.gguf(first.stacked)
        else { throw unplaced(checkpoint, first.single(0), "GGUF") }
        let tensors = try (0..<count).map { try checkpoint.changedTensor(first.single($0)) }
        return try encoder.stacked(tensors, name: stored)
    }

    private static func halves(
        of tensor: StoredTensor, _ stored: String, _ latent: LatentProjections,
        _ encoder: TensorEncoder
    ) throws -> [TensorSource] {
        guard tensor.shape == latent.wholeShape else {
            throw FormatError(
                "\(tensor.name) has the shape \(tensor.shape), not \(latent.wholeShape)")
        }
        func type(_ shape: [Int]) -> DType {
            encoder.ggufType(columns: shape.last ?? 1, name: stored) ?? .f16
        }
        return [
            encoder.made(
                name: stored.replacing("attn_kv_b", with: "attn_k_b"),
                dtype: type(latent.keyShape), shape: latent.keyShape
            ) { latent.keys(of: try tensor.floats(), into: $0) },
            encoder.made(
                name: stored.replacing("attn_kv_b", with: "attn_v_b"),
                dtype: type(latent.valueShape), shape: latent.valueShape
            ) { latent.values(of: try tensor.floats(), into: $0) },
        ]
    }

    private static func whole(
        keys: StoredTensor, _ latent: LatentProjections, _ checkpoint: Checkpoint,
        _ encoder: TensorEncoder
    ) throws -> TensorSource {
        let values = try checkpoint.changedTensor(keys.name.replacing("k_b_proj", with: "v_b_proj"))
        guard keys.shape == latent.keyShape, values.shape == latent.valueShape else {
            throw FormatError(
                "\(keys.name) and v_b_proj have the shapes \(keys.shape) and \(values.shape), not \(latent.keyShape) and \(latent.valueShape)"
            )
        }
        return encoder.made(
            name: keys.name.replacing("k_b_proj", with: "kv_b_proj"), dtype: encoder.dtype,
            shape: latent.wholeShape
        ) { latent.whole(keys: try keys.floats(), values: try values.floats(), into: $0) }
    }

    /// Which stored row each written row is, nil where the order stays.
    private static func rowOrder(
        of tensor: StoredTensor, _ name: String, _ config: ModelConfig, toGGUF: Bool
    ) throws(FormatError) -> ((Int) -> Int)? {
        if let latent = config.latentAttention {
            guard !latent.ropeInterleave, toGGUF else { return nil }
            return latentOrder(of: tensor, name, config, latent)
        }
        guard config.architecture == .llama, RopePermutation.applies(to: name) else { return nil }
        try checkHeads(tensor, config)
        let permutation = RopePermutation(headDim: config.headDim)
        return toGGUF
            ? { permutation.huggingFaceRow(ofGGUFRow: $0) }
            : { permutation.ggufRow(ofHuggingFaceRow: $0) }
    }

    /// GGUF's DeepSeek rotates neighbours: halves that are apart are brought together.
    private static func latentOrder(
        of tensor: StoredTensor, _ name: String, _ config: ModelConfig,
        _ latent: LatentAttentionConfig
    ) -> ((Int) -> Int)? {
        let plain: Int
        let head: Int
        if name.hasSuffix(".q_proj.weight") || name.hasSuffix(".q_b_proj.weight") {
            (plain, head) = (latent.qkNopeHeadDim, latent.qkHeadDim)
        } else if name.contains(".kv_a_proj_with_mqa.") {
            (plain, head) = (latent.kvLoraRank, latent.cachedWidth)
        } else {
            return nil
        }
        guard tensor.shape.first.map({ $0 % head == 0 }) ?? false else { return nil }
        let rotated = RopePermutation(headDim: latent.qkRopeHeadDim)
        return { index in
            let inHead = index % head
            guard inHead >= plain else { return index }
            return index - inHead + plain + rotated.huggingFaceRow(ofGGUFRow: inHead - plain)
        }
    }
}

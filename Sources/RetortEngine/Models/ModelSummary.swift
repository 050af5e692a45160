// SPDX-License-Identifier: Apache-2.0
//
// What can be said of a model without loading it.

import RetortFormats
import RetortJSON
import RetortTokenizers

/// A model's facts in the order to show them.
public struct ModelSummary: Sendable {
    /// Names as in `retort show --json`; sizes in bytes end in `bytes`.
    public let fields: [(key: String, value: JSONValue)]
    public let chatTemplate: String?

    /// - Parameters:
    ///   - path: A GGUF file or a Hugging Face directory.
    ///   - contextLength: For the memory estimate; nil takes the model's, at most 32,768.
    public init(path: String, contextLength: Int? = nil) throws {
        let checkpoint = try Checkpoint(path: path)
        let files = try ModelFiles(kind: checkpoint.kind)
        let config = checkpoint.config
        let template = try files.chatTemplate()
        let tokenizer = try files.tokenizer()
        let context = contextLength ?? min(config.maxPositionEmbeddings, 32_768)
        let estimate = MemoryEstimate(checkpoint: checkpoint, contextLength: context)
        let types = Dictionary(grouping: estimate.tensors, by: \.type)
            .map { ($0.key, $0.value.reduce(0) { $0 + $1.byteCount }) }
            .sorted { $0.1 > $1.1 }.map(\.0)
        func integer(_ value: Int) -> JSONValue { .integer(Int64(value)) }
        fields = [
            ("path", .string(path)),
            ("format", .string(checkpoint.kind.isGGUF ? "GGUF" : "Hugging Face")),
            ("architecture", .string(config.architecture.rawValue)),
            ("parameters", integer(estimate.parameters)),
            ("types", .array(types.map { .string($0) })),
            ("layers", integer(config.numHiddenLayers)),
            ("hidden_size", integer(config.hiddenSize)),
            ("intermediate_size", integer(config.intermediateSize)),
            ("attention_heads", integer(config.numAttentionHeads)),
            ("key_value_heads", integer(config.numKeyValueHeads)),
            ("head_dim", integer(config.headDim)),
            ("experts", integer(config.experts?.numRoutedExperts ?? 0)),
            ("experts_per_token", integer(config.experts?.numExpertsPerTok ?? 0)),
            // Keys and values, or the latent that both are made of.
            ("cached_values_per_token", integer(config.numHiddenLayers * config.cachedWidth)),
            ("vocabulary", integer(config.vocabSize)),
            ("tokenizer_tokens", tokenizer.map { integer($0.vocabularySize) } ?? .null),
            ("context_length", integer(config.maxPositionEmbeddings)),
            ("chat_template", .bool(template != nil)),
            ("weights_bytes", integer(estimate.weightBytes)),
            ("cache_context", integer(context)),
            ("cache_bytes", integer(estimate.cacheBytes)),
            ("working_bytes", integer(estimate.workingBytes)),
            ("memory_estimate_bytes", integer(estimate.totalBytes)),
        ]
        chatTemplate = template
    }
}

/// The memory that running a model takes.
struct MemoryEstimate {
    let tensors: [TensorInfo]
    let parameters: Int
    let weightBytes: Int
    let cacheBytes: Int
    /// Activations of a batch of 512 tokens and the tokenizer's tables.
    let workingBytes: Int

    init(checkpoint: Checkpoint, contextLength: Int) {
        let config = checkpoint.config
        tensors = checkpoint.tensorNames.compactMap(checkpoint.info)
        parameters = tensors.reduce(0) { $0 + $1.shape.reduce(1, *) }
        weightBytes = tensors.reduce(0) { $0 + $1.byteCount }
        cacheBytes = 2 * config.numHiddenLayers * config.cachedWidth * contextLength
        let queries = config.numAttentionHeads * config.headDim
        let widths =
            4 * config.hiddenSize + 3 * config.intermediateSize + 2 * queries
            + 2 * config.cachedWidth
        workingBytes = 4 * 512 * widths + 4 * 16 * config.vocabSize + 160 * config.vocabSize
    }

    var totalBytes: Int { weightBytes + cacheBytes + workingBytes }
}

extension Checkpoint.Kind {
    fileprivate var isGGUF: Bool {
        if case .gguf = self { return true }
        return false
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// config.json of Hugging Face. What it leaves out has the default of transformers 5.24; what would
// change the computation and is not implemented is an error, never ignored.

import RetortJSON

extension ModelConfig {
    /// Reads config.json.
    /// - Throws: ``FormatError`` for an unknown architecture, a missing size, a number out of bounds
    ///   or a feature that is not implemented.
    public init(json bytes: [UInt8], path: String = "config.json") throws(FormatError) {
        let file = MappedFile(bytes: bytes, name: path)
        try self.init(
            JSONFields(object: JSONFile.object(bytes: file.bytes, path: path), path: path))
    }

    init(_ fields: JSONFields) throws(FormatError) {
        let path = fields.path
        let architecture = try Self.architecture(fields)
        try Self.rejectUnsupported(fields)

        func required(_ key: String) throws(FormatError) -> Int {
            guard let value = try fields.integer(key) else {
                throw FormatError("\(path) has no \(key)")
            }
            return value
        }
        let hidden = try required("hidden_size")
        let heads = try required("num_attention_heads")
        // Null means as many as there are heads; where the key is absent, qwen's classes have a
        // number of their own.
        let isAbsent = fields.object["num_key_value_heads"] == nil
        let keyValueHeads =
            try fields.integer("num_key_value_heads")
            ?? (isAbsent ? architecture.defaultKeyValueHeads : nil) ?? heads
        let latent =
            architecture.isDeepSeek ? try LatentAttentionConfig(fields, architecture) : nil
        let positions =
            try fields.integer("max_position_embeddings") ?? architecture.defaultPositions
        let rope = try RopeFields(fields, maxPositionEmbeddings: positions)
        self.init(
            architecture: architecture,
            hiddenSize: hidden,
            intermediateSize: try required("intermediate_size"),
            numHiddenLayers: try required("num_hidden_layers"),
            numAttentionHeads: heads,
            numKeyValueHeads: latent == nil ? keyValueHeads : heads,
            headDim: try Self.headDim(fields, architecture, latent, hidden, heads),
            vocabSize: try required("vocab_size"),
            maxPositionEmbeddings: positions,
            rmsNormEps: Float(try fields.number("rms_norm_eps") ?? 1e-6),
            ropeTheta: rope.theta,
            ropeScaling: rope.scaling,
            tieWordEmbeddings: try fields.flag("tie_word_embeddings") ?? false,
            attentionBias: architecture == .qwen2
                ? false : try fields.flag("attention_bias") ?? false,
            mlpBias: [.llama, .deepseekV2].contains(architecture)
                ? try fields.flag("mlp_bias") ?? false : false,
            latentAttention: latent,
            experts: try ExpertsConfig(fields, architecture),
            numNextnPredictLayers: try Self.predictLayers(fields, architecture))
        try validate(path: path)
        try Self.rejectSlidingWindow(fields, architecture, self)
    }

    private static func architecture(_ fields: JSONFields) throws(FormatError) -> Architecture {
        if let name = try fields.string("model_type") {
            guard let architecture = Architecture(rawValue: name) else {
                throw FormatError(
                    "\(fields.path): the model_type '\(name)' is not supported; supported are \(Architecture.known)"
                )
            }
            return architecture
        }
        let classes = fields.value("architectures")?.arrayValue?.compactMap(\.stringValue) ?? []
        guard let name = classes.first else {
            throw FormatError("\(fields.path) has neither model_type nor architectures")
        }
        guard let architecture = Architecture.allCases.first(where: { $0.className == name }) else {
            let known = Architecture.allCases.map(\.className).joined(separator: ", ")
            throw FormatError(
                "\(fields.path): the architecture '\(name)' is not supported; supported are \(known)"
            )
        }
        return architecture
    }

    private static func predictLayers(_ fields: JSONFields, _ architecture: Architecture)
        throws(FormatError) -> Int
    {
        guard architecture == .deepseekV3 else { return 0 }
        if let count = try fields.integer("num_nextn_predict_layers") { return count }
        return try fields.integer("num_mtp_layers") ?? 0
    }

    private static func headDim(
        _ fields: JSONFields, _ architecture: Architecture, _ latent: LatentAttentionConfig?,
        _ hidden: Int, _ heads: Int
    ) throws(FormatError) -> Int {
        if let latent { return latent.qkHeadDim }
        if let explicit = try fields.integer("head_dim") { return explicit }
        if architecture == .qwen3 { return 128 }
        guard heads > 0, hidden % heads == 0 else {
            throw FormatError(
                "\(fields.path): hidden_size \(hidden) is not a multiple of num_attention_heads \(heads) and there is no head_dim"
            )
        }
        return hidden / heads
    }

    private static func rejectUnsupported(_ fields: JSONFields) throws(FormatError) {
        for key in ["quantization_config", "quantization", "compression_config"] {
            guard let value = fields.value(key) else { continue }
            if key == "quantization_config", isBlockScaled(value) { continue }
            let method = value["quant_method"]?.stringValue.map { " (\($0))" } ?? ""
            throw FormatError(
                "\(fields.path) has a \(key)\(method); only f32, f16, bf16 and fp8 e4m3 weights in blocks of 128 x 128 are read: use the unquantised model or a GGUF file in q8_0"
            )
        }
        let activation = try fields.string("hidden_act") ?? "silu"
        guard activation == "silu" || activation == "swish" else {
            throw FormatError("\(fields.path): hidden_act is '\(activation)'; silu was expected")
        }
    }

    /// DeepSeek's own format. How activations are rounded there is of no consequence here, where they
    /// are not rounded to 8 bits.
    private static func isBlockScaled(_ value: JSONValue) -> Bool {
        let block = value["weight_block_size"]?.arrayValue?.compactMap(\.intValue)
        return value["quant_method"]?.stringValue == "fp8"
            && value["fmt"]?.stringValue ?? "e4m3" == "e4m3"
            && block == [BlockScales.block, BlockScales.block]
    }

    /// Windows are not implemented; one that no position can outgrow makes no difference.
    private static func rejectSlidingWindow(
        _ fields: JSONFields, _ architecture: Architecture, _ config: ModelConfig
    ) throws(FormatError) {
        guard [.qwen2, .qwen3, .qwen3Moe].contains(architecture),
            try fields.flag("use_sliding_window") ?? false
        else { return }
        let window =
            fields.object["sliding_window"] == nil ? 4096 : try fields.integer("sliding_window")
        guard let window, window < config.maxPositionEmbeddings else { return }
        let layerTypes = fields.value("layer_types")?.arrayValue?.compactMap(\.stringValue)
        let isUsed: Bool
        if let layerTypes {
            isUsed = layerTypes.contains("sliding_attention")
        } else {
            let first = try fields.integer("max_window_layers") ?? 28
            isUsed = first < config.numHiddenLayers
        }
        if isUsed {
            throw FormatError(
                "\(fields.path): use_sliding_window is true with a window of \(window); sliding windows are not supported"
            )
        }
    }
}

/// Rotary embedding in config.json: `rope_theta` beside `rope_scaling`, or both in
/// `rope_parameters`.
private struct RopeFields {
    let theta: Float
    let scaling: RopeScaling?

    init(_ config: JSONFields, maxPositionEmbeddings positions: Int) throws(FormatError) {
        let old = try config.object("rope_scaling").flatMap { $0.object.isEmpty ? nil : $0 }
        let new = try config.object("rope_parameters")
        let fields = old ?? new
        let top = try config.number("rope_theta")
        theta = Float(try fields?.number("rope_theta") ?? top ?? 10_000)
        for holder in [config, fields].compactMap({ $0 }) {
            if let factor = try holder.number("partial_rotary_factor"), factor != 1 {
                throw FormatError(
                    "\(config.path): partial_rotary_factor is \(factor); only whole heads can be rotated"
                )
            }
        }
        guard let fields else {
            scaling = nil
            return
        }
        if fields.object.members.contains(where: { $0.value.objectValue != nil }) {
            throw FormatError(
                "\(fields.path) differs between kinds of layers; one rotary embedding for all is supported"
            )
        }
        let outer = try config.integer("original_max_position_embeddings")
        let inner = try fields.integer("original_max_position_embeddings")
        let original = outer ?? inner ?? positions
        let legacyType = try fields.string("type")
        let type = try fields.string("rope_type") ?? legacyType ?? "default"
        switch type {
        case "default": scaling = nil
        case "linear": scaling = .linear(factor: try Self.required("factor", fields))
        case "llama3":
            scaling = .llama3(
                factor: try Self.required("factor", fields),
                lowFreqFactor: try Self.required("low_freq_factor", fields),
                highFreqFactor: try Self.required("high_freq_factor", fields),
                originalMaxPositionEmbeddings: original)
        case "yarn": scaling = .yarn(try Self.yarn(fields, original, positions))
        default:
            throw FormatError(
                "\(fields.path): the rope type '\(type)' is not supported; supported are default, linear, llama3, yarn"
            )
        }
    }

    private static func required(_ key: String, _ fields: JSONFields) throws(FormatError) -> Float {
        guard let value = try fields.number(key) else {
            throw FormatError("\(fields.path) has no \(key)")
        }
        return Float(value)
    }

    private static func yarn(_ fields: JSONFields, _ original: Int, _ positions: Int)
        throws(FormatError) -> RopeScaling.YaRN
    {
        if try fields.flag("truncate") == false {
            throw FormatError("\(fields.path): yarn with truncate false is not supported")
        }
        let factor = try fields.number("factor") ?? Double(positions) / Double(max(original, 1))
        var attention = try fields.number("attention_factor")
        let scale = try fields.number("mscale") ?? 0
        let scaleAll = try fields.number("mscale_all_dim") ?? 0
        if attention == nil, scale != 0, scaleAll != 0 {
            attention =
                RopeScaling.YaRN.magnitude(factor: factor, scale: scale)
                / RopeScaling.YaRN.magnitude(factor: factor, scale: scaleAll)
        }
        // Zero counts as absent for the two betas, as in transformers.
        func beta(_ key: String, _ absent: Double) throws(FormatError) -> Float {
            let value = try fields.number(key) ?? 0
            return Float(value == 0 ? absent : value)
        }
        return RopeScaling.YaRN(
            factor: Float(factor), originalMaxPositionEmbeddings: original,
            betaFast: try beta("beta_fast", 32), betaSlow: try beta("beta_slow", 1),
            attentionFactor: attention.map { Float($0) },
            mscaleAllDim: scaleAll == 0 ? nil : Float(scaleAll))
    }
}

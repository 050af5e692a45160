// SPDX-License-Identifier: Apache-2.0
//
// Converts weights and configuration between GGUF and Hugging Face, either way, and between types.
// Tokenizer and chat template are the caller's: as metadata into a GGUF file, as files into a
// directory.

import Foundation
import RetortJSON
import RetortTensor

/// Writes a checkpoint in another format or type.
public enum CheckpointConverter {
    /// Writes a GGUF file.
    /// - Parameters:
    ///   - checkpoint: The weights and the configuration.
    ///   - path: The file to be written.
    ///   - dtype: The type of matrices; q4_k and q5_k stand for llama.cpp's mixtures q4_k_m and
    ///     q5_k_m. Vectors become f32. A matrix whose rows do not fill the blocks of a k-quant
    ///     becomes q8_0, or keeps its type where they do not fill those either.
    ///   - extraMetadata: The tokenizer and whatever else; wins over what is made here. llama.cpp
    ///     wants `tokenizer.ggml.tokens` to have exactly `config.vocabSize` entries.
    /// - Throws: ``FormatError`` if the model cannot be expressed in GGUF, a number does not fit the
    ///   type or the file cannot be written. Then no file is left behind.
    public static func writeGGUF(
        from checkpoint: Checkpoint, to path: String, dtype: DType,
        extraMetadata: [(key: String, value: GGUFValue)] = []
    ) throws {
        let config = checkpoint.config
        if let tokens = extraMetadata.last(where: { $0.key == "tokenizer.ggml.tokens" }),
            let count = tokens.value.arrayValue?.count, count != config.vocabSize
        {
            throw FormatError(
                "the tokenizer has \(count) tokens, the model's embedding \(config.vocabSize) rows; fill up with unused tokens"
            )
        }
        let encoder = try TensorEncoder(
            dtype: dtype,
            mixture: QuantMixture(
                dtype: dtype, layers: config.numHiddenLayers, isTied: config.tieWordEmbeddings))
        var metadata = GGUFMetadata()
        let tensors: [TensorSource]
        switch checkpoint.kind {
        case .gguf(let gguf):
            metadata.add(
                gguf.metadata.filter {
                    !$0.key.hasPrefix("split.") && $0.key != "general.alignment"
                })
            tensors = try checkpoint.tensorNames.map { known in
                let name = checkpoint.ggufName(known)
                let tensor = try checkpoint.changedTensor(known)
                return encoder.source(
                    tensor, name: name, type: encoder.ggufType(of: tensor, name: name))
            }
        case .huggingFace(let directory):
            metadata.add(try GGUFMetadata.model(checkpoint, name: displayName(directory)))
            tensors = try ggufTensors(checkpoint, encoder)
        }
        metadata.add(GGUFMetadata.type(dtype))
        metadata.add(extraMetadata)
        try GGUFWriter.write(to: path, metadata: metadata.pairs, tensors: tensors)
    }

    private static func displayName(_ directory: String) -> String {
        URL(fileURLWithPath: directory).standardizedFileURL.lastPathComponent
    }

    /// Writes a Hugging Face directory: config.json, generation_config.json and safetensors, in
    /// shards where there is much.
    /// - Parameters:
    ///   - checkpoint: The weights and the configuration.
    ///   - directory: Made if it is not there.
    ///   - dtype: f32, f16 or bf16.
    ///   - maximumShardBytes: Where a new shard begins.
    /// - Throws: ``FormatError`` if the model cannot be expressed there, the directory holds other
    ///   weights, a number does not fit the type or a file cannot be written.
    public static func writeHuggingFace(
        from checkpoint: Checkpoint, to directory: String, dtype: DType,
        maximumShardBytes: Int = SafetensorsWriter.defaultShardBytes
    ) throws {
        guard !dtype.isQuantized else {
            throw FormatError(
                "a Hugging Face directory cannot hold \(dtype.rawValue); choose f32, f16 or bf16, or write GGUF"
            )
        }
        let encoder = try TensorEncoder(dtype: dtype)
        var config = checkpoint.config
        if checkpoint.contains("rope_freqs.weight") {
            config.ropeScaling = try ropeScaling(checkpoint)
        }
        let sources = try huggingFaceTensors(checkpoint, encoder)
        try SafetensorsWriter.write(
            sources, directory: directory, maximumShardBytes: maximumShardBytes)
        let generation = checkpoint.generationConfig
        try OutputFile.write(
            config.json(dtype: dtype, generation: generation).text(.pretty) + "\n",
            to: "\(directory)/config.json")
        try OutputFile.write(
            generation.json.text(.pretty) + "\n", to: "\(directory)/generation_config.json")
    }

    static func unplaced(_ checkpoint: Checkpoint, _ name: String, _ target: String)
        -> FormatError
    {
        FormatError("\(checkpoint.path): tensor \(name) has no place in \(target)")
    }

    /// Rows can be reordered only if they are those of whole heads.
    static func checkHeads(_ tensor: StoredTensor, _ config: ModelConfig)
        throws(FormatError)
    {
        guard let rows = tensor.shape.first, rows % config.headDim == 0 else {
            throw FormatError(
                "\(tensor.name) has the shape \(tensor.shape), not whole heads of \(config.headDim)"
            )
        }
    }

    private static func ropeScaling(_ checkpoint: Checkpoint) throws -> RopeScaling? {
        let tensor = try checkpoint.tensor("rope_freqs.weight")
        let count = checkpoint.config.headDim / 2
        guard tensor.shape == [count] else {
            throw FormatError("rope_freqs.weight has the shape \(tensor.shape), not [\(count)]")
        }
        let vector = try FloatVector(dtype: tensor.dtype, count: count, bytes: tensor.bytes)
        let factors = Array(UnsafeBufferPointer(start: vector.base, count: count))
        var originals = [8192]
        if case .gguf(let gguf) = checkpoint.kind,
            let stored = try gguf.integer(
                "\(checkpoint.config.architecture.ggufName).rope.scaling.original_context_length")
        {
            originals.insert(stored, at: 0)
        }
        return try Llama3Frequencies.scaling(
            of: factors, config: checkpoint.config, originals: originals, path: checkpoint.path)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// A model on disk, whatever its format: one set of names, one order of axes, one configuration.

import Foundation
import RetortJSON
import RetortTensor

/// The weights and the configuration of a model. Weights are mapped, not read; the tensors stay
/// valid as long as they or the checkpoint are held.
public final class Checkpoint: @unchecked Sendable {
    // Safety: read-only after init.

    /// Where a checkpoint comes from.
    public enum Kind: Sendable {
        case huggingFace(directory: String)
        case gguf(GGUFFile)
    }

    public let path: String
    public let kind: Kind
    public let config: ModelConfig
    public let generationConfig: GenerationConfig
    public let ropeLayout: RopeLayout
    /// Hugging Face's names where there is one, in the order of the files; the others, such as
    /// `rope_freqs.weight`, as stored.
    public let tensorNames: [String]
    /// Bytes of all tensors.
    public let totalBytes: Int
    /// Paths of the files: of a directory all that lie in it, sorted; of a GGUF model its parts.
    public let files: [String]
    private let safetensors: SafetensorsDirectory?
    /// GGUF: names in the file, by the names here.
    private let storedNames: [ByteKey: String]
    /// What changes the weights when they are read.
    let adapter: LowRankFile?

    /// Opens a Hugging Face directory or a GGUF file; GGUF is known by its first bytes.
    /// - Throws: ``FormatError`` if it is neither, a file is missing or damaged, or the model is not
    ///   supported.
    public init(path: String) throws(FormatError) {
        self.path = path
        adapter = nil
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw FormatError(
                "\(path) does not exist; a GGUF file or a Hugging Face directory was expected")
        }
        if isDirectory.boolValue {
            let configPath = "\(path)/config.json"
            guard FileManager.default.fileExists(atPath: configPath) else {
                throw FormatError(
                    "\(path) has no config.json; a GGUF file or a Hugging Face directory was expected"
                )
            }
            let fields = JSONFields(object: try JSONFile.object(path: configPath), path: configPath)
            config = try ModelConfig(fields)
            generationConfig = try Self.generationConfig(directory: path, config: fields)
            let weights = try SafetensorsDirectory(path: path)
            kind = .huggingFace(directory: path)
            ropeLayout = config.ropeLayout(isGGUF: false)
            tensorNames = weights.tensorNames
            totalBytes = weights.tensorNames.reduce(0) { $0 + (weights.info($1)?.byteCount ?? 0) }
            let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            files = names.sorted().map { "\(path)/\($0)" }
            safetensors = weights
            storedNames = [:]
        } else {
            let gguf = try Self.openGGUF(path)
            config = try ModelConfig(gguf)
            generationConfig = try GenerationConfig(gguf)
            kind = .gguf(gguf)
            ropeLayout = config.ropeLayout(isGGUF: true)
            let names = gguf.tensorNames.map { (GGUFNames.huggingFace($0) ?? $0, $0) }
            tensorNames = names.map(\.0)
            storedNames = Dictionary(
                names.map { (ByteKey($0.0), $0.1) }, uniquingKeysWith: { first, _ in first })
            totalBytes = gguf.tensorNames.reduce(0) { $0 + (gguf.info($1)?.byteCount ?? 0) }
            files = gguf.parts
            safetensors = nil
        }
    }

    /// The same files, changed by an adapter that was checked against them.
    init(_ base: Checkpoint, adapter: LowRankFile, config: ModelConfig, added: [String]) {
        path = base.path
        kind = base.kind
        self.config = config
        generationConfig = base.generationConfig
        ropeLayout = base.ropeLayout
        tensorNames = base.tensorNames + added
        totalBytes = base.totalBytes
        files = base.files
        safetensors = base.safetensors
        storedNames = base.storedNames
        self.adapter = adapter
    }

    private static func openGGUF(_ path: String) throws(FormatError) -> GGUFFile {
        let file = try MappedFile(path: path)
        guard GGUFParser.hasMagic(file.bytes) else {
            let hint =
                path.hasSuffix(".safetensors")
                ? "; give the directory that it lies in with its config.json"
                : "; a GGUF file or a Hugging Face directory was expected"
            throw FormatError("\(path) is not a GGUF file\(hint)")
        }
        return try GGUFFile(path: path)
    }

    private static func generationConfig(directory: String, config: JSONFields)
        throws(FormatError) -> GenerationConfig
    {
        let fallback = try GenerationConfig(tokens: config)
        let path = "\(directory)/generation_config.json"
        guard FileManager.default.fileExists(atPath: path) else { return fallback }
        var generation = try GenerationConfig(
            JSONFields(object: JSONFile.object(path: path), path: path))
        generation.addTokens(of: fallback)
        return generation
    }

    /// The path of a file that belongs to a Hugging Face directory, such as tokenizer.json; nil if
    /// it is not there or the checkpoint is a GGUF file.
    public func file(named name: String) -> String? {
        guard case .huggingFace(let directory) = kind else { return nil }
        let path = "\(directory)/\(name)"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }

    public func contains(_ name: String) -> Bool { isStored(name) || isTiedHead(name) }

    /// Whether the files have the tensor.
    func isStored(_ name: String) -> Bool {
        storedNames[ByteKey(name)] != nil || safetensors?.contains(name) ?? false
    }

    /// A tensor by Hugging Face's name, such as `model.layers.3.self_attn.q_proj.weight`. The rows of
    /// queries and keys are as stored: see ``ropeLayout``. One that an adapter changes is a copy.
    /// - Throws: ``FormatError`` if there is none or its type cannot be computed with.
    public func tensor(_ name: String) throws(FormatError) -> StoredTensor {
        try changedTensor(name).merged()
    }

    /// The tensor in the file.
    func storedTensor(_ name: String) throws(FormatError) -> StoredTensor {
        if let tensor = try safetensors?.tensor(name) {
            guard tensor.dtype == .f8e4m3,
                let scales = try safetensors?.tensor(name + BlockScales.suffix)
            else { return tensor }
            return try tensor.scaled(by: scales)
        }
        guard case .gguf(let gguf) = kind, let stored = storedNames[ByteKey(name)] else {
            throw FormatError("\(path) has no tensor \(name)")
        }
        return try gguf.tensor(stored, as: name)
    }

    /// The name that a tensor of a GGUF checkpoint has, or would have, in the file.
    func ggufName(_ name: String) -> String {
        storedNames[ByteKey(name)] ?? GGUFNames.gguf(name) ?? name
    }

    /// What the files say about a tensor, also about one that cannot be computed with.
    public func info(_ name: String) -> TensorInfo? {
        if let info = safetensors?.info(name) { return info }
        guard case .gguf(let gguf) = kind, let stored = storedNames[ByteKey(name)],
            let info = gguf.info(stored)
        else { return nil }
        return TensorInfo(
            name: name, type: info.type, shape: info.shape, byteCount: info.byteCount)
    }

    /// Looks for NaN and infinity in every tensor that can be computed with; reads them all once.
    /// - Throws: ``FormatError`` naming the first tensor that has one.
    public func validateFinite() throws(FormatError) {
        for name in tensorNames {
            guard let tensor = try? tensor(name) else { continue }
            if let index = tensor.firstNonFinite() {
                throw FormatError(
                    "\(path): tensor \(name) has NaN or infinity at element \(index); the file is damaged or its training diverged"
                )
            }
        }
    }
}

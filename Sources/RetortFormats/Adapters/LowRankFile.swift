// SPDX-License-Identifier: Apache-2.0
//
// Low-rank adapters (LoRA, Hu et al. 2021) in the files of the library peft: adapter_config.json and
// adapter_model.safetensors.

import Foundation
import RetortJSON
import RetortTensor

/// The adapters of a model's linear layers: y += scale · B A x.
public final class LowRankFile: @unchecked Sendable {
    // Safety: read-only after init.

    /// One layer's matrices.
    public struct Layer {
        public let a: StoredTensor  // [rank, inputs]
        public let b: StoredTensor  // [outputs, rank]
        public let scale: Float
    }

    public let path: String
    /// The rank of all layers that no pattern says otherwise of.
    public let rank: Int
    public let alpha: Float
    /// As the configuration names them.
    public let targetModules: [String]
    private let file: SafetensorsFile
    /// By the name of the layer's weight.
    private let layers: [ByteKey: Layer]
    /// The weights that are changed.
    public let weightNames: [String]
    /// The model's own weights that peft writes beside the adapter of a head, by their names.
    let copies: [(name: String, tensor: StoredTensor)]

    static let configName = "adapter_config.json"
    static let fileName = "adapter_model.safetensors"
    /// What peft puts before the names of the model's layers.
    static let prefix = "base_model.model."

    /// Opens a directory.
    /// - Throws: ``FormatError`` if a file is missing or damaged, or it is no plain LoRA of linear
    ///   layers.
    public init(path: String) throws(FormatError) {
        self.path = path
        let configPath = "\(path)/\(Self.configName)"
        let fields = JSONFields(object: try JSONFile.object(path: configPath), path: configPath)
        try Self.checkKind(fields)
        guard let rank = try fields.integer("r"), rank > 0 else {
            throw FormatError("\(configPath) has no rank 'r'")
        }
        self.rank = rank
        alpha = Float(try fields.number("lora_alpha") ?? Double(rank))
        let isStabilised = try fields.flag("use_rslora") ?? false
        targetModules =
            fields.value("target_modules")?.arrayValue?.compactMap(\.stringValue)
            ?? (fields.value("target_modules")?.stringValue).map { [$0] } ?? []
        let alphas = try AdapterPatterns(fields, "alpha_pattern")
        file = try SafetensorsFile(path: "\(path)/\(Self.fileName)")
        var layers: [ByteKey: Layer] = [:]
        var names: [String] = []
        var copies: [(String, StoredTensor)] = []
        for name in file.tensorNames {
            guard name.hasPrefix(Self.prefix) else {
                throw FormatError("\(file.path): \(name) does not begin with \(Self.prefix)")
            }
            let (first, second) = (".lora_A.weight", ".lora_B.weight")
            if name.hasSuffix(second) { continue }
            if let own = Self.copiedName(name) {
                copies.append((own, try file.tensor(name)))
                continue
            }
            guard name.hasSuffix(first) else {
                throw FormatError(
                    "\(file.path): \(name) is no adapter of a linear layer; merge it with peft")
            }
            let stem = String(name.dropLast(first.count))
            let layer = String(stem.dropFirst(Self.prefix.count))
            let (a, b) = (try file.tensor(name), try file.tensor(stem + second))
            guard a.shape.count == 2, b.shape.count == 2, a.shape[0] == b.shape[1], a.shape[0] > 0
            else {
                throw FormatError(
                    "\(file.path): \(stem) has matrices of \(a.shape) and \(b.shape), which do not fit together"
                )
            }
            let own = alphas.value(of: layer) ?? alpha
            // The layer's own rank, which rank_pattern may have changed.
            let size = Float(a.shape[0])
            layers[ByteKey(layer + ".weight")] = Layer(
                a: a, b: b, scale: own / (isStabilised ? size.squareRoot() : size))
            names.append(layer + ".weight")
        }
        guard !names.isEmpty else { throw FormatError("\(file.path) has no adapters") }
        self.layers = layers
        self.copies = copies
        weightNames = names
    }

    private static func copiedName(_ name: String) -> String? {
        let (base, embedding) = (".base_layer.weight", "model.embed_tokens.weight")
        if name.hasSuffix(base) {
            return name.dropFirst(prefix.count).dropLast(base.count) + ".weight"
        }
        return name == prefix + embedding ? embedding : nil
    }

    /// The adapter of a weight such as `model.layers.0.self_attn.q_proj.weight`.
    public func layer(ofWeight name: String) -> Layer? { layers[ByteKey(name)] }

    /// Adds the change to a weight.
    /// - Parameters:
    ///   - values: `[outputs, inputs]`, f32.
    ///   - shape: Of the weight.
    ///   - rowOrder: Which row of the layer each row of `values` is; nil where they are the same.
    /// - Throws: ``FormatError`` if the adapter is of another shape.
    public func apply(
        to values: UnsafeMutablePointer<Float>, ofWeight name: String, shape: [Int],
        rowOrder: ((Int) -> Int)? = nil
    ) throws(FormatError) {
        guard let layer = layer(ofWeight: name) else { return }
        let (rank, columns) = (layer.a.shape[0], layer.a.shape[1])
        try check(layer, name, shape)
        let (a, b) = (try layer.a.floats(), try layer.b.floats())
        // B A is summed up by itself, so that the weight is rounded once.
        var change = [Float](repeating: 0, count: columns)
        for row in 0..<shape[0] {
            let source = rowOrder?(row) ?? row
            change.withUnsafeMutableBufferPointer { change in
                change.update(repeating: 0)
                a.withUnsafeBufferPointer { a in
                    for index in 0..<rank {
                        let factor = b[source * rank + index]
                        let line = UnsafeBufferPointer(
                            rebasing: a[index * columns..<(index + 1) * columns])
                        for column in 0..<columns { change[column] += factor * line[column] }
                    }
                }
                let target = values + row * columns
                for column in 0..<columns { target[column] += layer.scale * change[column] }
            }
        }
        withExtendedLifetime(file) {}
    }

    /// - Throws: ``FormatError`` if a weight of `shape` cannot be changed by the layer.
    func check(_ layer: Layer, _ name: String, _ shape: [Int]) throws(FormatError) {
        guard shape == [layer.b.shape[0], layer.a.shape[1]] else {
            throw FormatError(
                "\(path): the adapter of \(name) changes a matrix of \(layer.b.shape[0]) x \(layer.a.shape[1]); the model's has the shape \(shape)"
            )
        }
    }

    /// Writes a directory.
    /// - Parameters:
    ///   - tensors: The matrices under peft's names.
    ///   - base: The model that is changed.
    /// - Throws: ``FormatError`` if a file cannot be written.
    package static func write(
        _ tensors: [TensorSource], rank: Int, alpha: Float, targets: [String], base: String,
        to directory: String
    ) throws {
        try SafetensorsWriter.write(tensors, to: "\(directory)/\(fileName)")
        let config: JSONValue = [
            "alpha_pattern": .object(JSONObject()), "auto_mapping": nil,
            "base_model_name_or_path": .string(base),
            "bias": "none", "fan_in_fan_out": false, "inference_mode": true,
            "init_lora_weights": true, "lora_alpha": .shortest(alpha), "lora_dropout": 0.0,
            "modules_to_save": nil, "peft_type": "LORA", "r": .integer(Int64(rank)),
            "rank_pattern": .object(JSONObject()),
            "target_modules": .array(targets.map { .string($0) }),
            "task_type": "CAUSAL_LM", "use_dora": false, "use_rslora": false,
        ]
        try OutputFile.write(config.text(.pretty) + "\n", to: "\(directory)/\(configName)")
    }

    /// The name under which peft keeps the matrices of a layer's weight.
    package static func names(ofWeight name: String) -> (a: String, b: String) {
        let layer = name.hasSuffix(".weight") ? String(name.dropLast(7)) : name
        return ("\(prefix)\(layer).lora_A.weight", "\(prefix)\(layer).lora_B.weight")
    }
}

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
        let type = try fields.string("peft_type") ?? "LORA"
        guard type == "LORA" else {
            throw FormatError("\(configPath): peft_type is \(type); LORA was expected")
        }
        for key in ["use_dora", "fan_in_fan_out"] where try fields.flag(key) ?? false {
            throw FormatError("\(configPath): \(key) is not supported; merge the adapter with peft")
        }
        if let bias = try fields.string("bias"), bias != "none" {
            throw FormatError("\(configPath): bias is \(bias); none was expected")
        }
        guard let rank = try fields.integer("r"), rank > 0 else {
            throw FormatError("\(configPath) has no rank 'r'")
        }
        self.rank = rank
        alpha = Float(try fields.number("lora_alpha") ?? Double(rank))
        let isStabilised = try fields.flag("use_rslora") ?? false
        targetModules =
            fields.value("target_modules")?.arrayValue?.compactMap(\.stringValue)
            ?? (fields.value("target_modules")?.stringValue).map { [$0] } ?? []
        let alphas = fields.value("alpha_pattern")?.objectValue ?? JSONObject()
        file = try SafetensorsFile(path: "\(path)/\(Self.fileName)")
        var layers: [ByteKey: Layer] = [:]
        var names: [String] = []
        for name in file.tensorNames {
            guard name.hasPrefix(Self.prefix) else {
                throw FormatError("\(file.path): \(name) does not begin with \(Self.prefix)")
            }
            let (first, second) = (".lora_A.weight", ".lora_B.weight")
            if name.hasSuffix(second) { continue }
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
            var own = alpha
            for key in alphas.keys where layer == key || layer.hasSuffix(".\(key)") {
                own = alphas[key]?.doubleValue.map { Float($0) } ?? own
            }
            let size = Float(a.shape[0])
            layers[ByteKey(layer + ".weight")] = Layer(
                a: a, b: b, scale: own / (isStabilised ? size.squareRoot() : size))
            names.append(layer + ".weight")
        }
        guard !names.isEmpty else { throw FormatError("\(file.path) has no adapters") }
        self.layers = layers
        weightNames = names
    }

    /// The adapter of a weight such as `model.layers.0.self_attn.q_proj.weight`.
    public func layer(ofWeight name: String) -> Layer? { layers[ByteKey(name)] }

    /// Adds the change to a weight.
    /// - Parameters:
    ///   - values: `[outputs, inputs]`, f32.
    ///   - shape: Of the weight.
    /// - Throws: ``FormatError`` if the adapter is of another shape.
    public func apply(
        to values: UnsafeMutablePointer<Float>, ofWeight name: String, shape: [Int]
    ) throws(FormatError) {
        guard let layer = layer(ofWeight: name) else { return }
        let rank = layer.a.shape[0]
        guard shape == [layer.b.shape[0], layer.a.shape[1]] else {
            throw FormatError(
                "\(path): the adapter of \(name) changes a matrix of \(layer.b.shape[0]) x \(layer.a.shape[1]); the model's has the shape \(shape)"
            )
        }
        let (a, b) = (try layer.a.floats(), try layer.b.floats())
        for row in 0..<shape[0] {
            for index in 0..<rank {
                let factor = layer.scale * b[row * rank + index]
                for column in 0..<shape[1] {
                    values[row * shape[1] + column] += factor * a[index * shape[1] + column]
                }
            }
        }
        withExtendedLifetime(file) {}
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

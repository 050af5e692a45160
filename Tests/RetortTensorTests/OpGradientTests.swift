// SPDX-License-Identifier: Apache-2.0
//
// Every op of the tape, forward and back, against PyTorch in float64, which a script has compared
// with finite differences: Tools/make_op_fixtures.py.

import Foundation
import RetortFormats
import RetortTensor
import TestSupport
import Testing

/// One case: what goes in, what comes out, and the gradients.
struct OpReference {
    static let names = [
        "linear", "linear-bias-residual", "linears", "linear-wide", "rms-norm", "rms-norm-heads",
        "rotate-half", "rotate-interleaved", "rotate-part", "attention-plain",
        "attention-grouped", "attention-unequal", "attention-wide", "gated", "gated-linear",
        "split", "concatenate", "latent-keys", "experts-sigmoid", "experts-softmax",
        "experts-softmax-normalised", "head-cross-entropy", "head-forward",
        "head-forward-top", "head-forward-top-warm", "head-reverse", "head-reverse-top",
        "head-reverse-top-warm", "head-jsd", "head-jsd-top", "head-jsd-top-warm", "head-jsd-skewed",
    ]
    static let length = 11
    static let rows = 22

    let name: String
    let file: SafetensorsFile

    init(_ name: String) throws {
        self.name = name
        file = try SafetensorsFile(path: fixture("ops/\(name).safetensors").path)
    }

    func floats(_ name: String) throws -> [Float] {
        let tensor = try file.tensor(name)
        defer { withExtendedLifetime(file) {} }
        return tensor.bytes.withMemoryRebound(to: Float.self) { Array($0) }
    }

    func shape(_ name: String) throws -> [Int] { try file.tensor(name).shape }
}

/// Runs a case on a tape.
final class OpRun {
    let reference: OpReference
    let tape: Tape
    let store = ParameterStore()
    private var sums: [WeightedSumNode] = []
    private(set) var head: HeadNode?
    private var outputs: [Variable] = []
    private var kept: [AlignedBuffer] = []
    let dtype: DType

    init(_ reference: OpReference, _ type: ComputeType, kernels: Kernels, threads: Int) throws {
        self.reference = reference
        dtype = type == .bf16 ? .bf16 : .f32
        tape = Tape(
            engine: try MatrixEngine(
                pool: ThreadPool(threadCount: threads), kernels: kernels, computeType: type))
    }

    /// A parameter of one of the inputs, or of a part of it.
    func parameter(_ name: String, part: Int? = nil) throws -> Parameter {
        var shape = try reference.shape(name)
        var values = try reference.floats(name)
        var key = name
        if let part {
            let size = values.count / shape[0]
            values = Array(values[part * size..<(part + 1) * size])
            shape.removeFirst()
            key += ".\(part)"
        }
        let parameter = try store.parameter(key, shape: shape)
        parameter.values.update(from: values, count: values.count)
        return parameter
    }

    /// All parameters must be made before the first value.
    private func value(_ name: String, _ dtype: DType = .f32) throws -> Variable {
        try tape.value(of: try parameter(name), dtype)
    }

    private func memory(_ values: [Float]) throws -> UnsafeMutablePointer<Float> {
        let buffer = try AlignedBuffer.floats(values.count + 64)
        buffer.floats.update(from: values, count: values.count)
        kept.append(buffer)
        return buffer.floats
    }

    /// The outputs, which stand side by side in the reference.
    private func finish(_ outs: [Variable]) throws {
        let weights = try reference.floats("weights")
        let width = outs.reduce(0) { $0 + $1.columns }
        var column = 0
        for out in outs {
            var own: [Float] = []
            for row in 0..<out.rows {
                let start = row * width + column
                own += weights[start..<start + out.columns]
            }
            column += out.columns
            sums.append(try tape.weightedSum(out, try memory(own)))
        }
        outputs = outs
    }

    func record() throws {
        let names = reference.file.tensorNames.filter { !$0.hasPrefix("grad.") }
        for name in names where reference.file.contains("grad.\(name)") {
            if try reference.shape(name).count == 3 {
                for part in 0..<(try reference.shape(name)[0]) {
                    _ = try parameter(name, part: part)
                }
            } else {
                _ = try parameter(name)
            }
        }
        try store.train { _ in true }
        let kind = reference.name.split(separator: "-").first.map(String.init) ?? ""
        switch kind {
        case "linear":
            let hasResidual = reference.name.hasSuffix("residual")
            let layer = LinearParameters(
                weight: try parameter("w"), bias: hasResidual ? try parameter("b") : nil)
            let residual = hasResidual ? try value("r") : nil
            try finish([tape.linear(try value("x", dtype), layer, residual: residual)])
        case "linears":
            let layers = try ["w", "v"].map { LinearParameters(weight: try parameter($0)) }
            try finish(tape.linears(try value("x", dtype), layers))
        case "rms":
            try finish([
                try tape.rmsNorm(try value("x", dtype), try parameter("w"), eps: 1e-5)
            ])
        case "rotate":
            let pairs = reference.name.hasSuffix("part") ? 3 : 4
            let table = try Self.table(
                pairs: pairs, interleaved: reference.name.hasSuffix("interleaved"))
            try finish([try tape.rotate(try value("x", dtype), headDim: 8, table)])
        case "attention": try recordAttention()
        case "gated":
            let (gate, up) = (try value("g", dtype), try value("u", dtype))
            if reference.name == "gated" {
                try finish([try tape.gated(gate: gate, up: up)])
            } else {
                try finish([
                    try tape.gatedLinear(
                        gate: gate, up: up, down: try parameter("w"), residual: try value("r"))
                ])
            }
        case "split":
            let parts = try tape.split(try value("x", dtype), [7, 13])
            try finish([try tape.scale(parts[0], by: 2), parts[1]])
        case "concatenate":
            try finish([try tape.concatenate(try value("x", dtype), try value("y", dtype))])
        case "latent":
            let (keys, values) = try tape.latentKeys(
                try value("expanded", dtype), shared: try value("shared", dtype), heads: 3,
                nope: 4, valueDim: 5)
            try finish([keys, values])
        case "experts": try recordExperts()
        default:
            let loss: any TokenLoss
            let names = reference.name.dropFirst(5).split(separator: "-").map { String($0) }
            if let kind = Divergence.Kind(rawValue: names[0]) {
                let divergence = Divergence(kind, targets: try teacher())
                if names.contains("warm") { divergence.temperature = 2 }
                if names.contains("skewed") { divergence.beta = 0.1 }
                loss = divergence
            } else {
                loss = CrossEntropy()
            }
            head = try tape.headLoss(try value("x", dtype), try parameter("w"), loss: loss)
        }
        try tape.plan()
    }

    /// What the teacher of a case expects: all outcomes, or the likeliest.
    private func teacher() throws -> TeacherTargets {
        let (ids, probabilities) = (
            try reference.floats("ids"), try reference.floats("teacher")
        )
        let targets = try TeacherTargets(
            tokens: OpReference.rows, count: probabilities.count / OpReference.rows)
        for (index, id) in ids.enumerated() {
            targets.ids[index] = Int32(id)
            targets.probabilities[index] = probabilities[index]
        }
        return targets
    }

    private func recordAttention() throws {
        let shapes = [
            "plain": (2, 2, 6, 6), "grouped": (4, 2, 6, 6), "unequal": (2, 2, 10, 4),
            "wide": (1, 1, 34, 34),
        ]
        let (heads, groups, key, value) = try #require(
            shapes[String(reference.name.dropFirst(10))])
        let shape = AttentionShape(
            heads: heads, keyValueHeads: groups, keyDim: key, valueDim: value,
            scale: 1 / Float(key).squareRoot())
        try finish([
            try tape.attention(
                try self.value("q", dtype), try self.value("k", dtype),
                try self.value("v", dtype), shape, length: OpReference.length)
        ])
    }

    private func recordExperts() throws {
        let kind = reference.name.dropFirst(8)
        let isSoftmax = kind.hasPrefix("softmax")
        let normalizes = kind != "softmax"
        let scale: Float = kind == "sigmoid" ? 2.5 : 1
        let parameters = ExpertsParameters(
            router: try parameter("router"),
            experts: try (0..<5).map {
                .init(
                    gate: try parameter("gate", part: $0), up: try parameter("up", part: $0),
                    down: try parameter("down", part: $0))
            },
            perToken: 2, isSoftmax: isSoftmax, normalizes: normalizes, scale: scale,
            balanceWeight: kind == "sigmoid" ? 0.3 : kind == "softmax" ? 0.2 : 0,
            chooser: BestTwo(isSoftmax: isSoftmax, normalizes: normalizes, scale: scale))
        let (out, _) = try tape.experts(
            try value("x", dtype), parameters, residual: try value("residual"),
            length: OpReference.length)
        try finish([out])
    }

    private static func table(pairs: Int, interleaved: Bool) throws -> RotaryTable {
        try RotaryTable(
            positions: OpReference.length, pairs: pairs, interleaved: interleaved
        ) { cosine, sine in
            for position in 0..<OpReference.length {
                for pair in 0..<pairs {
                    let angle =
                        Double(position) * pow(10_000, -Double(pair) / Double(pairs))
                    cosine[position * pairs + pair] = Float(cos(angle))
                    sine[position * pairs + pair] = Float(sin(angle))
                }
            }
        }
    }

    /// One forward and backward pass; the outputs' values side by side, or the tokens' losses.
    func run() throws -> [Float] {
        let starts = try Self.starts()
        let count = starts.count
        let positions = starts.enumerated().map { Int32($0 % OpReference.length) - $1 }
        let targets =
            head == nil
            ? Array(repeating: Int32(0), count: count)
            : try reference.floats("targets").map { Int32($0) }
        store.forgetGradients()
        return try starts.withUnsafeBufferPointer { starts in
            try positions.withUnsafeBufferPointer { positions in
                try targets.withUnsafeBufferPointer { targets in
                    let batch = TapeBatch(
                        rows: 2, length: OpReference.length,
                        tokens: try #require(targets.baseAddress),
                        targets: try #require(targets.baseAddress),
                        documentStarts: try #require(starts.baseAddress),
                        positions: try #require(positions.baseAddress))
                    // Outputs are read behind the forward pass, before gradients take their place.
                    try tape.forward(batch)
                    var found = outputs.isEmpty ? [] : side()
                    try tape.forwardAndBackward(batch)
                    if let head {
                        found = Array(
                            UnsafeBufferPointer(start: head.losses.floats, count: count))
                    }
                    return found
                }
            }
        }
    }

    private func side() -> [Float] {
        var values: [Float] = []
        for row in 0..<outputs[0].rows {
            for output in outputs {
                let view = tape.data(output)
                for column in 0..<view.columns {
                    if view.dtype == .f32 {
                        values.append(view.floats(row: row)[column])
                    } else {
                        let half = view.row(row).assumingMemoryBound(to: UInt16.self)[column]
                        values.append(Float(bitPattern: UInt32(half) << 16))
                    }
                }
            }
        }
        return values
    }

    static func starts() throws -> [Int32] {
        let file = try SafetensorsFile(path: fixture("ops/starts.safetensors").path)
        defer { withExtendedLifetime(file) {} }
        return try file.tensor("starts").bytes.withMemoryRebound(to: Float.self) {
            $0.map { Int32($0) }
        }
    }

    /// The largest relative error of an input's gradient, and which it is.
    func worst() throws -> (error: Double, name: String) {
        var worst = (error: 0.0, name: "")
        for name in reference.file.tensorNames where name.hasPrefix("grad.") {
            let key = String(name.dropFirst(5))
            let parts = store.parameters.filter { $0.name == key || $0.name.hasPrefix("\(key).") }
            var found: [Float] = []
            for part in parts {
                let gradient = try #require(part.gradient)
                found += Array(UnsafeBufferPointer(start: gradient, count: part.count))
            }
            let error = relativeError(found, try reference.floats(name))
            if !(error <= worst.error) { worst = (error, key) }
        }
        return worst
    }
}

/// The best two of the scores.
final class BestTwo: ExpertChooser {
    let isSoftmax: Bool
    let normalizes: Bool
    let scale: Float

    init(isSoftmax: Bool, normalizes: Bool, scale: Float) {
        self.isSoftmax = isSoftmax
        self.normalizes = normalizes
        self.scale = scale
    }

    func choose(
        _ scores: UnsafeMutablePointer<Float>, experts: UnsafeMutablePointer<Int32>,
        weights: UnsafeMutablePointer<Float>, thread: Int
    ) {
        let logits = (0..<5).map { scores[$0] }
        let sum = logits.reduce(0) { $0 + exp($1) }
        for index in 0..<5 {
            scores[index] = isSoftmax ? exp(logits[index]) / sum : 1 / (1 + exp(-logits[index]))
        }
        let best = (0..<5).sorted { scores[$0] > scores[$1] }.prefix(2)
        let total = best.reduce(0) { $0 + scores[$1] }
        for (place, index) in best.enumerated() {
            experts[place] = Int32(index)
            weights[place] = scale * scores[index] / (normalizes ? total : 1)
        }
    }
}

@Suite struct OpGradientTests {
    @Test(
        "an op and its gradients are PyTorch's", arguments: OpReference.names,
        Kernels.available.map(\.name))
    func op(name: String, kernels: String) throws {
        let reference = try OpReference(name)
        for threads in [1, 3] {
            let run = try OpRun(
                reference, .f32, kernels: try #require(Kernels(named: kernels)), threads: threads)
            try run.record()
            let out = try run.run()
            #expect(relativeError(out, try reference.floats("out")) < 1e-5)
            let worst = try run.worst()
            #expect(worst.error < 2e-5, "\(worst.name)")
        }
    }

    @Test(
        "in bf16 an op is as near as bf16 is", arguments: OpReference.names,
        Kernels.available.map(\.name))
    func half(name: String, kernels: String) throws {
        let reference = try OpReference(name)
        let run = try OpRun(
            reference, .bf16, kernels: try #require(Kernels(named: kernels)), threads: 2)
        try run.record()
        let out = try run.run()
        #expect(relativeError(out, try reference.floats("out")) < 0.02)
        let worst = try run.worst()
        #expect(worst.error < 0.03, "\(worst.name)")
    }
}

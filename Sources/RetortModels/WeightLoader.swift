// SPDX-License-Identifier: Apache-2.0
//
// Reads the tensors of a checkpoint into layers by the checkpoint's own keys and checks every shape
// against config.json before a kernel sees it.

import RetortFormats
import RetortTensor

/// Loads the weights below one prefix, such as `model.layers.3.self_attn`.
struct WeightLoader {
    let source: Source
    let pool: ThreadPool
    /// Whether each tensor is searched for NaN and infinity when it is read.
    let checksWeights: Bool
    var prefix = ""

    /// Where weights come from.
    enum Source {
        /// Mapped files, for inference.
        case checkpoint(Checkpoint)
        /// Memory of their own, for training.
        case parameters(ParameterSource)
    }

    /// A loader for the keys below `name`.
    func scope(_ name: String) -> WeightLoader {
        var loader = self
        loader.prefix = path(name)
        return loader
    }

    private func path(_ name: String) -> String { prefix.isEmpty ? name : "\(prefix).\(name)" }

    func contains(_ name: String) -> Bool {
        switch source {
        case .checkpoint(let checkpoint): return checkpoint.contains(path(name))
        case .parameters(let parameters): return parameters.contains(path(name))
        }
    }

    /// The parameter of a name; nil where weights stay in files.
    func parameter(_ name: String, shape: [Int]) throws -> Parameter? {
        guard case .parameters(let parameters) = source else { return nil }
        return try parameters.parameter(path(name), shape: shape)
    }

    /// A stored tensor and what its bytes belong to.
    func tensor(_ name: String, shape: [Int]) throws
        -> (StoredTensor, owner: any AnyObject & Sendable)
    {
        guard case .checkpoint(let checkpoint) = source else {
            throw ModelError("\(path(name)) is a parameter, not a stored tensor")
        }
        let tensor = try checkpoint.tensor(path(name))
        guard tensor.shape == shape else {
            throw ModelError(
                "\(path(name)) has the shape \(tensor.shape), the configuration asks for \(shape)")
        }
        if checksWeights, let index = tensor.firstNonFinite() {
            throw ModelError(
                "\(path(name)) has NaN or infinity at element \(index); the file is damaged or its training diverged"
            )
        }
        return (tensor, tensor.owner)
    }

    /// A matrix `[rows, columns]`, in the layout of the kernels.
    func matrix(_ name: String, rows: Int, columns: Int) throws -> WeightMatrix {
        if let parameter = try parameter(name, shape: [rows, columns]) {
            return WeightMatrix(parameter)
        }
        let (tensor, owner) = try tensor(name, shape: [rows, columns])
        let matrix = try WeightMatrix(
            dtype: tensor.dtype, rows: rows, columns: columns, bytes: tensor.bytes,
            scales: tensor.scales?.bytes, owner: owner, pool: pool)
        // A repacked matrix has left the file; its pages there need not stay in memory.
        if tensor.dtype.isQuantized { tensor.releasePages() }
        return matrix
    }

    /// A matrix `[rows, columns]` as f32, whatever its stored type.
    func floatMatrix(_ name: String, rows: Int, columns: Int) throws -> WeightMatrix {
        if let parameter = try parameter(name, shape: [rows, columns]) {
            return WeightMatrix(parameter)
        }
        let (tensor, _) = try tensor(name, shape: [rows, columns])
        let floats = try AlignedBuffer.floats(rows * columns + 64)
        guard let base = tensor.bytes.baseAddress else {
            throw ModelError("\(path(name)) is empty")
        }
        tensor.dtype.convert(floats.floats, from: base, count: rows * columns)
        tensor.applyScales(floats.floats, firstRow: 0, count: rows)
        return try WeightMatrix(
            dtype: .f32, rows: rows, columns: columns,
            bytes: UnsafeRawBufferPointer(start: floats.base, count: 4 * rows * columns),
            owner: floats, pool: pool)
    }

    /// A vector of `count` elements as f32.
    func vector(_ name: String, count: Int) throws -> FloatVector {
        if let parameter = try parameter(name, shape: [count]) { return FloatVector(parameter) }
        let (tensor, _) = try tensor(name, shape: [count])
        return try FloatVector(dtype: tensor.dtype, count: count, bytes: tensor.bytes)
    }

    /// `name.weight` and, where the architecture says so, `name.bias`.
    func linear(_ name: String, from inputs: Int, to outputs: Int, bias: Bool) throws -> Linear {
        let layer = scope(name)
        return Linear(
            weight: try layer.matrix("weight", rows: outputs, columns: inputs),
            bias: bias ? try layer.vector("bias", count: outputs) : nil)
    }

    func rmsNorm(_ name: String, size: Int, eps: Float) throws -> RMSNorm {
        RMSNorm(weight: try scope(name).vector("weight", count: size), eps: eps)
    }

    /// The token embedding, read row by row where it lies in the file.
    func embedding(_ name: String, vocabSize: Int, hiddenSize: Int) throws -> Embedding {
        if let parameter = try parameter("\(name).weight", shape: [vocabSize, hiddenSize]) {
            return Embedding(parameter)
        }
        let (tensor, owner) = try tensor("\(name).weight", shape: [vocabSize, hiddenSize])
        // The check has read all of it; only the rows in use need to stay in memory.
        if checksWeights { tensor.releasePages() }
        return try Embedding(tensor: tensor, owner: owner)
    }
}

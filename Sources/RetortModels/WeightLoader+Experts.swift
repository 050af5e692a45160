// SPDX-License-Identifier: Apache-2.0
//
// Weights that the two formats hold in different ways: Hugging Face has a tensor for each expert and
// one matrix for keys and values, GGUF one tensor for all experts and the two halves apart.

import RetortFormats
import RetortTensor

extension WeightLoader {
    /// The routed experts below `experts`.
    func experts(config: ModelConfig, experts shape: ExpertsConfig) throws -> [GatedMLP] {
        let (hidden, inner) = (config.hiddenSize, shape.moeIntermediateSize)
        let gate = try expertMatrices("gate_proj", shape, rows: inner, columns: hidden)
        let up = try expertMatrices("up_proj", shape, rows: inner, columns: hidden)
        let down = try expertMatrices("down_proj", shape, rows: hidden, columns: inner)
        return (0..<shape.numRoutedExperts).map { index in
            GatedMLP(
                gateProj: Linear(weight: gate[index], bias: nil),
                upProj: Linear(weight: up[index], bias: nil),
                downProj: Linear(weight: down[index], bias: nil))
        }
    }

    private func expertMatrices(
        _ name: String, _ shape: ExpertsConfig, rows: Int, columns: Int
    ) throws -> [WeightMatrix] {
        let count = shape.numRoutedExperts
        guard contains("experts.\(name).weight") else {
            return try (0..<count).map { index in
                try scope("experts.\(index).\(name)").matrix(
                    "weight", rows: rows, columns: columns)
            }
        }
        let (stacked, owner) = try tensor(
            "experts.\(name).weight", shape: [count, rows, columns])
        if WeightMatrix.canCut(stacked.dtype, rows: rows) {
            let whole = try WeightMatrix(
                dtype: stacked.dtype, rows: count * rows, columns: columns, bytes: stacked.bytes,
                owner: owner, pool: pool)
            if stacked.dtype.isQuantized { stacked.releasePages() }
            return (0..<count).map { WeightMatrix(part: $0, of: whole, rows: rows) }
        }
        let size = stacked.bytes.count / count
        let matrices = try (0..<count).map { index in
            try WeightMatrix(
                dtype: stacked.dtype, rows: rows, columns: columns,
                bytes: UnsafeRawBufferPointer(
                    rebasing: stacked.bytes[index * size..<(index + 1) * size]),
                owner: owner, pool: pool)
        }
        if stacked.dtype.isQuantized { stacked.releasePages() }
        return matrices
    }

    /// The matrices that make each head's keys and values from a latent.
    func latentHeads(_ shape: LatentAttentionConfig, heads: Int) throws
        -> (keyUp: HeadMatrices, valueUp: HeadMatrices)
    {
        let (key, value, latent) = (shape.qkNopeHeadDim, shape.vHeadDim, shape.kvLoraRank)
        if contains("k_b_proj.weight") {
            let (keys, _) = try tensor("k_b_proj.weight", shape: [heads, latent, key])
            let (values, _) = try tensor("v_b_proj.weight", shape: [heads, value, latent])
            return (
                try headMatrices(keys, heads: heads, rows: latent, columns: key),
                try headMatrices(values, heads: heads, rows: value, columns: latent)
            )
        }
        let name = "kv_b_proj.weight"
        let size = [heads * (key + value), latent]
        if let parameter = try parameter(name, shape: size) {
            return try LatentHeads(shape, parameter).matrices(heads: heads, dtype: .f32)
        }
        let rows = try RowReader(try tensor(name, shape: size).0)
        return try LatentHeads(shape) { rows.read($0, $1) }
            .matrices(heads: heads, dtype: rows.floatType)
    }

    private func headMatrices(_ tensor: StoredTensor, heads: Int, rows: Int, columns: Int) throws
        -> HeadMatrices
    {
        let reader = try RowReader(tensor)
        return try HeadMatrices(
            heads: heads, rows: rows, columns: columns, dtype: reader.floatType
        ) { head, matrix in
            for row in 0..<rows { reader.read(head * rows + row, matrix + row * columns) }
        }
    }
}

/// The two halves of `kv_b_proj.weight`, as the absorbed form of latent attention multiplies them.
struct LatentHeads {
    let shape: LatentAttentionConfig
    /// Copies a row of `kv_b_proj.weight` as f32.
    let read: (_ row: Int, _ out: UnsafeMutablePointer<Float>) -> Void
    private let scratch: AlignedBuffer

    init(
        _ shape: LatentAttentionConfig,
        read: @escaping (_ row: Int, _ out: UnsafeMutablePointer<Float>) -> Void
    ) throws {
        self.shape = shape
        self.read = read
        scratch = try .floats(shape.kvLoraRank)
    }

    /// Those of a parameter.
    init(_ shape: LatentAttentionConfig, _ parameter: Parameter) throws {
        let latent = shape.kvLoraRank
        try self.init(shape) { row, out in
            out.update(from: parameter.values + row * latent, count: latent)
        }
    }

    func matrices(heads: Int, dtype: DType) throws -> (keyUp: HeadMatrices, valueUp: HeadMatrices) {
        (
            try HeadMatrices(
                heads: heads, rows: shape.kvLoraRank, columns: shape.qkNopeHeadDim, dtype: dtype,
                fill: fillKey),
            try HeadMatrices(
                heads: heads, rows: shape.vHeadDim, columns: shape.kvLoraRank, dtype: dtype,
                fill: fillValue)
        )
    }

    /// `[kvLoraRank, qkNopeHeadDim]`
    func fillKey(_ head: Int, _ matrix: UnsafeMutablePointer<Float>) {
        let (key, latent) = (shape.qkNopeHeadDim, shape.kvLoraRank)
        for row in 0..<key {
            read(head * (key + shape.vHeadDim) + row, scratch.floats)
            for column in 0..<latent { matrix[column * key + row] = scratch.floats[column] }
        }
    }

    /// `[vHeadDim, kvLoraRank]`
    func fillValue(_ head: Int, _ matrix: UnsafeMutablePointer<Float>) {
        let first = head * (shape.qkNopeHeadDim + shape.vHeadDim) + shape.qkNopeHeadDim
        for row in 0..<shape.vHeadDim { read(first + row, matrix + row * shape.kvLoraRank) }
    }
}

/// Reads rows of a stored matrix as f32.
struct RowReader {
    private let tensor: StoredTensor
    private let columns: Int
    private let rowBytes: Int

    init(_ tensor: StoredTensor) throws {
        self.tensor = tensor
        columns = tensor.shape.last ?? 0
        guard let bytes = tensor.dtype.byteCount(elements: columns) else {
            throw ModelError("\(tensor.name) has rows of \(columns), not of whole blocks")
        }
        rowBytes = bytes
    }

    /// The type that holds the elements without a loss that matters.
    var floatType: DType {
        if tensor.dtype == .f8e4m3 { return .f32 }
        return tensor.dtype.isQuantized ? .f16 : tensor.dtype
    }

    /// - Parameter row: Below the number of rows.
    func read(_ row: Int, _ out: UnsafeMutablePointer<Float>) {
        guard let base = tensor.bytes.baseAddress else { return }
        tensor.dtype.convert(out, from: base + row * rowBytes, count: columns)
        tensor.applyScales(out, firstRow: row, count: 1)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Tensors that GGUF and Hugging Face cut in different ways: experts stacked or apart, the matrix of
// keys and values whole or in two.

import RetortTensor

extension TensorEncoder {
    /// One tensor of equally shaped ones, `[count] + shape`.
    func stacked(_ tensors: [StoredTensor], name: String) throws(FormatError) -> TensorSource {
        guard let first = tensors.first, tensors.allSatisfy({ $0.shape == first.shape }) else {
            throw FormatError("the experts of \(name) differ in shape")
        }
        let type = ggufType(of: first, name: name)
        return TensorSource(name: name, dtype: type, shape: [tensors.count] + first.shape) { sink in
            for tensor in tensors { try encode(tensor, as: type, nil, sink) }
        }
    }

    /// A tensor whose elements are made when it is written.
    /// - Parameter fill: Writes all elements as f32.
    func made(
        name: String, dtype: DType, shape: [Int],
        fill: @escaping (UnsafeMutablePointer<Float>) throws -> Void
    ) -> TensorSource {
        TensorSource(name: name, dtype: dtype, shape: shape) { sink in
            let count = shape.reduce(1, *)
            var bytes = [UInt8](repeating: 0, count: 4 * count)
            try bytes.withUnsafeMutableBytes {
                guard let base = $0.bindMemory(to: Float.self).baseAddress else { return }
                try fill(base)
            }
            let tensor = StoredTensor(
                name: name, dtype: .f32, shape: shape, file: MappedFile(bytes: bytes, name: name),
                range: 0..<bytes.count)
            try encode(tensor, as: dtype, nil, sink)
        }
    }
}

extension StoredTensor {
    /// One element of the first axis as a tensor of its own.
    func slice(_ index: Int, name: String) -> StoredTensor {
        let size = bytes.count / max(1, shape.first ?? 1)
        let start = offset + index * size
        return StoredTensor(
            name: name, dtype: dtype, shape: Array(shape.dropFirst()), file: file,
            range: start..<start + size, change: change?.slice(index))
    }

    /// All elements as f32, factors applied and the change added.
    func floats() throws(FormatError) -> [Float] {
        guard let base = bytes.baseAddress else { return [] }
        guard dtype.byteCount(elements: elementCount) == bytes.count else {
            throw FormatError("\(name) of shape \(shape) does not fill whole blocks")
        }
        var values = [Float](unsafeUninitializedCapacity: elementCount) { buffer, count in
            guard let out = buffer.baseAddress else { return }
            dtype.convert(out, from: base, count: elementCount)
            applyScales(out, firstRow: 0, count: rows)
            count = elementCount
        }
        releasePages()
        guard let change else { return values }
        let failure = values.withUnsafeMutableBufferPointer { buffer -> FormatError? in
            guard let out = buffer.baseAddress else { return nil }
            do throws(FormatError) {
                try change.add(to: out, shape: shape)
                return nil
            } catch { return error }
        }
        if let failure { throw failure }
        return values
    }
}

/// The matrix that makes keys and values from latents, in both cuts (see LatentAttentionConfig).
struct LatentProjections {
    let heads: Int
    let key: Int
    let value: Int
    let latent: Int

    init?(_ config: ModelConfig) {
        guard let shape = config.latentAttention else { return nil }
        heads = config.numAttentionHeads
        key = shape.qkNopeHeadDim
        value = shape.vHeadDim
        latent = shape.kvLoraRank
    }

    var wholeShape: [Int] { [heads * (key + value), latent] }
    var keyShape: [Int] { [heads, latent, key] }
    var valueShape: [Int] { [heads, value, latent] }

    /// The key half, each head's transposed, as GGUF has it.
    func keys(of whole: [Float], into out: UnsafeMutablePointer<Float>) {
        for head in 0..<heads {
            for row in 0..<key {
                let source = (head * (key + value) + row) * latent
                for column in 0..<latent {
                    out[(head * latent + column) * key + row] = whole[source + column]
                }
            }
        }
    }

    func values(of whole: [Float], into out: UnsafeMutablePointer<Float>) {
        for head in 0..<heads {
            let source = (head * (key + value) + key) * latent
            for index in 0..<value * latent {
                out[head * value * latent + index] = whole[source + index]
            }
        }
    }

    func whole(keys: [Float], values: [Float], into out: UnsafeMutablePointer<Float>) {
        for head in 0..<heads {
            for row in 0..<key {
                let target = (head * (key + value) + row) * latent
                for column in 0..<latent {
                    out[target + column] = keys[(head * latent + column) * key + row]
                }
            }
            let target = (head * (key + value) + key) * latent
            for index in 0..<value * latent {
                out[target + index] = values[head * value * latent + index]
            }
        }
    }
}

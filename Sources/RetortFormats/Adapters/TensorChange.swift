// SPDX-License-Identifier: Apache-2.0
//
// What an adapter adds to a stored tensor. It is added when the tensor is read, so that a merged
// model larger than memory can be written.

import RetortTensor

/// A change of one tensor, by adapters that have Hugging Face's names and cuts.
struct TensorChange: Sendable {
    enum Form: Sendable {
        /// The weight of this name. With a permutation the rows are those of GGUF.
        case matrix(String, RopePermutation?)
        /// `[experts, rows, columns]` of the weights of these names.
        case experts([String])
        /// One half of `kv_b_proj.weight`.
        case keys(String, LatentProjections)
        case values(String, LatentProjections)
    }

    let adapter: LowRankFile
    let form: Form

    /// - Parameter values: All elements of the tensor, of `shape`.
    func add(to values: UnsafeMutablePointer<Float>, shape: [Int]) throws(FormatError) {
        switch form {
        case .matrix(let name, let permutation):
            let order = permutation.map { permutation in
                { (row: Int) in permutation.huggingFaceRow(ofGGUFRow: row) }
            }
            try adapter.apply(to: values, ofWeight: name, shape: shape, rowOrder: order)
        case .experts(let names):
            let one = Array(shape.dropFirst())
            let size = one.reduce(1, *)
            for (index, name) in names.enumerated() {
                try adapter.apply(to: values + index * size, ofWeight: name, shape: one)
            }
        case .keys(let name, let latent):
            try add(half: latent.keyShape, of: name, latent, to: values) {
                latent.keys(of: $0, into: $1)
            }
        case .values(let name, let latent):
            try add(half: latent.valueShape, of: name, latent, to: values) {
                latent.values(of: $0, into: $1)
            }
        }
    }

    private func add(
        half shape: [Int], of name: String, _ latent: LatentProjections,
        to values: UnsafeMutablePointer<Float>,
        cut: ([Float], UnsafeMutablePointer<Float>) -> Void
    ) throws(FormatError) {
        var whole = [Float](repeating: 0, count: latent.wholeShape.reduce(1, *))
        // The closure of a rethrowing function cannot throw this one error type alone.
        let failure = whole.withUnsafeMutableBufferPointer { buffer -> FormatError? in
            guard let base = buffer.baseAddress else { return nil }
            do throws(FormatError) {
                try adapter.apply(to: base, ofWeight: name, shape: latent.wholeShape)
                return nil
            } catch { return error }
        }
        if let failure { throw failure }
        var part = [Float](repeating: 0, count: shape.reduce(1, *))
        part.withUnsafeMutableBufferPointer { part in
            guard let base = part.baseAddress else { return }
            cut(whole, base)
            for index in part.indices { values[index] += part[index] }
        }
    }

    /// The change of one element of the first axis.
    func slice(_ index: Int) -> TensorChange? {
        guard case .experts(let names) = form, names.indices.contains(index),
            adapter.layer(ofWeight: names[index]) != nil
        else { return nil }
        return TensorChange(adapter: adapter, form: .matrix(names[index], nil))
    }
}

extension StoredTensor {
    /// The tensor in memory with its change added; itself where there is none. Weights of floats
    /// become f32, since their own type would round away what a small adapter adds. Quantised ones
    /// become f16, whose rounding is far below theirs, or f32 where a number is too large for it.
    func merged() throws(FormatError) -> StoredTensor {
        guard change != nil else { return self }
        let whole = try dequantised()
        guard dtype.isQuantized, dtype != .f8e4m3, let source = whole.bytes.baseAddress else {
            return whole
        }
        let values = source.assumingMemoryBound(to: Float.self)
        let count = elementCount
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * count, alignment: 64)
        if let base = memory.baseAddress { DType.f16.convert(base, from: values, count: count) }
        let half = StoredTensor(
            name: name, dtype: .f16, shape: shape, file: MappedFile(adopting: memory, name: name),
            range: 0..<2 * count)
        return half.firstNonFinite() == nil ? half : whole
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Converts stored tensors to another type through f32, some rows at a time, so that a model larger
// than memory can be converted.

import CRetortKernels
import Foundation
import RetortTensor

/// Converts tensors to one type.
package struct TensorEncoder {
    package let dtype: DType
    private let kernels: Kernels
    private let pool: ThreadPool
    private let mixture: QuantMixture?

    /// Elements held in memory at a time, unless one row has more.
    private static let chunkElements = 1 << 18

    /// - Parameter mixture: Which matrices of a GGUF file get more bits than the type has.
    /// - Throws: ``TensorError`` if there are no kernels for this processor.
    package init(dtype: DType, mixture: QuantMixture? = nil) throws {
        self.dtype = dtype
        self.mixture = mixture
        kernels = try Kernels.current()
        pool = ThreadPool(threadCount: Processors.usable)
    }

    /// The type a tensor gets in a GGUF file: vectors (norms and biases) and the gates of experts
    /// stay exact, as llama.cpp wants them; rows that do not fill whole blocks keep their type.
    package func ggufType(of tensor: StoredTensor, name: String) -> DType {
        if tensor.shape.count < 2 || name.hasSuffix(".ffn_gate_inp.weight") { return .f32 }
        return ggufType(columns: tensor.columns, name: name) ?? tensor.dtype
    }

    /// The type of a matrix with rows of `columns` elements: q8_0 where they do not fill the larger
    /// blocks of a k-quant; nil where they do not fill those of q8_0 either.
    func ggufType(columns: Int, name: String) -> DType? {
        let wanted = mixture?.deservesMoreBits(name) == true ? .q6_k : dtype
        let fallBack = wanted.blockSize > DType.q8_0.blockSize ? DType.q8_0 : wanted
        return [wanted, fallBack].first { columns % $0.blockSize == 0 }
    }

    /// A source that gives `tensor` in the encoder's type (or `type`).
    /// - Parameters:
    ///   - name: Its new name.
    ///   - rowOrder: Which row of `tensor` each written row is; rows are those of the first axis.
    package func source(
        _ tensor: StoredTensor, name: String, type: DType? = nil, rowOrder: ((Int) -> Int)? = nil
    ) -> TensorSource {
        let target = type ?? dtype
        return TensorSource(name: name, dtype: target, shape: tensor.shape) { sink in
            try encode(tensor, as: target, rowOrder, sink)
        }
    }

    func encode(
        _ tensor: StoredTensor, as target: DType, _ rowOrder: ((Int) -> Int)?,
        _ sink: TensorSource.Sink
    ) throws {
        if tensor.scales != nil || tensor.change != nil {
            return try encode(tensor.dequantised(), as: target, rowOrder, sink)
        }
        defer { tensor.releasePages() }
        if target == tensor.dtype, rowOrder == nil { return try sink(tensor.bytes) }
        // A vector is one row, unless its elements are to be reordered.
        let vectorRows = rowOrder == nil ? 1 : tensor.elementCount
        let rows = tensor.shape.count < 2 ? vectorRows : tensor.shape[0]
        let columns = rows == 0 ? 0 : tensor.elementCount / rows
        guard rows > 0, columns > 0 else { return }
        guard let rowBytes = tensor.dtype.byteCount(elements: columns),
            target.byteCount(elements: columns) != nil
        else {
            throw FormatError(
                "\(tensor.name) of shape \(tensor.shape) cannot be converted from \(tensor.dtype.rawValue) to \(target.rawValue)"
            )
        }
        let chunkRows = min(rows, max(1, Self.chunkElements / columns))
        var gathered = [UInt8](repeating: 0, count: rowOrder == nil ? 0 : chunkRows * rowBytes)
        for start in stride(from: 0, to: rows, by: chunkRows) {
            let count = min(chunkRows, rows - start)
            var bytes = UnsafeRawBufferPointer(
                rebasing: tensor.bytes[start * rowBytes..<(start + count) * rowBytes])
            guard let rowOrder else {
                try convert(bytes, count * columns, tensor, target, sink)
                continue
            }
            for row in 0..<count {
                let from = rowOrder(start + row) * rowBytes
                gathered.withUnsafeMutableBytes {
                    $0[row * rowBytes..<(row + 1) * rowBytes].copyBytes(
                        from: tensor.bytes[from..<from + rowBytes])
                }
            }
            try gathered.withUnsafeBytes {
                bytes = UnsafeRawBufferPointer(rebasing: $0[..<(count * rowBytes)])
                try convert(bytes, count * columns, tensor, target, sink)
            }
        }
    }

    private func convert(
        _ bytes: UnsafeRawBufferPointer, _ elements: Int, _ tensor: StoredTensor, _ target: DType,
        _ sink: TensorSource.Sink
    ) throws {
        guard let source = bytes.baseAddress, target != tensor.dtype else { return try sink(bytes) }
        let table = kernels.table.pointee
        let floats = try AlignedBuffer.floats(elements)
        table.to_f32(floats.floats, source, tensor.dtype.kernelType, elements)
        let values = UnsafeRawBufferPointer(start: floats.base, count: 4 * elements)
        try checkFinite(values, .f32, tensor, target)
        if target == .f32 { return try sink(values) }
        let outputBytes = elements / target.blockSize * target.blockBytes
        let output = try AlignedBuffer(byteCount: outputBytes)
        let task = EncodeTask(
            table: kernels.table, source: floats.floats, target: output.base, dtype: target,
            elements: elements)
        pool.run(task, chunks: (elements + EncodeTask.chunk - 1) / EncodeTask.chunk)
        let result = UnsafeRawBufferPointer(start: output.base, count: outputBytes)
        try checkFinite(result, target, tensor, target)
        try sink(result)
    }

    /// f16 ends at 65504, so a conversion can turn a number into infinity.
    private func checkFinite(
        _ bytes: UnsafeRawBufferPointer, _ type: DType, _ tensor: StoredTensor, _ target: DType
    ) throws(FormatError) {
        guard FiniteScan.first(in: bytes, dtype: type) != nil else { return }
        throw FormatError(
            "\(tensor.name) has numbers that \(target.rawValue) cannot hold (NaN, infinity or too large); choose bf16 or f32"
        )
    }
}

/// Encodes pieces of whole blocks on all threads: finding the scales of k-quants takes its time.
private final class EncodeTask: ParallelTask {
    /// Elements of a piece: whole blocks of every type.
    static let chunk = 4096

    let table: UnsafePointer<rk_kernels>
    let source: UnsafePointer<Float>
    let target: UnsafeMutableRawPointer
    let dtype: DType
    let elements: Int

    init(
        table: UnsafePointer<rk_kernels>, source: UnsafePointer<Float>,
        target: UnsafeMutableRawPointer, dtype: DType, elements: Int
    ) {
        self.table = table
        self.source = source
        self.target = target
        self.dtype = dtype
        self.elements = elements
    }

    func run(chunk: Int, thread: Int) {
        let first = chunk * Self.chunk
        table.pointee.from_f32(
            target + first / dtype.blockSize * dtype.blockBytes, source + first, dtype.kernelType,
            min(Self.chunk, elements - first))
    }
}

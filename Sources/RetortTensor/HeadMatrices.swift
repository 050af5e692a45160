// SPDX-License-Identifier: Apache-2.0
//
// One small matrix for each attention head, as latent attention has them (DeepSeek-V2, 2024).

import CRetortKernels

/// Matrices `[heads, rows, columns]` of a float type, without gaps.
package final class HeadMatrices: @unchecked Sendable {
    // Safety: read-only, but for `fill`, whose caller sees to it that nobody reads meanwhile.
    package let heads: Int
    package let rows: Int
    package let columns: Int
    let dtype: DType
    private let buffer: AlignedBuffer

    /// - Parameters:
    ///   - dtype: f32, f16 or bf16.
    ///   - fill: Writes the matrix of a head as f32, row after row.
    /// - Throws: ``TensorError`` if memory runs out, and what `fill` throws.
    package init(
        heads: Int, rows: Int, columns: Int, dtype: DType,
        fill: (_ head: Int, _ matrix: UnsafeMutablePointer<Float>) throws -> Void
    ) throws {
        self.heads = heads
        self.rows = rows
        self.columns = columns
        self.dtype = dtype
        buffer = try AlignedBuffer(byteCount: heads * rows * columns * dtype.blockBytes + 8192)
        try self.fill(fill)
    }

    /// Writes the matrices again.
    /// - Throws: ``TensorError`` if memory runs out, and what `fill` throws.
    package func fill(
        _ fill: (_ head: Int, _ matrix: UnsafeMutablePointer<Float>) throws -> Void
    ) throws {
        let elements = rows * columns
        if dtype == .f32 {
            for head in 0..<heads { try fill(head, buffer.floats + head * elements) }
            return
        }
        let floats = try AlignedBuffer.floats(elements)
        guard let table = Kernels.available.first?.table else { return }
        for head in 0..<heads {
            try fill(head, floats.floats)
            table.pointee.from_f32(
                buffer.base + head * elements * dtype.blockBytes, floats.floats, dtype.kernelType,
                elements)
        }
    }

    var rowBytes: Int { columns * dtype.blockBytes }
    func base(head: Int) -> UnsafeRawPointer {
        UnsafeRawPointer(buffer.base + head * rows * rowBytes)
    }
    package var byteCount: Int { heads * rows * rowBytes }
}

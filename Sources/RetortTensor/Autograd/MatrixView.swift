// SPDX-License-Identifier: Apache-2.0

/// A matrix in memory, rows one after another, of f32 or bf16.
package struct MatrixView {
    package let base: UnsafeMutableRawPointer
    /// `.f32` or `.bf16`.
    package let dtype: DType
    package let rows: Int
    package let columns: Int
    /// Elements between rows.
    package let stride: Int

    package init(
        _ base: UnsafeMutableRawPointer, _ dtype: DType = .f32, rows: Int, columns: Int,
        stride: Int? = nil
    ) {
        self.base = base
        self.dtype = dtype
        self.rows = rows
        self.columns = columns
        self.stride = stride ?? columns
    }

    package var elementBytes: Int { dtype == .bf16 ? 2 : 4 }

    package func row(_ index: Int) -> UnsafeMutableRawPointer {
        base + index * stride * elementBytes
    }

    /// Valid for f32 only.
    package var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }

    package func floats(row: Int) -> UnsafeMutablePointer<Float> { floats + row * stride }

    package func rows(from first: Int, count: Int) -> MatrixView {
        MatrixView(row(first), dtype, rows: count, columns: columns, stride: stride)
    }

    package func columns(from first: Int, count: Int) -> MatrixView {
        MatrixView(
            base + first * elementBytes, dtype, rows: rows, columns: count, stride: stride)
    }
}

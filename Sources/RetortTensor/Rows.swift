// SPDX-License-Identifier: Apache-2.0

/// A view of f32 activations, `[rows, columns]`, in memory that someone else owns.
package struct Rows {
    package let base: UnsafeMutablePointer<Float>
    package let rows: Int
    package let columns: Int
    /// Elements between the starts of two rows.
    package let stride: Int

    package init(_ base: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int? = nil) {
        self.base = base
        self.rows = rows
        self.columns = columns
        self.stride = stride ?? columns
    }

    package subscript(row: Int) -> UnsafeMutablePointer<Float> { base + row * stride }

    /// The first `count` rows.
    package func prefix(_ count: Int) -> Rows {
        precondition(count <= rows, "\(count) rows are asked for, there are \(rows)")
        return Rows(base, rows: count, columns: columns, stride: stride)
    }

    /// The same memory as rows of another width, packed without gaps.
    package func reshaped(rows: Int, columns: Int) -> Rows {
        Rows(base, rows: rows, columns: columns)
    }

    /// Some columns of every row.
    package func columns(from start: Int, count: Int) -> Rows {
        Rows(base + start, rows: rows, columns: count, stride: stride)
    }

    /// The last row alone.
    package var last: Rows { Rows(self[rows - 1], rows: 1, columns: columns, stride: stride) }
}

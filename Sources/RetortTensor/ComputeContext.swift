// SPDX-License-Identifier: Apache-2.0
//
// What an op needs to run: threads, kernels, scratch memory and one task object per kind of work,
// all made once, so that a token's forward pass allocates nothing.

import CRetortKernels

/// Runs ops on the CPU. Not for two threads at a time.
package final class ComputeContext {
    package let pool: ThreadPool
    package let kernels: Kernels
    /// Up to this many rows, an op gives each row the very bits that it would have alone, so that a
    /// guess about the next tokens can be checked in one pass with nothing changed by it.
    package static let exactRows = Int(RK_EXACT_ROWS)

    /// Whether rows are a prompt's: what a row gets from linear layers of quantised types and from
    /// attention then does not depend on how many there are. Otherwise ``exactRows`` holds, and passes
    /// of more rows may give other bits than such of fewer.
    package var readsPrompt = false

    /// The most rows (tokens) an op may be given.
    package let maximumRows: Int

    let table: UnsafePointer<rk_kernels>
    let linearTask: LinearTask
    let linearGroup: LinearGroupTask
    let attentionTask: AttentionTask
    let rowsTask: RowsTask
    let headLinearTask: HeadLinearTask
    let expandedTask: ExpandedAttentionTask
    /// Activations quantised for the kernels of quantised weights.
    let quantized: QuantizedRows
    /// Activations rounded to bf16, or split into two, for products with bf16 weights.
    let rounded: BFloatRows
    /// What the tasks' pointers show before their first use.
    private let nothing: AlignedBuffer

    /// - Parameters:
    ///   - maximumColumns: The widest input of a linear layer.
    ///   - groupSize: The most linear layers of one row that are run at once.
    /// - Throws: ``TensorError`` if memory runs out.
    package init(
        maximumRows: Int, maximumColumns: Int, groupSize: Int = 4, pool: ThreadPool,
        kernels: Kernels
    ) throws(TensorError) {
        self.pool = pool
        self.kernels = kernels
        self.maximumRows = maximumRows
        table = kernels.table
        quantized = try QuantizedRows(maximumRows: maximumRows, maximumColumns: maximumColumns)
        rounded = try BFloatRows(
            rounded: maximumRows, split: min(maximumRows, Self.exactRows),
            columns: maximumColumns, table)
        let empty = try AlignedBuffer(byteCount: 64)
        nothing = empty
        linearTask = try LinearTask(
            table: table, threads: pool.threadCount, maximumColumns: maximumColumns, nothing: empty)
        linearGroup = try LinearGroupTask(
            table: table, threads: pool.threadCount, capacity: groupSize,
            maximumColumns: maximumColumns, nothing: empty)
        attentionTask = AttentionTask(table: table, threads: pool.threadCount, nothing: empty)
        rowsTask = RowsTask(table: table, nothing: empty)
        headLinearTask = HeadLinearTask(table: table, nothing: empty)
        expandedTask = ExpandedAttentionTask(
            table: table, threads: pool.threadCount, nothing: empty)
    }
}

/// Rows of activations in the form that products with bf16 weights take.
final class BFloatRows {
    private let values: AlignedBuffer

    /// - Parameters:
    ///   - rounded, split: The most rows in either form.
    init(
        rounded: Int, split: Int, columns: Int, _ table: UnsafePointer<rk_kernels>
    ) throws(TensorError) {
        let halves = table.pointee.has_bf16_products != 0 ? max(rounded, 2 * split) * columns : 0
        values = try AlignedBuffer(byteCount: 2 * halves)
    }

    /// Rounded: `[rows, columns]`; split: `[rows, 2, columns]`.
    var base: UnsafeMutablePointer<UInt16> {
        values.base.assumingMemoryBound(to: UInt16.self)
    }

    func round(row: Int, of x: Rows, _ table: UnsafePointer<rk_kernels>) {
        table.pointee.bf16_round(base + row * x.columns, x[row], x.columns)
    }

    func split(
        row: Int, of x: UnsafePointer<Float>, columns: Int, _ table: UnsafePointer<rk_kernels>
    ) {
        table.pointee.bf16_split(base + 2 * row * columns, x, columns)
    }
}

/// Rows of int8 with a scale and sums per block of 32.
final class QuantizedRows {
    private let values: AlignedBuffer
    private let scales: AlignedBuffer
    private let sums: AlignedBuffer
    private let corrections: AlignedBuffer
    private let halves: AlignedBuffer

    init(maximumRows: Int, maximumColumns: Int) throws(TensorError) {
        let columns = (maximumColumns + 31) / 32 * 32
        let bytes = maximumRows * columns
        values = try AlignedBuffer(byteCount: bytes + 64)
        scales = try AlignedBuffer(byteCount: bytes / 8)
        sums = try AlignedBuffer(byteCount: bytes / 8)
        corrections = try AlignedBuffer(byteCount: bytes / 8)
        halves = try AlignedBuffer(byteCount: bytes / 4)
    }

    var view: rk_q8_rows { view(row: 0, columns: 0) }

    /// What begins at a row, where rows have `columns` elements.
    private func view(row: Int, columns: Int) -> rk_q8_rows {
        let blocks = row * (columns / 32)
        return rk_q8_rows(
            values: values.base.assumingMemoryBound(to: Int8.self) + row * columns,
            scales: scales.floats + blocks, sums: sums.floats + blocks,
            corrections: corrections.base.assumingMemoryBound(to: Int32.self) + blocks,
            halves: halves.base.assumingMemoryBound(to: Int32.self) + 2 * blocks)
    }

    func quantize(
        row: Int, of x: UnsafePointer<Float>, columns: Int, _ table: UnsafePointer<rk_kernels>
    ) {
        table.pointee.q8_quantize(view(row: row, columns: columns), x, columns)
    }
}

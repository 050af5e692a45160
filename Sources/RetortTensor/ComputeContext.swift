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
    package static let exactRows = 16

    /// The most rows (tokens) an op may be given.
    package let maximumRows: Int

    let table: UnsafePointer<rk_kernels>
    let linearTask: LinearTask
    let attentionTask: AttentionTask
    let rowsTask: RowsTask
    /// Activations quantised for the q8_0 kernels.
    let quantized: QuantizedRows
    /// What the tasks' pointers show before their first use.
    private let nothing: AlignedBuffer

    /// - Parameters:
    ///   - maximumColumns: The widest input of a linear layer.
    ///   - threads: Threads to use, the caller's included.
    /// - Throws: ``TensorError`` if memory runs out or RETORT_ISA is wrong.
    package init(maximumRows: Int, maximumColumns: Int, pool: ThreadPool, kernels: Kernels)
        throws(TensorError)
    {
        self.pool = pool
        self.kernels = kernels
        self.maximumRows = maximumRows
        table = kernels.table
        quantized = try QuantizedRows(maximumRows: maximumRows, maximumColumns: maximumColumns)
        let empty = try AlignedBuffer(byteCount: 64)
        nothing = empty
        linearTask = try LinearTask(table: table, threads: pool.threadCount, nothing: empty)
        attentionTask = AttentionTask(table: table, threads: pool.threadCount, nothing: empty)
        rowsTask = RowsTask(table: table, nothing: empty)
    }
}

/// Rows of int8 with a scale and a correction per block of 32.
final class QuantizedRows {
    private let values: AlignedBuffer
    private let scales: AlignedBuffer
    private let corrections: AlignedBuffer

    init(maximumRows: Int, maximumColumns: Int) throws(TensorError) {
        let columns = (maximumColumns + 31) / 32 * 32
        values = try AlignedBuffer(byteCount: maximumRows * columns + 64)
        scales = try AlignedBuffer(byteCount: maximumRows * columns / 8)
        corrections = try AlignedBuffer(byteCount: maximumRows * columns / 8)
    }

    var valuesBase: UnsafeMutablePointer<Int8> { values.base.assumingMemoryBound(to: Int8.self) }
    var scalesBase: UnsafeMutablePointer<Float> { scales.floats }
    var correctionsBase: UnsafeMutablePointer<Int32> {
        corrections.base.assumingMemoryBound(to: Int32.self)
    }

    var view: rk_q8_rows {
        rk_q8_rows(values: valuesBase, scales: scalesBase, corrections: correctionsBase)
    }

    func quantize(
        row: Int, of x: UnsafePointer<Float>, columns: Int, _ table: UnsafePointer<rk_kernels>
    ) {
        let blocks = columns / 32
        table.pointee.q8_quantize(
            valuesBase + row * columns, scalesBase + row * blocks, correctionsBase + row * blocks,
            x, columns)
    }
}

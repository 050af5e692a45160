// SPDX-License-Identifier: Apache-2.0
//
// A weight matrix in the layout that the kernels want: float types stay where the file is mapped,
// q8_0 is repacked once into tiles of 16 rows.

import CRetortKernels

/// The weights of a linear layer, `[rows, columns]`: rows are outputs, columns inputs.
package final class WeightMatrix: @unchecked Sendable {
    // Safety: read-only after init.
    package let dtype: DType
    package let rows: Int
    package let columns: Int
    /// Dense: the first row. q8_0: the first tile.
    let base: UnsafeRawPointer
    /// Dense: bytes between rows. q8_0: bytes between tiles of 16 rows.
    let stride: Int
    /// Keeps the memory alive: a mapped file or a buffer of our own.
    private let owner: any AnyObject & Sendable

    /// - Parameter bytes: The matrix as stored, rows one after another.
    /// - Throws: ``TensorError`` if the shape does not fit the bytes or memory runs out.
    package init(
        dtype: DType, rows: Int, columns: Int, bytes: UnsafeRawBufferPointer,
        owner: any AnyObject & Sendable, pool: ThreadPool
    ) throws(TensorError) {
        guard rows > 0, columns > 0, columns % dtype.blockSize == 0,
            let rowBytes = dtype.byteCount(elements: columns),
            let total = dtype.byteCount(elements: rows.multipliedReportingOverflow(by: columns).0),
            total == bytes.count, let address = bytes.baseAddress
        else {
            throw TensorError(
                "a \(dtype.rawValue) matrix of \(rows) x \(columns) does not fit \(bytes.count) bytes"
            )
        }
        self.dtype = dtype
        self.rows = rows
        self.columns = columns
        guard dtype == .q8_0 else {
            base = address
            stride = rowBytes
            self.owner = owner
            return
        }
        let tileBytes = rk_q8_tile_bytes(columns)
        let tiles = (rows + Int(RK_TILE) - 1) / Int(RK_TILE)
        // The kernels prefetch a page ahead of where they read.
        let buffer = try AlignedBuffer(byteCount: tiles * tileBytes + 8192)
        base = UnsafeRawPointer(buffer.base)
        stride = tileBytes
        self.owner = buffer
        let task = PackTask(
            source: address, target: buffer.base, rows: rows, columns: columns, rowBytes: rowBytes,
            tileBytes: tileBytes)
        pool.run(task, chunks: tiles)
    }

    /// Bytes that one pass over the matrix reads.
    package var byteCount: Int {
        dtype == .q8_0
            ? (rows + Int(RK_TILE) - 1) / Int(RK_TILE) * stride : rows * stride
    }
}

private final class PackTask: ParallelTask {
    let source: UnsafeRawPointer
    let target: UnsafeMutableRawPointer
    let rows: Int
    let columns: Int
    let rowBytes: Int
    let tileBytes: Int

    init(
        source: UnsafeRawPointer, target: UnsafeMutableRawPointer, rows: Int, columns: Int,
        rowBytes: Int, tileBytes: Int
    ) {
        self.source = source
        self.target = target
        self.rows = rows
        self.columns = columns
        self.rowBytes = rowBytes
        self.tileBytes = tileBytes
    }

    func run(chunk tile: Int, thread: Int) {
        let first = tile * Int(RK_TILE)
        rk_q8_pack(
            (target + tile * tileBytes).assumingMemoryBound(to: UInt8.self),
            (source + first * rowBytes).assumingMemoryBound(to: UInt8.self), rowBytes,
            min(rows - first, Int(RK_TILE)), columns)
    }
}

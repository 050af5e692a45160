// SPDX-License-Identifier: Apache-2.0
//
// A weight matrix in the layout that the kernels want: float types stay where the file is mapped,
// quantised types are repacked once into tiles of 16 rows.

import CRetortKernels

/// The weights of a linear layer, `[rows, columns]`: rows are outputs, columns inputs.
package final class WeightMatrix: @unchecked Sendable {
    // Safety: read-only after init; of a parameter, as that says.
    package let dtype: DType
    /// What is trained, if it is.
    package let parameter: Parameter?
    package let rows: Int
    package let columns: Int
    /// Float types: the first row. Quantised: the first tile.
    let base: UnsafeRawPointer
    /// Float types: bytes between rows. Quantised: bytes between tiles of 16 rows.
    let stride: Int
    /// f8: what each block of 128 x 128 weights is to be multiplied with, row-major.
    let scales: [Float]
    /// Keeps the memory alive: a mapped file or a buffer of our own.
    private let owner: any AnyObject & Sendable

    /// Rows and columns of a block that shares a scale.
    package static let scaleBlock = 128

    /// - Parameters:
    ///   - bytes: The matrix as stored, rows one after another.
    ///   - scales: f8 only: an f32 factor for each block of 128 x 128 weights,
    ///     `[ceil(rows / 128), ceil(columns / 128)]`; copied. Nil: no factors.
    /// - Throws: ``TensorError`` if the shape does not fit the bytes or memory runs out.
    package init(
        dtype: DType, rows: Int, columns: Int, bytes: UnsafeRawBufferPointer,
        scales: UnsafeRawBufferPointer? = nil, owner: any AnyObject & Sendable, pool: ThreadPool
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
        parameter = nil
        self.rows = rows
        self.columns = columns
        self.scales = try Self.checked(scales, dtype: dtype, rows: rows, columns: columns)
        guard dtype.isQuantized else {
            base = address
            stride = rowBytes
            self.owner = owner
            return
        }
        let tileBytes = rk_tile_bytes(dtype.kernelType, columns)
        let tiles = (rows + Int(RK_TILE) - 1) / Int(RK_TILE)
        // The kernels prefetch two pages ahead of where they read.
        let buffer = try AlignedBuffer(byteCount: tiles * tileBytes + 8192)
        base = UnsafeRawPointer(buffer.base)
        stride = tileBytes
        self.owner = buffer
        let task = PackTask(
            source: address, target: buffer.base, type: dtype.kernelType, rows: rows,
            columns: columns, rowBytes: rowBytes, tileBytes: tileBytes)
        pool.run(task, chunks: tiles)
    }

    private static func checked(
        _ scales: UnsafeRawBufferPointer?, dtype: DType, rows: Int, columns: Int
    ) throws(TensorError) -> [Float] {
        guard let scales else { return [] }
        let down = (rows + scaleBlock - 1) / scaleBlock
        let across = (columns + scaleBlock - 1) / scaleBlock
        guard dtype == .f8e4m3, scales.count == 4 * down * across else {
            throw TensorError(
                "\(scales.count) bytes of block scales do not fit a \(dtype.rawValue) matrix of \(rows) x \(columns); f8_e4m3 takes \(down) x \(across) f32"
            )
        }
        return (0..<down * across).map {
            scales.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self)
        }
    }

    /// Equal parts of a matrix without block scales, in the same memory; so that many small matrices
    /// lie in large pages.
    /// - Parameter rows: The rows of each part, a multiple of 16 if the type is quantised.
    package convenience init(part index: Int, of whole: WeightMatrix, rows: Int) {
        let step = whole.dtype.isQuantized ? rows / Int(RK_TILE) : rows
        self.init(
            dtype: whole.dtype, rows: rows, columns: whole.columns,
            base: whole.base + index * step * whole.stride, stride: whole.stride,
            owner: whole.owner)
    }

    /// The values of a parameter, as training changes them.
    package convenience init(_ parameter: Parameter) {
        self.init(
            dtype: .f32, rows: parameter.rows, columns: parameter.columns,
            base: UnsafeRawPointer(parameter.values), stride: 4 * parameter.columns,
            owner: parameter, parameter: parameter)
    }

    /// Whether a matrix of this type can be cut into parts of `rows` rows.
    package static func canCut(_ dtype: DType, rows: Int) -> Bool {
        !dtype.isQuantized || rows % Int(RK_TILE) == 0
    }

    private init(
        dtype: DType, rows: Int, columns: Int, base: UnsafeRawPointer, stride: Int,
        owner: any AnyObject & Sendable, parameter: Parameter? = nil
    ) {
        self.dtype = dtype
        self.parameter = parameter
        self.rows = rows
        self.columns = columns
        self.base = base
        self.stride = stride
        self.owner = owner
        scales = []
    }

    /// Bytes that one pass over the matrix reads.
    package var byteCount: Int {
        dtype.isQuantized
            ? (rows + Int(RK_TILE) - 1) / Int(RK_TILE) * stride : rows * stride
    }
}

private final class PackTask: ParallelTask {
    let source: UnsafeRawPointer
    let target: UnsafeMutableRawPointer
    let type: rk_dtype
    let rows: Int
    let columns: Int
    let rowBytes: Int
    let tileBytes: Int

    init(
        source: UnsafeRawPointer, target: UnsafeMutableRawPointer, type: rk_dtype, rows: Int,
        columns: Int, rowBytes: Int, tileBytes: Int
    ) {
        self.source = source
        self.target = target
        self.type = type
        self.rows = rows
        self.columns = columns
        self.rowBytes = rowBytes
        self.tileBytes = tileBytes
    }

    func run(chunk tile: Int, thread: Int) {
        let first = tile * Int(RK_TILE)
        rk_tile_pack(
            (target + tile * tileBytes).assumingMemoryBound(to: UInt8.self),
            (source + first * rowBytes).assumingMemoryBound(to: UInt8.self), type, rowBytes,
            min(rows - first, Int(RK_TILE)), columns)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Ops that treat each row (token) alone: normalisation, activation, addition, rotary embedding.

import CRetortKernels

extension ComputeContext {
    /// out = weight · x / sqrt(mean(x²) + eps), row by row (Zhang and Sennrich 2019).
    package func rmsNorm(_ out: Rows, _ x: Rows, weight: UnsafePointer<Float>, eps: Float) {
        rowsTask.weight = weight
        rowsTask.eps = eps
        forEachRow(.rmsNorm, out: out, x: x)
    }

    /// RMS norm of each head by itself, in place (Qwen3's query and key norm).
    package func rmsNormHeads(_ x: Rows, headDim: Int, weight: UnsafePointer<Float>, eps: Float) {
        rowsTask.weight = weight
        rowsTask.eps = eps
        rowsTask.headDim = headDim
        forEachRow(.rmsNormHeads, out: x, x: x)
    }

    /// gate = silu(gate) · up (Shazeer 2020).
    package func siluMultiply(_ gate: Rows, _ up: Rows) {
        forEachRow(.siluMultiply, out: gate, x: up)
    }

    /// x += y
    package func add(_ x: Rows, _ y: Rows) { forEachRow(.add, out: x, x: y) }

    /// x *= factor, one row.
    package func scale(_ x: Rows, _ factor: Float) {
        table.pointee.scale(x.base, x.columns, factor)
    }

    /// x += factor · y, one row; y is left multiplied.
    package func addScaled(_ x: Rows, _ y: Rows, _ factor: Float) {
        table.pointee.scale(y.base, y.columns, factor)
        table.pointee.add(x.base, y.base, x.columns)
    }

    /// Rotates the last `rotaryDim` elements of every head of every row in place.
    /// - Parameters:
    ///   - cosine, sine: `[rows, rotaryDim / 2]`, of each row's position.
    package func rotate(
        _ x: Rows, headDim: Int, rotaryDim: Int, cosine: UnsafePointer<Float>,
        sine: UnsafePointer<Float>, interleaved: Bool
    ) {
        rowsTask.headDim = headDim
        rowsTask.rotaryDim = rotaryDim
        rowsTask.cosine = cosine
        rowsTask.sine = sine
        rowsTask.interleaved = interleaved
        forEachRow(.rotate, out: x, x: x)
    }

    func forEachRow(_ kind: RowsTask.Kind, out: Rows, x: Rows) {
        let task = rowsTask
        task.kind = kind
        task.out = out
        task.x = x
        task.quantized = quantized
        task.rounded = rounded
        // Short rows are not worth waking a thread for.
        let isSmall = x.rows * x.columns < 16_384
        task.rowsPerChunk = isSmall ? x.rows : max(1, x.rows / (4 * pool.threadCount))
        pool.run(task, chunks: (x.rows + task.rowsPerChunk - 1) / task.rowsPerChunk)
    }
}

final class RowsTask: ParallelTask {
    enum Kind { case rmsNorm, rmsNormHeads, siluMultiply, add, rotate, quantize, round, split }

    let table: UnsafePointer<rk_kernels>
    var kind = Kind.add
    var out: Rows
    var x: Rows
    var rowsPerChunk = 1
    var weight: UnsafePointer<Float>?
    var eps: Float = 0
    var headDim = 0
    var rotaryDim = 0
    var cosine: UnsafePointer<Float>?
    var sine: UnsafePointer<Float>?
    var interleaved = false
    var quantized: QuantizedRows?
    var rounded: BFloatRows?

    init(table: UnsafePointer<rk_kernels>, nothing: AlignedBuffer) {
        self.table = table
        out = Rows(nothing.floats, rows: 0, columns: 0)
        x = out
    }

    func run(chunk: Int, thread: Int) {
        let first = chunk * rowsPerChunk
        for row in first..<min(first + rowsPerChunk, x.rows) { run(row: row) }
    }

    private func run(row: Int) {
        switch kind {
        case .rmsNorm: table.pointee.rms_norm(out[row], x[row], weight, x.columns, eps)
        case .rmsNormHeads:
            for start in stride(from: 0, to: x.columns, by: headDim) {
                table.pointee.rms_norm(out[row] + start, x[row] + start, weight, headDim, eps)
            }
        case .siluMultiply: table.pointee.silu_mul(out[row], x[row], x.columns)
        case .add: table.pointee.add(out[row], x[row], x.columns)
        case .rotate:
            guard let cosine, let sine else { return }
            let half = rotaryDim / 2
            let kernel =
                interleaved ? table.pointee.rope_interleaved : table.pointee.rope_half
            for start in stride(from: headDim - rotaryDim, to: x.columns, by: headDim) {
                kernel?(out[row] + start, cosine + row * half, sine + row * half, half)
            }
        case .quantize: quantized?.quantize(row: row, of: x[row], columns: x.columns, table)
        case .round: rounded?.round(row: row, of: x, table)
        case .split: rounded?.split(row: row, of: x[row], columns: x.columns, table)
        }
    }
}

extension ComputeContext {
    /// Converts `count` stored elements to f32; whole blocks for a quantised type.
    package func convert(
        _ out: UnsafeMutablePointer<Float>, from source: UnsafeRawPointer, _ dtype: DType,
        count: Int
    ) {
        table.pointee.to_f32(out, source, dtype.kernelType, count)
    }
}

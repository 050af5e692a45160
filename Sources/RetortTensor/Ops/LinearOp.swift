// SPDX-License-Identifier: Apache-2.0
//
// y = x W^T + b. One row (decode) reads the weights once as a stream; many rows (prefill) reuse
// each tile of weights while it is in the cache.

import CRetortKernels

extension ComputeContext {
    /// A linear layer.
    /// - Parameters:
    ///   - out: `[rows, W.rows]`.
    ///   - x: `[rows, W.columns]`.
    ///   - bias: `[W.rows]`.
    package func linear(
        _ out: Rows, _ x: Rows, _ weight: WeightMatrix, bias: UnsafePointer<Float>? = nil
    ) {
        let task = linearTask
        task.out = out
        task.x = x
        task.weight = weight
        task.bias = bias
        let unit: Int
        if weight.dtype == .q8_0 {
            if x.rows == 1 {
                quantized.quantize(row: 0, of: x.base, columns: x.columns, table)
            } else {
                forEachRow(.quantize, out: x, x: x)
            }
            task.quantized = quantized.view
            unit = 2 * Int(RK_TILE)
        } else {
            unit = x.rows <= Self.exactRows ? 8 : Int(RK_PANEL)
        }
        // A few rows are cut into a few long runs, since a stream is fastest when it is long.
        let units = (weight.rows + unit - 1) / unit
        let parts = x.rows <= Self.exactRows ? min(units, 4 * pool.threadCount) : units
        task.rowsPerChunk = (units + parts - 1) / parts * unit
        pool.run(task, chunks: (weight.rows + task.rowsPerChunk - 1) / task.rowsPerChunk)
        task.weight = nil
    }
}

final class LinearTask: ParallelTask {
    /// Columns of a panel: 512 x 32 floats stay in the second-level cache beside the activations.
    private static let panelDepth = 512

    let table: UnsafePointer<rk_kernels>
    var out: Rows
    var x: Rows
    var weight: WeightMatrix?
    var bias: UnsafePointer<Float>?
    var quantized = rk_q8_rows()
    var rowsPerChunk = 1
    private let panels: [AlignedBuffer]

    init(table: UnsafePointer<rk_kernels>, threads: Int, nothing: AlignedBuffer)
        throws(TensorError)
    {
        self.table = table
        out = Rows(nothing.floats, rows: 0, columns: 0)
        x = out
        var panels: [AlignedBuffer] = []
        for _ in 0..<threads { panels.append(try .floats(Self.panelDepth * Int(RK_PANEL))) }
        self.panels = panels
    }

    func run(chunk: Int, thread: Int) {
        guard let weight else { return }
        let first = chunk * rowsPerChunk
        let count = min(rowsPerChunk, weight.rows - first)
        let target = out.base + first
        if weight.dtype == .q8_0 {
            let tiles = weight.base + first / Int(RK_TILE) * weight.stride
            table.pointee.q8_gemm(
                target, out.stride, tiles.assumingMemoryBound(to: UInt8.self), count, quantized,
                x.rows, x.columns)
        } else if x.rows <= ComputeContext.exactRows {
            table.pointee.gemv_rows(
                target, out.stride, weight.base + first * weight.stride, weight.dtype.kernelType,
                weight.stride, x.base, x.stride, x.rows, count, x.columns)
        } else {
            runPanels(weight, first: first, count: count, target: target, panels[thread].floats)
        }
        guard let bias else { return }
        for row in 0..<x.rows { table.pointee.add(target + row * out.stride, bias + first, count) }
    }

    private func runPanels(
        _ weight: WeightMatrix, first: Int, count: Int, target: UnsafeMutablePointer<Float>,
        _ panel: UnsafeMutablePointer<Float>
    ) {
        let panelWidth = Int(RK_PANEL)
        let elementBytes = weight.dtype.blockBytes
        for column in stride(from: 0, to: count, by: panelWidth) {
            let width = min(panelWidth, count - column)
            let rows = weight.base + (first + column) * weight.stride
            for depth in stride(from: 0, to: x.columns, by: Self.panelDepth) {
                let k = min(Self.panelDepth, x.columns - depth)
                table.pointee.pack_panel(
                    panel, rows + depth * elementBytes, weight.dtype.kernelType, weight.stride,
                    width, k)
                table.pointee.gemm_panel(
                    target + column, out.stride, x.base + depth, x.stride, panel, panelWidth,
                    x.rows, width, k, depth == 0 ? 0 : 1)
            }
        }
    }
}

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
        task.rounded = nil
        task.split = nil
        task.readsPrompt = readsPrompt
        let unit: Int
        if weight.dtype.isQuantized {
            if x.rows == 1 {
                quantized.quantize(row: 0, of: x.base, columns: x.columns, table)
            } else {
                forEachRow(.quantize, out: x, x: x)
            }
            task.quantized = quantized.view
            unit = 2 * Int(RK_TILE)
        } else if weight.dtype == .bf16, x.rows >= LinearTask.bf16Threshold, x.columns % 2 == 0,
            table.pointee.has_bf16_products != 0
        {
            forEachRow(.round, out: x, x: x)
            task.rounded = UnsafePointer(rounded.base)
            unit = Int(RK_PANEL)
        } else if task.splits(weight), x.rows <= Self.exactRows {
            forEachRow(.split, out: x, x: x)
            task.split = UnsafePointer(rounded.base)
            unit = 8
        } else if x.rows <= Self.exactRows, weight.scales.isEmpty {
            unit = 8
        } else {
            unit = Int(RK_PANEL)
        }
        task.rowsPerChunk =
            x.rows <= Self.exactRows
            ? LinearTask.streamRows(weight, unit: unit, threads: pool.threadCount) : unit
        pool.run(task, chunks: (weight.rows + task.rowsPerChunk - 1) / task.rowsPerChunk)
        task.weight = nil
    }
}

final class LinearTask: ParallelTask {
    /// Rows of a chunk for one row of activations: long, since a stream is fastest when it is long,
    /// but so short that no thread waits long for the last one.
    static func streamRows(_ weight: WeightMatrix, unit: Int, threads: Int) -> Int {
        let units = (weight.rows + unit - 1) / unit
        let parts = min(units, max(4 * threads, weight.byteCount / streamBytes))
        return (units + parts - 1) / parts * unit
    }

    private static let streamBytes = 256 << 10

    /// From this many rows on, activations are rounded to bf16 where the weights are and the
    /// processor multiplies pairs of them: prompts gain more than twice the speed for an error of
    /// less than 1 %. Fewer rows, such as generated tokens, wait for the weights anyway.
    static let bf16Threshold = 128
    /// Columns of a panel: 512 x 32 floats stay in the second-level cache beside the activations.
    private static let panelDepth = 512

    let table: UnsafePointer<rk_kernels>
    var out: Rows
    var x: Rows
    var weight: WeightMatrix?
    var bias: UnsafePointer<Float>?
    var quantized = rk_q8_rows()
    /// `[x.rows, x.columns]`
    var rounded: UnsafePointer<UInt16>?
    /// `[x.rows, 2, x.columns]`
    var split: UnsafePointer<UInt16>?
    var rowsPerChunk = 1
    var readsPrompt = false
    private let panels: [AlignedBuffer]
    /// One row of activations for each thread, times the scales of a row of weight blocks.
    private let scaledRows: [AlignedBuffer]

    init(
        table: UnsafePointer<rk_kernels>, threads: Int, maximumColumns: Int, nothing: AlignedBuffer
    ) throws(TensorError) {
        self.table = table
        out = Rows(nothing.floats, rows: 0, columns: 0)
        x = out
        var panels: [AlignedBuffer] = []
        var scaledRows: [AlignedBuffer] = []
        for _ in 0..<threads {
            panels.append(try .floats(Self.panelDepth * Int(RK_PANEL)))
            scaledRows.append(try .floats(maximumColumns))
        }
        self.panels = panels
        self.scaledRows = scaledRows
    }

    /// Whether few rows are split into pairs of bf16: that costs no precision, and the weights are
    /// multiplied as they come from memory.
    func splits(_ weight: WeightMatrix) -> Bool {
        weight.dtype == .bf16 && table.pointee.has_bf16_products != 0
    }

    func run(chunk: Int, thread: Int) {
        guard let weight else { return }
        let first = chunk * rowsPerChunk
        let count = min(rowsPerChunk, weight.rows - first)
        let target = out.base + first
        if weight.dtype.isQuantized {
            let tiles = weight.base + first / Int(RK_TILE) * weight.stride
            let bytes = tiles.assumingMemoryBound(to: UInt8.self)
            // Called by name: an entry that is missing in a table must not be passed over.
            if readsPrompt {
                table.pointee.tile_gemm_many(
                    target, out.stride, bytes, weight.dtype.kernelType, count, quantized, x.rows,
                    x.columns)
            } else {
                table.pointee.tile_gemm(
                    target, out.stride, bytes, weight.dtype.kernelType, count, quantized, x.rows,
                    x.columns)
            }
        } else if let rounded {
            runPairs(
                weight, rounded, first: first, count: count, target: target, panels[thread].floats)
        } else if let split {
            table.pointee.bf16_gemv_rows(
                target, out.stride, weight.base + first * weight.stride, weight.stride, split,
                x.rows, count, x.columns)
        } else if x.rows > ComputeContext.exactRows {
            runPanels(weight, first: first, count: count, target: target, panels[thread].floats)
        } else if weight.scales.isEmpty {
            table.pointee.gemv_rows(
                target, out.stride, weight.base + first * weight.stride, weight.dtype.kernelType,
                weight.stride, x.base, x.stride, x.rows, count, x.columns)
        } else {
            runScaled(weight, first: first, count: count, target: target, scaledRows[thread].floats)
        }
        guard let bias else { return }
        for row in 0..<x.rows { table.pointee.add(target + row * out.stride, bias + first, count) }
    }

    /// Rows times weights with block scales: the activations are scaled once for each row of
    /// blocks, so that the kernel reads the weights as they are.
    private func runScaled(
        _ weight: WeightMatrix, first: Int, count: Int, target: UnsafeMutablePointer<Float>,
        _ scaled: UnsafeMutablePointer<Float>
    ) {
        let block = WeightMatrix.scaleBlock
        let across = (weight.columns + block - 1) / block
        var start = first
        while start < first + count {
            let end = min((start / block + 1) * block, first + count)
            for row in 0..<x.rows {
                scaled.update(from: x[row], count: x.columns)
                for column in 0..<across {
                    table.pointee.scale(
                        scaled + column * block, min(block, x.columns - column * block),
                        weight.scales[start / block * across + column])
                }
                table.pointee.gemv(
                    target + row * out.stride + start - first, weight.base + start * weight.stride,
                    weight.dtype.kernelType, weight.stride, scaled, end - start, x.columns)
            }
            start = end
        }
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
                scale(panel, of: weight, row: first + column, column: depth, depth: k)
                table.pointee.gemm_panel(
                    target + column, out.stride, x.base + depth, x.stride, panel, panelWidth,
                    x.rows, width, k, depth == 0 ? 0 : 1)
            }
        }
    }

    /// Panels of bf16 pairs: a pair is packed as if it were one f32.
    private func runPairs(
        _ weight: WeightMatrix, _ rounded: UnsafePointer<UInt16>, first: Int, count: Int,
        target: UnsafeMutablePointer<Float>, _ panel: UnsafeMutablePointer<Float>
    ) {
        let pairs = x.columns / 2
        for column in stride(from: 0, to: count, by: Int(RK_PANEL)) {
            let width = min(Int(RK_PANEL), count - column)
            let rows = weight.base + (first + column) * weight.stride
            for depth in stride(from: 0, to: pairs, by: Self.panelDepth) {
                let k = min(Self.panelDepth, pairs - depth)
                table.pointee.pack_panel(
                    panel, rows + 4 * depth, RK_F32, weight.stride, width, k)
                table.pointee.bf16_panel(
                    target + column, out.stride, rounded + 2 * depth, pairs, panel, Int(RK_PANEL),
                    x.rows, width, k, depth == 0 ? 0 : 1)
            }
        }
    }

    /// Multiplies a packed panel with the block scales of its weights, where there are any. A panel
    /// lies within one row of blocks, and its columns begin with a block.
    private func scale(
        _ panel: UnsafeMutablePointer<Float>, of weight: WeightMatrix, row: Int, column: Int,
        depth: Int
    ) {
        guard !weight.scales.isEmpty else { return }
        let block = WeightMatrix.scaleBlock
        let scalesOfRow = row / block * ((weight.columns + block - 1) / block)
        for start in stride(from: 0, to: depth, by: block) {
            table.pointee.scale(
                panel + start * Int(RK_PANEL), min(block, depth - start) * Int(RK_PANEL),
                weight.scales[scalesOfRow + (column + start) / block])
        }
    }
}

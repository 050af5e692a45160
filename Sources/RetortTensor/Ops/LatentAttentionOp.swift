// SPDX-License-Identifier: Apache-2.0
//
// The two forms of multi-head latent attention (DeepSeek-V2, 2024). Absorbed: queries are taken into
// the latent space by each head's key matrix and attend to the cached latents themselves, as one
// shared head. Expanded: each head's keys and values are made from the latents first, which is less
// work where many queries share them.

import CRetortKernels

extension ComputeContext {
    /// out_h = W_h x_h for every head h and row.
    /// - Parameters:
    ///   - out: Head h begins at column h * outStride and has W.rows elements.
    ///   - x: Head h begins at column h * xStride and has W.columns elements.
    package func headLinear(
        _ out: Rows, outStride: Int, _ x: Rows, xStride: Int, _ weight: HeadMatrices
    ) {
        let task = headLinearTask
        task.out = out
        task.outStride = outStride
        task.x = x
        task.xStride = xStride
        task.weight = weight
        pool.run(task, chunks: weight.heads)
        task.weight = nil
    }

    /// Attention with each head's keys and values made from the cached latents.
    /// - Parameters:
    ///   - out: `[tokens, heads * valueUp.rows]`.
    ///   - q: `[tokens, heads * (keyUp.columns + rotated)]`.
    ///   - latents: One head of `keyUp.rows` latent elements, then the rotated key's.
    ///   - keyUp: `[heads, latent, key]`, the transpose of what makes keys from latents.
    ///   - valueUp: `[heads, value, latent]`.
    package func expandedAttention(
        _ out: Rows, _ q: Rows, latents: CachedHeads, keyUp: HeadMatrices, valueUp: HeadMatrices,
        position: Int, scale: Float
    ) throws(TensorError) {
        let task = expandedTask
        task.out = out
        task.q = q
        task.latents = latents
        task.keyUp = keyUp
        task.valueUp = valueUp
        task.position = position
        task.scale = scale
        task.seen = position + q.rows
        try task.scratch.reserve(task.layout.total)
        pool.run(task, chunks: keyUp.heads)
        task.keyUp = nil
        task.valueUp = nil
    }
}

final class HeadLinearTask: ParallelTask {
    let table: UnsafePointer<rk_kernels>
    var out: Rows
    var outStride = 0
    var x: Rows
    var xStride = 0
    var weight: HeadMatrices?

    init(table: UnsafePointer<rk_kernels>, nothing: AlignedBuffer) {
        self.table = table
        out = Rows(nothing.floats, rows: 0, columns: 0)
        x = out
    }

    func run(chunk head: Int, thread: Int) {
        guard let weight else { return }
        for row in 0..<x.rows {
            table.pointee.gemv(
                out[row] + head * outStride, weight.base(head: head), weight.dtype.kernelType,
                weight.rowBytes, x[row] + head * xStride, weight.rows, weight.columns)
        }
    }
}

final class ExpandedAttentionTask: ParallelTask {
    /// Latents converted at a time.
    private static let rowsPerStep = 96

    let table: UnsafePointer<rk_kernels>
    let scratch: ThreadScratch
    var out: Rows
    var q: Rows
    var latents: CachedHeads
    var keyUp: HeadMatrices?
    var valueUp: HeadMatrices?
    var position = 0
    var seen = 0
    var scale: Float = 1

    init(table: UnsafePointer<rk_kernels>, threads: Int, nothing: AlignedBuffer) {
        self.table = table
        scratch = ThreadScratch(threads: threads)
        out = Rows(nothing.floats, rows: 0, columns: 0)
        q = out
        latents = .nothing(nothing)
    }

    /// Where each part of a thread's scratch memory begins.
    struct Layout {
        var keys = 0
        var values = 0
        var keyMatrix = 0
        var valuePanels = 0
        var rows = 0
        var block = 0
        var total = 0
    }

    var layout: Layout {
        guard let keyUp, let valueUp else { return Layout() }
        let keyDim = keyUp.columns + latents.headDim - keyUp.rows
        let panels = (valueUp.rows + Int(RK_PANEL) - 1) / Int(RK_PANEL)
        var layout = Layout()
        layout.values = seen * keyDim
        // A panel's full width is written and read also where the matrix ends before.
        layout.keyMatrix = layout.values + seen * valueUp.rows + 64
        layout.valuePanels = layout.keyMatrix + keyUp.rows * keyUp.columns + 64
        layout.rows = layout.valuePanels + panels * valueUp.columns * Int(RK_PANEL)
        layout.block = layout.rows + Self.rowsPerStep * latents.headDim
        layout.total =
            layout.block
            + AttentionBlock.scratchFloats(
                rows: AttentionBlock.maximumRows, keyDim: keyDim, valueDim: valueUp.rows)
        return layout
    }

    func run(chunk head: Int, thread: Int) {
        guard let keyUp, let valueUp, let floats = scratch[thread] else { return }
        let layout = layout
        let rotated = latents.headDim - keyUp.rows
        let keyDim = keyUp.columns + rotated
        expand(head: head, keyUp, valueUp, floats, layout)
        for first in stride(from: 0, to: q.rows, by: AttentionBlock.maximumRows) {
            AttentionBlock(
                table: table, q: q, out: out, firstQuery: first,
                queries: min(AttentionBlock.maximumRows, q.rows - first), firstHead: head,
                heads: 1, keyDim: keyDim, valueDim: valueUp.rows, position: position, scale: scale
            ).run(
                keys: HeadRows(
                    place: .memory(floats + layout.keys, .f32, rowBytes: 4 * keyDim)),
                values: HeadRows(
                    place: .memory(floats + layout.values, .f32, rowBytes: 4 * valueUp.rows)),
                scratch: floats + layout.block)
        }
    }

    /// Makes the keys and values of one head from all latents.
    private func expand(
        head: Int, _ keyUp: HeadMatrices, _ valueUp: HeadMatrices,
        _ floats: UnsafeMutablePointer<Float>, _ layout: Layout
    ) {
        let panel = Int(RK_PANEL)
        let latent = keyUp.rows
        let rotated = latents.headDim - latent
        let keyDim = keyUp.columns + rotated
        let keyMatrix = floats + layout.keyMatrix
        let valuePanels = floats + layout.valuePanels
        let rows = floats + layout.rows
        table.pointee.to_f32(
            keyMatrix, keyUp.base(head: head), keyUp.dtype.kernelType, latent * keyUp.columns)
        for (index, row) in stride(from: 0, to: valueUp.rows, by: panel).enumerated() {
            table.pointee.pack_panel(
                valuePanels + index * latent * panel,
                valueUp.base(head: head) + row * valueUp.rowBytes, valueUp.dtype.kernelType,
                valueUp.rowBytes, min(panel, valueUp.rows - row), latent)
        }
        for first in stride(from: 0, to: seen, by: Self.rowsPerStep) {
            let count = min(Self.rowsPerStep, seen - first)
            let keys = floats + layout.keys + first * keyDim
            let values = floats + layout.values + first * valueUp.rows
            for row in 0..<count {
                table.pointee.to_f32(
                    rows + row * latents.headDim, latents.row(head: 0, position: first + row),
                    latents.dtype.kernelType, latents.headDim)
                (keys + row * keyDim + keyUp.columns).update(
                    from: rows + row * latents.headDim + latent, count: rotated)
            }
            for column in stride(from: 0, to: keyUp.columns, by: panel) {
                table.pointee.gemm_panel(
                    keys + column, keyDim, rows, latents.headDim, keyMatrix + column,
                    keyUp.columns, count, min(panel, keyUp.columns - column), latent, 0)
            }
            for (index, column) in stride(from: 0, to: valueUp.rows, by: panel).enumerated() {
                table.pointee.gemm_panel(
                    values + column, valueUp.rows, rows, latents.headDim,
                    valuePanels + index * latent * panel, panel, count,
                    min(panel, valueUp.rows - column), latent, 0)
            }
        }
    }
}

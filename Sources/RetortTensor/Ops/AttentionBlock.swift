// SPDX-License-Identifier: Apache-2.0
//
// Attention of a block of queries over all the keys they see, block of keys by block of keys with a
// running softmax, so that the scores never leave the cache (Milakov and Gimelshein 2018; Dao et al.
// 2022).

import CRetortKernels

/// Some queries of some heads that share one key/value head.
struct AttentionBlock {
    /// Rows (queries times heads) of a block: a multiple of the micro-kernel's.
    static let maximumRows = 96
    /// Keys per step: two panels.
    private static let keysPerStep = CachedHeads.pageRows

    let table: UnsafePointer<rk_kernels>
    /// `[tokens, heads * keyDim]`
    let q: Rows
    /// `[tokens, heads * valueDim]`
    let out: Rows
    let firstQuery: Int
    let queries: Int
    let firstHead: Int
    let heads: Int
    let keyDim: Int
    let valueDim: Int
    /// Of the first row of `q`.
    let position: Int
    let scale: Float

    /// Floats of scratch memory that a block of `rows` needs.
    static func scratchFloats(rows: Int, keyDim: Int, valueDim: Int) -> Int {
        // queries, outputs, running maximum and sum, scores, a key panel, values (with a margin for
        // the kernel's full-width reads of a ragged last panel)
        rows * (keyDim + valueDim) + 2 * rows + rows * keysPerStep + Int(RK_PANEL) * keyDim
            + keysPerStep * valueDim + 64
    }

    /// - Parameters:
    ///   - keys, values: The rows of the key/value head.
    func run(keys: HeadRows, values: HeadRows, scratch: UnsafeMutablePointer<Float>) {
        let rows = queries * heads
        let panel = Int(RK_PANEL)
        let query = scratch
        let output = query + rows * keyDim
        let maxima = output + rows * valueDim
        let sums = maxima + rows
        let scores = sums + rows
        let keyPanel = scores + rows * Self.keysPerStep
        let value = keyPanel + panel * keyDim

        for row in 0..<rows {
            let source = q[firstQuery + row / heads] + (firstHead + row % heads) * keyDim
            (query + row * keyDim).update(from: source, count: keyDim)
        }
        output.update(repeating: 0, count: rows * valueDim)
        maxima.update(repeating: -.infinity, count: rows)
        sums.update(repeating: 0, count: rows)

        let seen = position + firstQuery + queries
        for key in stride(from: 0, to: seen, by: Self.keysPerStep) {
            let count = min(Self.keysPerStep, seen - key)
            let keyRows = keys.from(key)
            for column in stride(from: 0, to: count, by: panel) {
                let width = min(panel, count - column)
                table.pointee.pack_panel(
                    keyPanel, keyRows + column * keys.rowBytes, keys.dtype.kernelType,
                    keys.rowBytes, width, keyDim)
                table.pointee.gemm_panel(
                    scores + column, Self.keysPerStep, query, keyDim, keyPanel, panel, rows,
                    width, keyDim, 0)
            }
            for row in 0..<rows {
                let line = scores + row * Self.keysPerStep
                let visible = min(count, position + firstQuery + row / heads + 1 - key)
                if visible > 0 {
                    table.pointee.softmax_step(
                        line, visible, scale, maxima + row, sums + row, output + row * valueDim,
                        valueDim)
                }
                for masked in max(visible, 0)..<count { line[masked] = 0 }
            }
            load(
                value, values.from(key), values.dtype, rowBytes: values.rowBytes, count: count)
            for column in stride(from: 0, to: valueDim, by: panel) {
                table.pointee.gemm_panel(
                    output + column, valueDim, scores, Self.keysPerStep, value + column, valueDim,
                    rows, min(panel, valueDim - column), count, 1)
            }
        }
        for row in 0..<rows {
            let target = out[firstQuery + row / heads] + (firstHead + row % heads) * valueDim
            let line = output + row * valueDim
            table.pointee.scale(line, valueDim, 1 / sums[row])
            target.update(from: line, count: valueDim)
        }
    }

    private func load(
        _ out: UnsafeMutablePointer<Float>, _ values: UnsafeRawPointer, _ type: DType,
        rowBytes: Int, count: Int
    ) {
        if rowBytes == valueDim / type.blockSize * type.blockBytes {
            return table.pointee.to_f32(out, values, type.kernelType, count * valueDim)
        }
        for row in 0..<count {
            table.pointee.to_f32(
                out + row * valueDim, values + row * rowBytes, type.kernelType, valueDim)
        }
    }
}

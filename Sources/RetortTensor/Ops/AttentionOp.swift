// SPDX-License-Identifier: Apache-2.0
//
// Causal attention over a cache, grouped queries. Decode computes all scores of a head, then mixes
// the values; prefill goes by blocks of queries and keys and keeps a running softmax, so that the
// scores never leave the cache (Milakov and Gimelshein 2018; Dao et al. 2022).

import CRetortKernels

/// Keys or values of one layer: `[heads, capacity, headDim]`.
package struct CachedHeads {
    package let base: UnsafeMutableRawPointer
    package let dtype: DType
    package let capacity: Int
    package let headDim: Int

    package init(base: UnsafeMutableRawPointer, dtype: DType, capacity: Int, headDim: Int) {
        self.base = base
        self.dtype = dtype
        self.capacity = capacity
        self.headDim = headDim
    }

    package var rowBytes: Int { headDim * dtype.blockBytes }

    /// The row of `position` in head `head`.
    package func row(head: Int, position: Int) -> UnsafeMutableRawPointer {
        base + (head * capacity + position) * rowBytes
    }
}

extension ComputeContext {
    /// Writes rows of all key/value heads into the cache from `position` on.
    package func store(_ x: Rows, in cache: CachedHeads, at position: Int) {
        for head in 0..<(x.columns / cache.headDim) {
            for row in 0..<x.rows {
                table.pointee.from_f32(
                    cache.row(head: head, position: position + row),
                    x[row] + head * cache.headDim, cache.dtype.kernelType, cache.headDim)
            }
        }
    }

    /// out = softmax(q kᵀ · scale) v, each query seeing the cache up to and with its own position.
    /// - Parameters:
    ///   - out, q: `[tokens, heads * headDim]`.
    ///   - position: The position of the first query; the cache holds `position + tokens` rows.
    package func attention(
        _ out: Rows, _ q: Rows, keys: CachedHeads, values: CachedHeads, keyValueHeads: Int,
        position: Int, scale: Float
    ) throws(TensorError) {
        let task = attentionTask
        task.out = out
        task.q = q
        task.keys = keys
        task.values = values
        task.position = position
        task.scale = scale
        task.headDim = keys.headDim
        task.group = q.columns / keys.headDim / keyValueHeads
        if q.rows <= Self.exactRows {
            task.queriesPerBlock = 1
            // With fewer key/value heads than threads, the query heads are shared out.
            task.headsPerChunk = keyValueHeads >= pool.threadCount ? task.group : 1
            try task.reserve(scratch: (position + q.rows) * task.headsPerChunk)
            pool.run(task, chunks: keyValueHeads * task.group / task.headsPerChunk * q.rows)
        } else {
            task.headsPerChunk = task.group
            task.queriesPerBlock = max(1, min(q.rows, AttentionTask.rowsPerBlock / task.group))
            try task.reserve(
                scratch: AttentionTask.blockScratch(
                    rows: task.queriesPerBlock * task.group, headDim: keys.headDim))
            let blocks = (q.rows + task.queriesPerBlock - 1) / task.queriesPerBlock
            task.keyValueHeads = keyValueHeads
            pool.run(task, chunks: blocks * keyValueHeads)
        }
    }
}

final class AttentionTask: ParallelTask {
    /// Rows (queries times heads of a group) per block of prefill: a multiple of the micro-kernel's.
    static let rowsPerBlock = 96
    /// Keys per block: two panels.
    static let keysPerBlock = 64

    let table: UnsafePointer<rk_kernels>
    var out: Rows
    var q: Rows
    var keys: CachedHeads
    var values: CachedHeads
    var position = 0
    var scale: Float = 1
    var headDim = 0
    var group = 1
    var keyValueHeads = 1
    var headsPerChunk = 1
    var queriesPerBlock = 1
    private var scratch: [AlignedBuffer?]
    private var scratchFloats = 0

    init(table: UnsafePointer<rk_kernels>, threads: Int, nothing: AlignedBuffer) {
        self.table = table
        out = Rows(nothing.floats, rows: 0, columns: 0)
        q = out
        keys = CachedHeads(base: nothing.base, dtype: .f32, capacity: 0, headDim: 0)
        values = keys
        scratch = Array(repeating: nil, count: threads)
    }

    /// Makes sure that every thread has room; grows by doubling, so that a long answer allocates
    /// only a few times.
    func reserve(scratch needed: Int) throws(TensorError) {
        guard needed > scratchFloats else { return }
        scratchFloats = max(needed, 2 * scratchFloats, 4096)
        for thread in scratch.indices { scratch[thread] = try .floats(scratchFloats) }
    }

    func run(chunk: Int, thread: Int) {
        guard let floats = scratch[thread]?.floats else { return }
        if q.rows <= ComputeContext.exactRows {
            // The rows of a head follow one another: its keys and values are then in the cache.
            decode(
                row: chunk % q.rows, head: chunk / q.rows * headsPerChunk, scores: floats)
        } else {
            // The last queries see the most keys: start with them, so that the threads end together.
            let blocks = (q.rows + queriesPerBlock - 1) / queriesPerBlock
            prefill(
                block: blocks - 1 - chunk / keyValueHeads, head: chunk % keyValueHeads,
                scratch: floats)
        }
    }

    /// Heads of one group, `headsPerChunk` from `head` on: they share the keys and values.
    private func decode(row: Int, head: Int, scores: UnsafeMutablePointer<Float>) {
        let cached = head / group
        let count = position + row + 1
        let queries = q[row] + head * headDim
        table.pointee.gemv_rows(
            scores, count, keys.row(head: cached, position: 0), keys.dtype.kernelType,
            keys.rowBytes, queries, headDim, headsPerChunk, count, headDim)
        for index in 0..<headsPerChunk {
            table.pointee.scale(scores + index * count, count, scale)
            table.pointee.softmax(scores + index * count, count)
        }
        table.pointee.attention_mix_rows(
            out[row] + head * headDim, headDim, scores, count,
            values.row(head: cached, position: 0), values.dtype.kernelType, values.rowBytes,
            headsPerChunk, count, headDim)
    }

    static func blockScratch(rows: Int, headDim: Int) -> Int {
        // queries, outputs, running maximum and sum, scores, key panels, values (with a margin for
        // the kernel's full-width reads of a ragged last panel)
        2 * rows * headDim + 2 * rows + rows * keysPerBlock + 2 * keysPerBlock * headDim + 64
    }

    private func prefill(block: Int, head: Int, scratch: UnsafeMutablePointer<Float>) {
        let first = block * queriesPerBlock
        let queries = min(queriesPerBlock, q.rows - first)
        let rows = queries * group
        let keysPerBlock = Self.keysPerBlock
        let panel = Int(RK_PANEL)
        let query = scratch
        let output = query + rows * headDim
        let maxima = output + rows * headDim
        let sums = maxima + rows
        let scores = sums + rows
        let keyPanel = scores + rows * keysPerBlock
        let value = keyPanel + keysPerBlock * headDim

        for row in 0..<rows {
            let source = q[first + row / group] + (head * group + row % group) * headDim
            (query + row * headDim).update(from: source, count: headDim)
        }
        output.update(repeating: 0, count: rows * headDim)
        maxima.update(repeating: -.infinity, count: rows)
        sums.update(repeating: 0, count: rows)

        let seen = position + first + queries
        for key in stride(from: 0, to: seen, by: keysPerBlock) {
            let count = min(keysPerBlock, seen - key)
            for column in stride(from: 0, to: count, by: panel) {
                let width = min(panel, count - column)
                table.pointee.pack_panel(
                    keyPanel, keys.row(head: head, position: key + column), keys.dtype.kernelType,
                    keys.rowBytes, width, headDim)
                table.pointee.gemm_panel(
                    scores + column, keysPerBlock, query, headDim, keyPanel, panel, rows, width,
                    headDim, 0)
            }
            for row in 0..<rows {
                let line = scores + row * keysPerBlock
                let visible = min(count, position + first + row / group + 1 - key)
                if visible > 0 {
                    table.pointee.softmax_step(
                        line, visible, scale, maxima + row, sums + row, output + row * headDim,
                        headDim)
                }
                for masked in max(visible, 0)..<count { line[masked] = 0 }
            }
            table.pointee.to_f32(
                value, values.row(head: head, position: key), values.dtype.kernelType,
                count * headDim)
            for column in stride(from: 0, to: headDim, by: panel) {
                table.pointee.gemm_panel(
                    output + column, headDim, scores, keysPerBlock, value + column, headDim, rows,
                    min(panel, headDim - column), count, 1)
            }
        }
        for row in 0..<rows {
            let target = out[first + row / group] + (head * group + row % group) * headDim
            let line = output + row * headDim
            table.pointee.scale(line, headDim, 1 / sums[row])
            target.update(from: line, count: headDim)
        }
    }
}

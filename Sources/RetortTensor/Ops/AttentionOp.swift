// SPDX-License-Identifier: Apache-2.0
//
// Causal attention over a cache, grouped queries. Decode with few query heads to a key head computes
// all scores of a head, then mixes the values; all else goes by blocks (see AttentionBlock).

import CRetortKernels

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
    ///   - out: `[tokens, heads * values.headDim]`.
    ///   - q: `[tokens, heads * keys.headDim]`.
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
        task.keyValueHeads = keyValueHeads
        task.group = q.columns / keys.headDim / keyValueHeads
        task.isExact = q.rows <= Self.exactRows && task.group < AttentionTask.blockedGroup
        if task.isExact {
            // With fewer key/value heads than threads, the query heads are shared out.
            task.headsPerChunk = keyValueHeads >= pool.threadCount ? task.group : 1
            try task.scratch.reserve((position + q.rows) * task.headsPerChunk)
            pool.run(task, chunks: keyValueHeads * task.group / task.headsPerChunk * q.rows)
            return
        }
        // A group wider than a block, or than one token's share of the threads, is cut into parts.
        let wanted =
            q.rows == 1 ? (pool.threadCount + keyValueHeads - 1) / keyValueHeads : 1
        let parts = max(
            min(wanted, task.group),
            (task.group + AttentionBlock.maximumRows - 1) / AttentionBlock.maximumRows)
        task.headsPerChunk = (task.group + parts - 1) / parts
        task.parts = (task.group + task.headsPerChunk - 1) / task.headsPerChunk
        task.queriesPerBlock = max(
            1, min(q.rows, AttentionBlock.maximumRows / task.headsPerChunk))
        try task.scratch.reserve(
            AttentionBlock.scratchFloats(
                rows: task.queriesPerBlock * task.headsPerChunk, keyDim: keys.headDim,
                valueDim: values.headDim))
        let blocks = (q.rows + task.queriesPerBlock - 1) / task.queriesPerBlock
        pool.run(task, chunks: blocks * keyValueHeads * task.parts)
    }
}

/// Memory of each thread's own, kept from call to call.
final class ThreadScratch {
    private var buffers: [AlignedBuffer?]
    private var floats = 0

    init(threads: Int) { buffers = Array(repeating: nil, count: threads) }

    /// Makes sure that every thread has room; grows by doubling, so that a long answer allocates
    /// only a few times.
    func reserve(_ needed: Int) throws(TensorError) {
        guard needed > floats else { return }
        floats = max(needed, 2 * floats, 4096)
        for thread in buffers.indices { buffers[thread] = try .floats(floats) }
    }

    subscript(thread: Int) -> UnsafeMutablePointer<Float>? { buffers[thread]?.floats }
}

final class AttentionTask: ParallelTask {
    /// From this many query heads to a key head on, one token's heads are computed as a block: the
    /// keys are then read once for all of them.
    static let blockedGroup = 8

    let table: UnsafePointer<rk_kernels>
    let scratch: ThreadScratch
    var out: Rows
    var q: Rows
    var keys: CachedHeads
    var values: CachedHeads
    var position = 0
    var scale: Float = 1
    var group = 1
    var keyValueHeads = 1
    var headsPerChunk = 1
    var parts = 1
    var queriesPerBlock = 1
    var isExact = true

    init(table: UnsafePointer<rk_kernels>, threads: Int, nothing: AlignedBuffer) {
        self.table = table
        scratch = ThreadScratch(threads: threads)
        out = Rows(nothing.floats, rows: 0, columns: 0)
        q = out
        keys = CachedHeads(base: nothing.base, dtype: .f32, capacity: 0, headDim: 0)
        values = keys
    }

    func run(chunk: Int, thread: Int) {
        guard let floats = scratch[thread] else { return }
        if isExact {
            // The rows of a head follow one another: its keys and values are then in the cache.
            decode(
                row: chunk % q.rows, head: chunk / q.rows * headsPerChunk, scores: floats)
            return
        }
        // The last queries see the most keys: start with them, so that the threads end together.
        let blocks = (q.rows + queriesPerBlock - 1) / queriesPerBlock
        let cachedHead = chunk / parts % keyValueHeads
        let block = blocks - 1 - chunk / parts / keyValueHeads
        let firstInGroup = chunk % parts * headsPerChunk
        let first = block * queriesPerBlock
        AttentionBlock(
            table: table, q: q, out: out, firstQuery: first,
            queries: min(queriesPerBlock, q.rows - first),
            firstHead: cachedHead * group + firstInGroup,
            heads: min(headsPerChunk, group - firstInGroup),
            keyDim: keys.headDim, valueDim: values.headDim, position: position, scale: scale
        ).run(
            keys: UnsafeRawPointer(keys.row(head: cachedHead, position: 0)), keys.dtype,
            rowBytes: keys.rowBytes,
            values: UnsafeRawPointer(values.row(head: cachedHead, position: 0)), values.dtype,
            rowBytes: values.rowBytes, scratch: floats)
    }

    /// Heads of one group, `headsPerChunk` from `head` on: they share the keys and values.
    private func decode(row: Int, head: Int, scores: UnsafeMutablePointer<Float>) {
        let cached = head / group
        let count = position + row + 1
        let (keyDim, valueDim) = (keys.headDim, values.headDim)
        table.pointee.gemv_rows(
            scores, count, keys.row(head: cached, position: 0), keys.dtype.kernelType,
            keys.rowBytes, q[row] + head * keyDim, keyDim, headsPerChunk, count, keyDim)
        for index in 0..<headsPerChunk {
            table.pointee.scale(scores + index * count, count, scale)
            table.pointee.softmax(scores + index * count, count)
        }
        table.pointee.attention_mix_rows(
            out[row] + head * valueDim, valueDim, scores, count,
            values.row(head: cached, position: 0), values.dtype.kernelType, values.rowBytes,
            headsPerChunk, count, valueDim)
    }
}

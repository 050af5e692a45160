// SPDX-License-Identifier: Apache-2.0
//
// Causal attention over caches, grouped queries, the rows of several sequences at once. Decode with
// few query heads to a key head computes all scores of a head, then mixes the values; all else goes
// by blocks (see AttentionBlock).

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

    /// out = softmax(q kᵀ · scale) v, each query seeing its own sequence's cache up to and with its
    /// own position.
    /// - Parameters:
    ///   - out: `[tokens, heads * values.headDim]`.
    ///   - q: `[tokens, heads * keys.headDim]`.
    ///   - sequences: How many there are; their rows follow one another. All caches are of one shape.
    ///   - sequence: Gives each of them.
    package func attention(
        _ out: Rows, _ q: Rows, keyValueHeads: Int, scale: Float, sequences: Int,
        _ sequence: (Int) -> CachedSequence
    ) throws(TensorError) {
        let task = attentionTask
        task.out = out
        task.q = q
        task.scale = scale
        task.keyValueHeads = keyValueHeads
        task.sequences.removeAll(keepingCapacity: true)
        for index in 0..<sequences { task.sequences.append(sequence(index)) }
        guard let first = task.sequences.first else { return }
        let (keyDim, valueDim) = (first.keys.headDim, first.values.headDim)
        task.group = q.columns / keyDim / keyValueHeads
        task.isExact =
            !readsPrompt && q.rows <= Self.exactRows && task.group < AttentionTask.blockedGroup
        if task.isExact {
            // With fewer key/value heads than threads, the query heads are shared out.
            task.headsPerChunk = keyValueHeads >= pool.threadCount ? task.group : 1
            let longest = task.sequences.reduce(0) { max($0, $1.position + $1.rows) }
            try task.scratch.reserve((longest + valueDim) * task.headsPerChunk)
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
        let most = task.sequences.reduce(0) { max($0, $1.rows) }
        task.queriesPerBlock = max(1, min(most, AttentionBlock.maximumRows / task.headsPerChunk))
        try task.scratch.reserve(
            AttentionBlock.scratchFloats(
                rows: task.queriesPerBlock * task.headsPerChunk, keyDim: keyDim,
                valueDim: valueDim))
        let blocks = task.sequences.reduce(0) { $0 + task.blocks(of: $1) }
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
    var sequences: [CachedSequence] = []
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
    }

    func blocks(of sequence: CachedSequence) -> Int {
        (sequence.rows + queriesPerBlock - 1) / queriesPerBlock
    }

    func run(chunk: Int, thread: Int) {
        guard let floats = scratch[thread] else { return }
        if isExact {
            // The rows of a head follow one another: its keys and values are then in the cache.
            let row = chunk % q.rows
            guard let sequence = sequences.last(where: { $0.firstRow <= row }) else { return }
            decode(sequence, row: row, head: chunk / q.rows * headsPerChunk, scores: floats)
            return
        }
        let cachedHead = chunk / parts % keyValueHeads
        let firstInGroup = chunk % parts * headsPerChunk
        var block = chunk / parts / keyValueHeads
        var index = 0
        while index < sequences.count - 1, block >= blocks(of: sequences[index]) {
            block -= blocks(of: sequences[index])
            index += 1
        }
        let sequence = sequences[index]
        // The last queries see the most keys: start with them, so that the threads end together.
        let first = (blocks(of: sequence) - 1 - block) * queriesPerBlock
        AttentionBlock(
            table: table, q: q, out: out, firstQuery: sequence.firstRow + first,
            queries: min(queriesPerBlock, sequence.rows - first),
            firstHead: cachedHead * group + firstInGroup,
            heads: min(headsPerChunk, group - firstInGroup),
            keyDim: sequence.keys.headDim, valueDim: sequence.values.headDim,
            position: sequence.position - sequence.firstRow, scale: scale
        ).run(
            keys: HeadRows(place: .pages(sequence.keys, head: cachedHead)),
            values: HeadRows(place: .pages(sequence.values, head: cachedHead)), scratch: floats)
    }

    /// Heads of one group, `headsPerChunk` from `head` on: they share the keys and values.
    private func decode(
        _ sequence: CachedSequence, row: Int, head: Int, scores: UnsafeMutablePointer<Float>
    ) {
        let (keys, values) = (sequence.keys, sequence.values)
        let cached = head / group
        let count = sequence.position + row - sequence.firstRow + 1
        let (keyDim, valueDim) = (keys.headDim, values.headDim)
        let pageRows = CachedHeads.pageRows
        for first in stride(from: 0, to: count, by: pageRows) {
            table.pointee.gemv_rows(
                scores + first, count, keys.row(head: cached, position: first),
                keys.dtype.kernelType, keys.rowBytes, q[row] + head * keyDim, keyDim,
                headsPerChunk, min(pageRows, count - first), keyDim)
        }
        for index in 0..<headsPerChunk {
            table.pointee.scale(scores + index * count, count, scale)
            table.pointee.softmax(scores + index * count, count)
        }
        let target = out[row] + head * valueDim
        let part = scores + headsPerChunk * count
        for first in stride(from: 0, to: count, by: pageRows) {
            table.pointee.attention_mix_rows(
                first == 0 ? target : part, valueDim, scores + first, count,
                values.row(head: cached, position: first), values.dtype.kernelType,
                values.rowBytes, headsPerChunk, min(pageRows, count - first), valueDim)
            if first > 0 { table.pointee.add(target, part, headsPerChunk * valueDim) }
        }
    }
}

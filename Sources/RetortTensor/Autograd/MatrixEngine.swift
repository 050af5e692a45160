// SPDX-License-Identifier: Apache-2.0
//
// Matrix products of training. The right side is packed once into panels of 32 columns that all
// threads share; rows of the left side are handed out in blocks that fit the second-level cache.
// In bf16 both sides become pairs of bf16, and sums stay f32.

import CRetortKernels

/// What the products of a training step are computed in. Weights and sums are f32 in both.
public enum ComputeType: String, Sendable, CaseIterable {
    case f32, bf16
}

/// Fills rows of the left side of a product that are not in memory as such.
package protocol ProductPrologue: AnyObject {
    /// Writes `count` rows from `first` on to `target`, `[count, stride]`.
    func fill(
        _ target: UnsafeMutablePointer<Float>, stride: Int, first: Int, count: Int, thread: Int)
}

/// Uses rows of a product while they are in the cache, in place of storing them.
package protocol ProductEpilogue: AnyObject {
    /// - Parameter product: `[count, stride]`, the rows from `first` on; may be overwritten.
    func finish(
        _ product: UnsafeMutablePointer<Float>, stride: Int, first: Int, count: Int, thread: Int)
}

/// Runs matrix products on a thread pool. Not for two threads at a time.
package final class MatrixEngine {
    package let pool: ThreadPool
    package let table: UnsafePointer<rk_kernels>
    package let computeType: ComputeType
    /// Whether elements are multiplied as pairs of bf16.
    package let usesPairs: Bool
    let packed = ScratchBuffer()
    let threadScratch: [ScratchBuffer]
    private let packTask: PackPanelsTask
    private let rowsTask: RowsProductTask
    private let sumsTask: SumsProductTask

    /// Rows of activations as f32, for ops that work row by row: ``lineCount`` for each thread.
    private let lineScratch: [ScratchBuffer]
    private var lineWidth = 0
    let attentionScratch: [ScratchBuffer]
    static let lineCount = 6

    /// Rows of the widest micro-kernel.
    static let kernelRows = 14
    /// The most rows of a block.
    static let blockRows = 8 * kernelRows
    /// Elements along the inner axis that are multiplied before sums are written back.
    static let depth = 2048
    /// Rows (tokens) that a sum over rows takes at a time.
    static let sumDepth = 512
    /// Elements of the right side that are packed at a time.
    static let packedElements = 4 << 20

    /// - Throws: ``TensorError`` if memory runs out.
    package init(pool: ThreadPool, kernels: Kernels, computeType: ComputeType) throws(TensorError) {
        self.pool = pool
        table = kernels.table
        self.computeType = computeType
        usesPairs = computeType == .bf16 && kernels.table.pointee.has_bf16_products != 0
        threadScratch = (0..<pool.threadCount).map { _ in ScratchBuffer() }
        attentionScratch = (0..<pool.threadCount).map { _ in ScratchBuffer() }
        lineScratch = (0..<pool.threadCount).map { _ in ScratchBuffer() }
        packTask = PackPanelsTask(table: table, usesPairs: usesPairs)
        rowsTask = RowsProductTask(table: table, usesPairs: usesPairs)
        sumsTask = SumsProductTask(table: table, usesPairs: usesPairs)
        try reserveLines(columns: 256)
    }

    /// Makes room for rows of `columns` elements in ``line(_:thread:)``.
    /// - Throws: ``TensorError`` if memory runs out.
    func reserveLines(columns: Int) throws(TensorError) {
        guard columns > lineWidth else { return }
        lineWidth = (columns + 15) / 16 * 16
        for scratch in lineScratch { _ = try scratch.floats(Self.lineCount * lineWidth) }
    }

    /// One of a thread's rows of scratch memory.
    func line(_ index: Int, thread: Int) -> UnsafeMutablePointer<Float> {
        guard let base = lineScratch[thread].base else { preconditionFailure("no lines reserved") }
        return base.assumingMemoryBound(to: Float.self) + index * lineWidth
    }

    /// A row as f32: itself, or converted into a line.
    func read(
        _ row: UnsafeMutableRawPointer, _ dtype: DType, count: Int,
        line: UnsafeMutablePointer<Float>
    )
        -> UnsafeMutablePointer<Float>
    {
        guard dtype == .bf16 else { return row.assumingMemoryBound(to: Float.self) }
        table.pointee.to_f32(line, row, RK_BF16, count)
        return line
    }

    /// Where to write a row: itself, or a line that ``finish(_:_:line:count:)`` rounds.
    func target(_ row: UnsafeMutableRawPointer, _ dtype: DType, line: UnsafeMutablePointer<Float>)
        -> UnsafeMutablePointer<Float>
    {
        dtype == .bf16 ? line : row.assumingMemoryBound(to: Float.self)
    }

    func finish(
        _ row: UnsafeMutableRawPointer, _ dtype: DType, line: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        guard dtype == .bf16 else { return }
        table.pointee.bf16_round(row.assumingMemoryBound(to: UInt16.self), line, count)
    }

    /// Adds f32 values to a row of a gradient, or replaces it.
    func write(
        _ row: UnsafeMutableRawPointer, _ dtype: DType, _ values: UnsafeMutablePointer<Float>,
        count: Int, accumulate: Bool, line: UnsafeMutablePointer<Float>
    ) {
        if dtype == .f32 {
            let floats = row.assumingMemoryBound(to: Float.self)
            if accumulate {
                table.pointee.add(floats, values, count)
            } else {
                floats.update(from: values, count: count)
            }
            return
        }
        if accumulate {
            table.pointee.to_f32(line, row, RK_BF16, count)
            table.pointee.add(values, line, count)
        }
        table.pointee.bf16_round(row.assumingMemoryBound(to: UInt16.self), values, count)
    }

    /// Runs a task over rows in blocks that are a few for each thread.
    func forRows(_ rows: Int, _ task: any ParallelTask) {
        pool.run(task, chunks: (rows + Self.rowsPerChunk - 1) / Self.rowsPerChunk)
    }

    /// Rows that a chunk of ``forRows(_:_:)`` has.
    static let rowsPerChunk = 64

    static func rows(ofChunk chunk: Int, of count: Int) -> Range<Int> {
        chunk * rowsPerChunk..<min((chunk + 1) * rowsPerChunk, count)
    }

    /// How the right side of a product lies in memory.
    package enum Layout {
        /// `[n, k]`: a weight in y = x Wᵀ.
        case transposed
        /// `[k, n]`: a weight in dx = dy W.
        case plain
    }

    /// C = start + A B.
    /// - Parameters:
    ///   - c: `[rows, n]`, f32 or bf16; bf16 takes inner axes of any length at once. Nil with an
    ///     epilogue that uses the rows at once; then n and k are not cut.
    ///   - start: What is added: C itself, another matrix, or one row for all (`startStride` 0).
    ///   - a: `[rows, k]`; with a prologue only its shape counts.
    ///   - b: `[n, k]` or `[k, n]`.
    /// - Throws: ``TensorError`` if memory runs out.
    package func product(
        _ c: MatrixView?, start: UnsafePointer<Float>? = nil, startStride: Int = 0,
        _ a: MatrixView, _ b: MatrixView, _ layout: Layout,
        prologue: (any ProductPrologue)? = nil, epilogue: (any ProductEpilogue)? = nil
    ) throws(TensorError) {
        let k = a.columns
        let n = layout == .transposed ? b.rows : b.columns
        guard a.rows > 0, n > 0, k > 0 else { return }
        let isWhole = c == nil || prologue != nil
        let depth = isWhole || c?.dtype == .bf16 ? k : min(k, Self.depth)
        let panel = Int(RK_PANEL)
        let width =
            isWhole ? n : min(n, max(panel, Self.packedElements / depth / panel * panel))
        let task = rowsTask
        task.prologue = prologue
        task.epilogue = epilogue
        for column in stride(from: 0, to: n, by: width) {
            let columns = min(width, n - column)
            for inner in stride(from: 0, to: k, by: depth) {
                let count = min(depth, k - inner)
                let part =
                    layout == .transposed
                    ? b.rows(from: column, count: columns).columns(from: inner, count: count)
                    : b.rows(from: inner, count: count).columns(from: column, count: columns)
                task.panels = try pack(part, layout)
                task.a = a.columns(from: inner, count: count)
                task.c = c.map { $0.columns(from: column, count: columns) }
                task.columns = columns
                if inner > 0, let c {
                    task.start = UnsafePointer(c.floats + column)
                    task.startStride = c.stride
                } else {
                    task.start = start.map { $0 + column }
                    task.startStride = startStride
                }
                try reserve(rows: task)
                pool.run(task, chunks: task.divide(threads: pool.threadCount))
            }
        }
        task.prologue = nil
        task.epilogue = nil
    }

    private func reserve(rows task: RowsProductTask) throws(TensorError) {
        let left = Self.blockRows * (task.a.columns + 32)
        let sums = task.c == nil ? Self.blockRows * (task.columns + 16) : 0
        try reserveScratch(floats: 2 * left + sums)
        for (thread, scratch) in threadScratch.enumerated() {
            task.scratch[thread] = try scratch.floats(2 * left + sums)
        }
    }

    /// Makes sure that each thread has scratch memory of that size.
    private func reserveScratch(floats: Int) throws(TensorError) {
        for scratch in threadScratch { _ = try scratch.floats(floats) }
        while rowsTask.scratch.count < threadScratch.count {
            rowsTask.scratch.append(try threadScratch[rowsTask.scratch.count].floats(floats))
        }
        while sumsTask.scratch.count < threadScratch.count {
            sumsTask.scratch.append(try threadScratch[sumsTask.scratch.count].floats(floats))
        }
    }

    /// C (+)= Aᵀ B, a sum over rows: the gradient of a weight.
    /// - Parameters:
    ///   - c: `[m, n]`, f32.
    ///   - a: `[rows, m]`; `b`: `[rows, n]`.
    ///   - accumulate: Whether to add to what C holds.
    /// - Throws: ``TensorError`` if memory runs out.
    package func sumOfProducts(
        _ c: MatrixView, _ a: MatrixView, _ b: MatrixView, accumulate: Bool
    ) throws(TensorError) {
        guard c.rows > 0, c.columns > 0 else { return }
        guard a.rows > 0 else {
            if !accumulate {
                for row in 0..<c.rows { c.floats(row: row).update(repeating: 0, count: c.columns) }
            }
            return
        }
        let task = sumsTask
        // The rows whose right side fits the memory for packing, a multiple of `sumDepth`.
        let fitting = max(1, 2 * Self.packedElements / max(1, b.columns) / Self.sumDepth)
        let step = fitting * Self.sumDepth
        let parts = pool.threadCount * max(1, c.rows / (pool.threadCount * 128))
        task.blockRows = (c.rows + parts - 1) / parts
        task.c = c
        try reserveScratch(floats: Self.sumDepth * (task.blockRows + 16))
        for (thread, scratch) in threadScratch.enumerated() {
            task.scratch[thread] = try scratch.floats(Self.sumDepth * (task.blockRows + 16))
        }
        for first in stride(from: 0, to: a.rows, by: step) {
            let count = min(step, a.rows - first)
            task.a = a.rows(from: first, count: count)
            task.panels = try pack(b.rows(from: first, count: count), .plain, depth: Self.sumDepth)
            task.accumulate = accumulate || first > 0
            pool.run(task, chunks: (c.rows + task.blockRows - 1) / task.blockRows)
        }
    }

    /// Packs the right side of a product.
    /// - Parameter depth: Elements of the inner axis in a block; all blocks have whole panels.
    private func pack(_ b: MatrixView, _ layout: Layout, depth: Int? = nil) throws(TensorError)
        -> UnsafePointer<Float>
    {
        let task = packTask
        task.source = b
        task.layout = layout
        task.depth = depth ?? (layout == .transposed ? b.columns : b.rows)
        task.panels = try packed.floats(task.packedCount + 64)
        if layout == .transposed, usesPairs {
            try reserveScratch(floats: Int(RK_PANEL) * (b.columns + 2))
            task.scratch.removeAll(keepingCapacity: true)
            for scratch in threadScratch {
                task.scratch.append(try scratch.floats(Int(RK_PANEL) * (b.columns + 2)))
            }
        }
        pool.run(task, chunks: task.chunkCount)
        return UnsafePointer(task.panels)
    }
}

// SPDX-License-Identifier: Apache-2.0

import CRetortKernels

/// Packs a matrix into panels `[blocks of the inner axis][panels][inner][32]`.
final class PackPanelsTask: ParallelTask {
    let table: UnsafePointer<rk_kernels>
    let usesPairs: Bool
    var source: MatrixView
    var layout = MatrixEngine.Layout.transposed
    /// Elements of the inner axis in a block, as in the source.
    var depth = 1
    var panels: UnsafeMutablePointer<Float>
    var scratch: [UnsafeMutablePointer<Float>] = []

    private static let width = Int(RK_PANEL)

    init(table: UnsafePointer<rk_kernels>, usesPairs: Bool) {
        self.table = table
        self.usesPairs = usesPairs
        panels = .init(bitPattern: 64) ?? .allocate(capacity: 1)
        source = MatrixView(UnsafeMutableRawPointer(panels), rows: 0, columns: 0)
    }

    private var inner: Int { layout == .transposed ? source.columns : source.rows }
    private var outer: Int { layout == .transposed ? source.rows : source.columns }
    private var panelCount: Int { (outer + Self.width - 1) / Self.width }

    private func packedDepth(_ depth: Int) -> Int { usesPairs ? (depth + 1) / 2 : depth }

    var packedCount: Int {
        let blocks = (inner + depth - 1) / depth
        return blocks * packedDepth(depth) * panelCount * Self.width
    }

    /// Columns are packed in blocks of rows, rows in panels.
    var chunkCount: Int {
        layout == .transposed ? panelCount : (inner + depth - 1) / depth * columnParts
    }

    /// Few blocks are cut across as well, so that every thread has some.
    private var columnParts: Int { min(panelCount, 8) }

    func run(chunk: Int, thread: Int) {
        if layout == .transposed {
            runRows(panel: chunk, thread: thread)
        } else {
            runColumns(chunk)
        }
    }

    private func runRows(panel: Int, thread: Int) {
        let first = panel * Self.width
        let rows = min(Self.width, source.rows - first)
        let k = source.columns
        let target = panels + panel * packedDepth(k) * Self.width
        guard usesPairs else {
            table.pointee.pack_panel(
                target, source.row(first), source.dtype.kernelType,
                source.stride * source.elementBytes, rows, k)
            return
        }
        if source.dtype == .bf16, k % 2 == 0 {
            // A pair is packed as if it were one f32.
            table.pointee.pack_panel(
                target, source.row(first), RK_F32, 2 * source.stride, rows, k / 2)
            return
        }
        let even = k + k % 2
        let rounded = UnsafeMutableRawPointer(scratch[thread]).assumingMemoryBound(to: UInt16.self)
        for row in 0..<rows {
            let line = rounded + row * even
            if source.dtype == .bf16 {
                line.update(
                    from: source.row(first + row).assumingMemoryBound(to: UInt16.self), count: k)
            } else {
                table.pointee.bf16_round(line, source.floats(row: first + row), k)
            }
            if even > k { line[k] = 0 }
        }
        table.pointee.pack_panel(target, rounded, RK_F32, 2 * even, rows, even / 2)
    }

    private func runColumns(_ chunk: Int) {
        let block = chunk / columnParts
        let part = chunk % columnParts
        let first = block * depth
        let rows = min(depth, source.rows - first)
        let from = panelCount * part / columnParts
        let to = panelCount * (part + 1) / columnParts
        guard to > from else { return }
        let columns = min(to * Self.width, source.columns) - from * Self.width
        // Blocks before the last are full.
        let target =
            panels + block * packedDepth(depth) * panelCount * Self.width
            + from * packedDepth(rows) * Self.width
        table.pointee.pack_columns(
            target, Self.width, source.row(first) + from * Self.width * source.elementBytes,
            source.dtype.kernelType, source.stride, columns, rows, usesPairs ? 1 : 0)
    }
}

/// C = start + A B for blocks of rows of A.
final class RowsProductTask: ParallelTask {
    let table: UnsafePointer<rk_kernels>
    let usesPairs: Bool
    var a: MatrixView
    var c: MatrixView?
    var columns = 0
    var panels: UnsafePointer<Float>
    var start: UnsafePointer<Float>?
    var startStride = 0
    var prologue: (any ProductPrologue)?
    var epilogue: (any ProductEpilogue)?
    var scratch: [UnsafeMutablePointer<Float>] = []
    /// Rows of a block.
    private var blockRows = MatrixEngine.blockRows

    init(table: UnsafePointer<rk_kernels>, usesPairs: Bool) {
        self.table = table
        self.usesPairs = usesPairs
        let nothing = UnsafeMutablePointer<Float>(bitPattern: 64) ?? .allocate(capacity: 1)
        panels = UnsafePointer(nothing)
        a = MatrixView(UnsafeMutableRawPointer(nothing), rows: 0, columns: 0)
    }

    /// Cuts the rows of A into blocks of equal size, as many for each thread, and of whole kernels.
    /// - Returns: How many.
    func divide(threads: Int) -> Int {
        let most = MatrixEngine.blockRows
        let rounds = (a.rows + most * threads - 1) / (most * threads)
        let rows = (a.rows + rounds * threads - 1) / (rounds * threads)
        blockRows = min(
            most,
            (rows + MatrixEngine.kernelRows - 1) / MatrixEngine.kernelRows
                * MatrixEngine.kernelRows)
        return (a.rows + blockRows - 1) / blockRows
    }

    /// Rows of A that begin a multiple of 2 KiB apart fall into the same sets of the first-level
    /// cache and push each other out.
    private static let conflict = 2048

    func run(chunk: Int, thread: Int) {
        let first = chunk * blockRows
        let count = min(blockRows, a.rows - first)
        let k = a.columns
        let depth = usesPairs ? (k + 1) / 2 : k
        var free = scratch[thread]
        var left = UnsafePointer<Float>(free)
        var row = depth + 16
        if let prologue {
            let filled = free + blockRows * row
            let target = usesPairs ? filled : free
            let stride = usesPairs ? k : row
            prologue.fill(target, stride: stride, first: first, count: count, thread: thread)
            if usesPairs { round(filled, stride: k, count: count, k, free, row) }
            free = filled + blockRows * (usesPairs ? k + 16 : 0)
        } else if isDirect(k) {
            left = UnsafePointer(a.row(first).assumingMemoryBound(to: Float.self))
            row = usesPairs ? a.stride / 2 : a.stride
        } else {
            copy(first, count, k, free, row)
            free += blockRows * row
        }
        let multiply = usesPairs ? table.pointee.pair_product : table.pointee.matrix_product
        let begin = start.map { $0 + first * startStride }
        if let c {
            multiply?(
                c.row(first), c.dtype.kernelType, c.stride, begin, startStride, left, row, 1,
                panels, count, columns, depth)
        } else {
            let stride = columns + 16
            multiply?(
                free, RK_F32, stride, begin, startStride, left, row, 1, panels, count, columns,
                depth)
            epilogue?.finish(free, stride: stride, first: first, count: count, thread: thread)
        }
    }

    /// Whether the rows can be multiplied where they lie.
    private func isDirect(_ k: Int) -> Bool {
        let bytes = a.stride * a.elementBytes
        guard bytes % Self.conflict != 0 else { return false }
        return usesPairs
            ? a.dtype == .bf16 && k % 2 == 0 && a.stride % 2 == 0
            : a.dtype == .f32
    }

    private func copy(
        _ first: Int, _ count: Int, _ k: Int, _ target: UnsafeMutablePointer<Float>, _ row: Int
    ) {
        for index in 0..<count {
            let line = target + index * row
            let source = a.row(first + index)
            guard usesPairs else {
                table.pointee.to_f32(line, source, a.dtype.kernelType, k)
                continue
            }
            let pairs = UnsafeMutableRawPointer(line).assumingMemoryBound(to: UInt16.self)
            if a.dtype == .bf16 {
                pairs.update(from: source.assumingMemoryBound(to: UInt16.self), count: k)
            } else {
                table.pointee.bf16_round(pairs, source.assumingMemoryBound(to: Float.self), k)
            }
            if k % 2 == 1 { pairs[k] = 0 }
        }
    }

    private func round(
        _ source: UnsafePointer<Float>, stride: Int, count: Int, _ k: Int,
        _ target: UnsafeMutablePointer<Float>, _ row: Int
    ) {
        for index in 0..<count {
            let pairs = UnsafeMutableRawPointer(target + index * row)
                .assumingMemoryBound(to: UInt16.self)
            table.pointee.bf16_round(pairs, source + index * stride, k)
            if k % 2 == 1 { pairs[k] = 0 }
        }
    }
}

/// C (+)= Aᵀ B for blocks of columns of A.
final class SumsProductTask: ParallelTask {
    let table: UnsafePointer<rk_kernels>
    let usesPairs: Bool
    var a: MatrixView
    var c: MatrixView
    /// `[blocks of rows][panels][rows][32]`
    var panels: UnsafePointer<Float>
    var blockRows = 1
    var accumulate = false
    var scratch: [UnsafeMutablePointer<Float>] = []

    init(table: UnsafePointer<rk_kernels>, usesPairs: Bool) {
        self.table = table
        self.usesPairs = usesPairs
        let nothing = UnsafeMutablePointer<Float>(bitPattern: 64) ?? .allocate(capacity: 1)
        panels = UnsafePointer(nothing)
        a = MatrixView(UnsafeMutableRawPointer(nothing), rows: 0, columns: 0)
        c = a
    }

    func run(chunk: Int, thread: Int) {
        let first = chunk * blockRows
        let count = min(blockRows, c.rows - first)
        let width = (count + 15) / 16 * 16
        let panelCount = (c.columns + Int(RK_PANEL) - 1) / Int(RK_PANEL)
        let left = scratch[thread]
        let multiply = usesPairs ? table.pointee.pair_product : table.pointee.matrix_product
        var right = panels
        for row in stride(from: 0, to: a.rows, by: MatrixEngine.sumDepth) {
            let rows = min(MatrixEngine.sumDepth, a.rows - row)
            let depth = usesPairs ? (rows + 1) / 2 : rows
            table.pointee.pack_columns(
                left, width, a.row(row) + first * a.elementBytes, a.dtype.kernelType, a.stride,
                count, rows, usesPairs ? 1 : 0)
            let target = c.floats(row: first)
            multiply?(
                target, RK_F32, c.stride, accumulate || row > 0 ? UnsafePointer(target) : nil,
                c.stride, left, 1, width, right, count, c.columns, depth)
            right += depth * panelCount * Int(RK_PANEL)
        }
    }
}

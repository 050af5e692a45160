// SPDX-License-Identifier: Apache-2.0
//
// Causal attention within documents. Blocks of queries of one head are multiplied with all keys that
// one of them may see; the backward pass makes the weights again from the saved log of their sum
// (Dao et al. 2022), so that nothing of the size length x length is kept.

import CRetortKernels

/// The heads of an attention op.
package struct AttentionShape {
    package var heads: Int
    package var keyValueHeads: Int
    /// Elements of a query and of a key.
    package var keyDim: Int
    /// Elements of a value.
    package var valueDim: Int
    package var scale: Float

    package init(heads: Int, keyValueHeads: Int, keyDim: Int, valueDim: Int, scale: Float) {
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.keyDim = keyDim
        self.valueDim = valueDim
        self.scale = scale
    }

    /// Query heads that share a key.
    var group: Int { heads / keyValueHeads }
}

extension Tape {
    /// softmax(scale · q kᵀ) v over the tokens of the same document up to each token.
    /// - Parameters:
    ///   - q: `[tokens, heads * keyDim]`; `k`: `[tokens, keyValueHeads * keyDim]`; `v`:
    ///     `[tokens, keyValueHeads * valueDim]`.
    ///   - length: Tokens of a row of the batch.
    /// - Returns: `[tokens, heads * valueDim]`.
    /// - Throws: ``TensorError`` if memory runs out.
    package func attention(
        _ q: Variable, _ k: Variable, _ v: Variable, _ shape: AttentionShape, length: Int
    ) throws(TensorError) -> Variable {
        let out = variable(
            rows: q.rows, columns: shape.heads * shape.valueDim, activationType,
            needsGradient: needsGradient(q, k, v))
        append(try AttentionNode(q, k, v, shape, length: length, out: out, tape: self))
        return out
    }
}

final class AttentionNode: Node, ParallelTask {
    let shape: AttentionShape
    let length: Int
    private let engine: MatrixEngine
    private let table: UnsafePointer<rk_kernels>
    private var views: Views?
    /// log(sum(exp)) of each token and head, `[tokens, heads]`.
    let logSums: AlignedBuffer
    var accumulates: (q: Bool?, k: Bool?, v: Bool?) = (nil, nil, nil)
    private var isBackward = false

    /// Where everything lies in the present pass; looked up once, since blocks are small.
    private struct Views {
        var q, k, v, out: MatrixView
        var starts: UnsafePointer<Int32>?
        /// Set in the backward pass.
        var gradients: Gradients?

        struct Gradients {
            var q, k, v, out: MatrixView
        }
    }

    /// Queries of a block.
    static let block = 56
    static let panel = Int(RK_PANEL)

    init(
        _ q: Variable, _ k: Variable, _ v: Variable, _ shape: AttentionShape, length: Int,
        out: Variable, tape: Tape
    ) throws(TensorError) {
        self.shape = shape
        self.length = length
        engine = tape.engine
        table = tape.engine.table
        needsGradient = tape.values[out.index].needsGradient
        logSums = try .floats(q.rows * shape.heads)
        super.init(inputs: [q, k, v], outputs: [out])
        saved = [q, k, v, out]
        for scratch in tape.engine.attentionScratch { _ = try scratch.floats(scratchFloats) }
    }

    private let needsGradient: Bool

    override var hasBackward: Bool { needsGradient }

    override func planBackward(_ plan: inout GradientPlan) {
        accumulates = (plan.write(inputs[0]), plan.write(inputs[1]), plan.write(inputs[2]))
    }

    override func forward(_ tape: Tape) {
        isBackward = false
        views = Views(
            q: tape.data(inputs[0]), k: tape.data(inputs[1]), v: tape.data(inputs[2]),
            out: tape.data(outputs[0]), starts: tape.batch?.documentStarts)
        tape.engine.pool.run(self, chunks: inputs[0].rows / length * shape.keyValueHeads)
    }

    override func backward(_ tape: Tape) {
        isBackward = true
        views = Views(
            q: tape.data(inputs[0]), k: tape.data(inputs[1]), v: tape.data(inputs[2]),
            out: tape.data(outputs[0]), starts: tape.batch?.documentStarts,
            gradients: .init(
                q: tape.gradient(inputs[0]), k: tape.gradient(inputs[1]),
                v: tape.gradient(inputs[2]), out: tape.gradient(outputs[0])))
        tape.engine.pool.run(self, chunks: inputs[0].rows / length * shape.keyValueHeads)
    }

    func run(chunk: Int, thread: Int) {
        guard let views else { return }
        let (row, head) = (chunk / shape.keyValueHeads, chunk % shape.keyValueHeads)
        guard let base = engine.attentionScratch[thread].base else { return }
        let scratch = AttentionScratch(
            base.assumingMemoryBound(to: Float.self), shape, length: length)
        if isBackward {
            backward(row: row, head: head, views, scratch)
        } else {
            forward(row: row, head: head, views, scratch)
        }
    }

    private var scratchFloats: Int { AttentionScratch.count(shape, length: length) }

    // MARK: One head of one row

    private func forward(
        row: Int, head: Int, _ views: Views, _ scratch: AttentionScratch
    ) {
        let out = views.out
        packKeys(row: row, head: head, views, scratch)
        load(
            views.v, row: row, column: head * shape.valueDim, shape.valueDim,
            scratch.values)
        pack(scratch.values, shape.valueDim, count: length, scratch.valuePanels)
        for query in head * shape.group..<(head + 1) * shape.group {
            for first in stride(from: 0, to: length, by: Self.block) {
                let count = min(Self.block, length - first)
                let begin = scores(
                    row: row, query: query, first: first, count: count, views, scratch)
                let width = first + count - begin
                for index in 0..<count {
                    let (start, end) = visible(row, first + index, views)
                    let line = scratch.scores + index * scratch.stride
                    line.update(repeating: 0, count: start - begin)
                    logSums.floats[(row * length + first + index) * shape.heads + query] =
                        table.pointee.softmax_saving(
                            line + start - begin, end - start, shape.scale)
                    (line + end - begin).update(repeating: 0, count: width - (end - begin))
                }
                let target = out.rows(from: row * length + first, count: count)
                    .columns(from: query * shape.valueDim, count: shape.valueDim)
                multiply(
                    target, scratch.scores, row: scratch.stride, step: 1,
                    panels: scratch.valuePanels + begin * Self.panel, panelStride: length,
                    depth: width, accumulate: false)
            }
        }
    }

    private func backward(
        row: Int, head: Int, _ views: Views, _ scratch: AttentionScratch
    ) {
        guard let gradients = views.gradients else { return }
        let (keyDim, valueDim) = (shape.keyDim, shape.valueDim)
        let (out, dy) = (views.out, gradients.out)
        packKeys(row: row, head: head, views, scratch)
        pack(scratch.keys, keyDim, count: length, scratch.keyPanels)
        load(views.v, row: row, column: head * valueDim, valueDim, scratch.values)
        packTransposed(scratch.values, valueDim, scratch.valueColumns)
        scratch.keyGradient.update(repeating: 0, count: length * keyDim)
        scratch.valueGradient.update(repeating: 0, count: length * valueDim)
        for query in head * shape.group..<(head + 1) * shape.group {
            for first in stride(from: 0, to: length, by: Self.block) {
                let count = min(Self.block, length - first)
                let begin = scores(
                    row: row, query: query, first: first, count: count, views, scratch)
                let width = first + count - begin
                // The gradient of the output, then of the weights.
                load(
                    dy, row: row, first: first, count: count, column: query * valueDim, valueDim,
                    scratch.outputGradient)
                load(
                    out, row: row, first: first, count: count, column: query * valueDim, valueDim,
                    scratch.output)
                multiply(
                    scratch.view(scratch.slopes, count, width), scratch.outputGradient,
                    row: valueDim, step: 1,
                    panels: scratch.valueColumns + begin * valueDim, panelStride: valueDim,
                    depth: valueDim, accumulate: false)
                for index in 0..<count {
                    let (start, end) = visible(row, first + index, views)
                    let weights = scratch.scores + index * scratch.stride
                    let slopes = scratch.slopes + index * scratch.stride
                    let mean = table.pointee.inner_product(
                        scratch.outputGradient + index * valueDim,
                        scratch.output + index * valueDim, valueDim)
                    weights.update(repeating: 0, count: start - begin)
                    slopes.update(repeating: 0, count: start - begin)
                    table.pointee.softmax_again(
                        weights + start - begin, end - start, shape.scale,
                        logSums.floats[(row * length + first + index) * shape.heads + query])
                    table.pointee.softmax_backward(
                        slopes + start - begin, weights + start - begin, end - start,
                        shape.scale, mean)
                    let rest = width - (end - begin)
                    (weights + end - begin).update(repeating: 0, count: rest)
                    (slopes + end - begin).update(repeating: 0, count: rest)
                }
                // dv += pᵀ dy, dk += dsᵀ q, dq = ds k
                pack(scratch.outputGradient, valueDim, count: count, scratch.blockPanels)
                multiply(
                    scratch.view(
                        scratch.valueGradient + begin * valueDim, width, valueDim,
                        stride: valueDim),
                    scratch.scores, row: 1, step: scratch.stride, panels: scratch.blockPanels,
                    panelStride: count, depth: count, accumulate: true)
                pack(scratch.queries, keyDim, count: count, scratch.blockPanels)
                multiply(
                    scratch.view(
                        scratch.keyGradient + begin * keyDim, width, keyDim,
                        stride: keyDim),
                    scratch.slopes, row: 1, step: scratch.stride, panels: scratch.blockPanels,
                    panelStride: count, depth: count, accumulate: true)
                guard let accumulate = accumulates.q else { continue }
                multiply(
                    scratch.view(scratch.queryGradient, count, keyDim, stride: keyDim),
                    scratch.slopes, row: scratch.stride, step: 1,
                    panels: scratch.keyPanels + begin * Self.panel, panelStride: length,
                    depth: width, accumulate: false)
                store(
                    scratch.queryGradient, keyDim, in: gradients.q,
                    row: row * length + first, count: count, column: query * keyDim,
                    accumulate: accumulate, scratch.line)
            }
        }
        if let accumulate = accumulates.k {
            store(
                scratch.keyGradient, keyDim, in: gradients.k, row: row * length,
                count: length, column: head * keyDim, accumulate: accumulate, scratch.line)
        }
        if let accumulate = accumulates.v {
            store(
                scratch.valueGradient, valueDim, in: gradients.v,
                row: row * length, count: length, column: head * valueDim,
                accumulate: accumulate, scratch.line)
        }
    }

    /// The first token that a token sees, and the one behind the last.
    private func visible(_ row: Int, _ index: Int, _ views: Views) -> (start: Int, end: Int) {
        let start = views.starts.map { Int($0[row * length + index]) } ?? 0
        return (min(start, index), index + 1)
    }

    /// q kᵀ for a block of queries, `[count, first + count - begin]`.
    /// - Returns: `begin`, the first key: all before are in earlier documents.
    private func scores(
        row: Int, query: Int, first: Int, count: Int, _ views: Views,
        _ scratch: AttentionScratch
    ) -> Int {
        load(
            views.q, row: row, first: first, count: count,
            column: query * shape.keyDim, shape.keyDim, scratch.queries)
        let begin = visible(row, first, views).start / Self.panel * Self.panel
        multiply(
            scratch.view(scratch.scores, count, first + count - begin), scratch.queries,
            row: shape.keyDim, step: 1, panels: scratch.keyColumns + begin * shape.keyDim,
            panelStride: shape.keyDim, depth: shape.keyDim, accumulate: false)
        return begin
    }

    private func packKeys(
        row: Int, head: Int, _ views: Views, _ scratch: AttentionScratch
    ) {
        load(
            views.k, row: row, column: head * shape.keyDim, shape.keyDim,
            scratch.keys)
        packTransposed(scratch.keys, shape.keyDim, scratch.keyColumns)
    }

    // MARK: Moving and multiplying

    /// Copies columns of a row's tokens as f32, `[count, width]`.
    private func load(
        _ source: MatrixView, row: Int, first: Int = 0, count: Int? = nil, column: Int,
        _ width: Int, _ target: UnsafeMutablePointer<Float>
    ) {
        for index in 0..<(count ?? length) {
            let address =
                source.row(row * length + first + index) + column * source.elementBytes
            table.pointee.to_f32(
                target + index * width, address, source.dtype.kernelType, width)
        }
    }

    private func store(
        _ source: UnsafeMutablePointer<Float>, _ width: Int, in target: MatrixView, row: Int,
        count: Int, column: Int, accumulate: Bool, _ line: UnsafeMutablePointer<Float>
    ) {
        for index in 0..<count {
            engine.write(
                target.row(row + index) + column * target.elementBytes, target.dtype,
                source + index * width, count: width, accumulate: accumulate, line: line)
        }
    }

    /// `[panels of the width][count][32]`
    private func pack(
        _ source: UnsafeMutablePointer<Float>, _ width: Int, count: Int,
        _ target: UnsafeMutablePointer<Float>
    ) {
        table.pointee.pack_columns(
            target, Self.panel, source, RK_F32, width, width, count, 0)
    }

    /// `[panels of the tokens][width][32]`
    private func packTransposed(
        _ source: UnsafeMutablePointer<Float>, _ width: Int,
        _ target: UnsafeMutablePointer<Float>
    ) {
        for first in stride(from: 0, to: length, by: Self.panel) {
            table.pointee.pack_panel(
                target + first * width, source + first * width, RK_F32, 4 * width,
                min(Self.panel, length - first), width)
        }
    }

    /// - Parameter panelStride: Rows of a whole panel; of each, the first `depth` are used.
    private func multiply(
        _ target: MatrixView, _ left: UnsafeMutablePointer<Float>, row: Int, step: Int,
        panels: UnsafeMutablePointer<Float>, panelStride: Int, depth: Int, accumulate: Bool
    ) {
        let product = table.pointee.matrix_product
        let start = accumulate ? UnsafePointer(target.floats) : nil
        if panelStride == depth {
            product?(
                target.base, target.dtype.kernelType, target.stride, start, target.stride, left,
                row, step, panels, target.rows, target.columns, depth)
            return
        }
        for column in stride(from: 0, to: target.columns, by: Self.panel) {
            let part = target.columns(
                from: column, count: min(Self.panel, target.columns - column))
            product?(
                part.base, part.dtype.kernelType, part.stride, start.map { $0 + column },
                part.stride, left, row, step, panels + column * panelStride, part.rows,
                part.columns, depth)
        }
    }
}

/// One thread's memory of an attention op; f32 throughout.
struct AttentionScratch {
    let stride: Int
    let keys: UnsafeMutablePointer<Float>  // [length, keyDim]
    let values: UnsafeMutablePointer<Float>  // [length, valueDim]
    let keyColumns: UnsafeMutablePointer<Float>  // [panels, keyDim, 32]
    let keyPanels: UnsafeMutablePointer<Float>  // [panels of keyDim, length, 32]
    let valueColumns: UnsafeMutablePointer<Float>  // [panels, valueDim, 32]
    let valuePanels: UnsafeMutablePointer<Float>  // [panels of valueDim, length, 32]
    let keyGradient: UnsafeMutablePointer<Float>  // [length, keyDim]
    let valueGradient: UnsafeMutablePointer<Float>  // [length, valueDim]
    let scores: UnsafeMutablePointer<Float>  // [block, stride]
    let slopes: UnsafeMutablePointer<Float>  // [block, stride]
    let queries: UnsafeMutablePointer<Float>  // [block, keyDim]
    let queryGradient: UnsafeMutablePointer<Float>  // [block, keyDim]
    let output: UnsafeMutablePointer<Float>  // [block, valueDim]
    let outputGradient: UnsafeMutablePointer<Float>  // [block, valueDim]
    let blockPanels: UnsafeMutablePointer<Float>  // [panels, block, 32]
    let line: UnsafeMutablePointer<Float>

    init(_ base: UnsafeMutablePointer<Float>, _ shape: AttentionShape, length: Int) {
        var next = base
        func take(_ count: Int) -> UnsafeMutablePointer<Float> {
            defer { next += (count + 63) / 16 * 16 }
            return next
        }
        let (block, panel) = (AttentionNode.block, AttentionNode.panel)
        func rounded(_ count: Int) -> Int { (count + panel - 1) / panel * panel }
        stride = rounded(length) + 16
        keys = take(length * shape.keyDim)
        values = take(length * shape.valueDim)
        keyColumns = take(rounded(length) * shape.keyDim)
        keyPanels = take(length * rounded(shape.keyDim))
        valueColumns = take(rounded(length) * shape.valueDim)
        valuePanels = take(length * rounded(shape.valueDim))
        keyGradient = take(length * shape.keyDim)
        valueGradient = take(length * shape.valueDim)
        scores = take(block * stride)
        slopes = take(block * stride)
        queries = take(block * shape.keyDim)
        queryGradient = take(block * shape.keyDim)
        output = take(block * shape.valueDim)
        outputGradient = take(block * shape.valueDim)
        blockPanels = take(block * rounded(max(shape.keyDim, shape.valueDim)))
        line = take(max(shape.keyDim, shape.valueDim))
        end = next
    }

    private let end: UnsafeMutablePointer<Float>

    static func count(_ shape: AttentionShape, length: Int) -> Int {
        guard let base = UnsafeMutablePointer<Float>(bitPattern: 64) else { return 0 }
        return AttentionScratch(base, shape, length: length).end - base
    }

    func view(
        _ base: UnsafeMutablePointer<Float>, _ rows: Int, _ columns: Int, stride: Int? = nil
    ) -> MatrixView {
        MatrixView(
            UnsafeMutableRawPointer(base), rows: rows, columns: columns,
            stride: stride ?? self.stride)
    }
}

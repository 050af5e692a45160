// SPDX-License-Identifier: Apache-2.0
//
// The output head and its loss in one op: some hundred tokens at a time, logits become the loss and
// then their own gradient, so that memory does not grow with tokens x vocabulary. Tokens without a
// target (prompts, padding) are left out.

import CRetortKernels

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension Tape {
    /// The loss of logits = x Wᵀ. Its gradient is scaled by ``lossScale`` · `weight`.
    /// - Parameters:
    ///   - x: `[tokens, hiddenSize]`.
    ///   - head: `[vocabSize, hiddenSize]`.
    ///   - shift: How many places later than usual the target is.
    ///   - weight: A factor of this loss.
    /// - Throws: ``TensorError`` if memory runs out.
    @discardableResult
    package func headLoss(
        _ x: Variable, _ head: Parameter, loss: any TokenLoss, shift: Int = 0, weight: Float = 1
    ) throws(TensorError) -> HeadNode {
        let node = try HeadNode(
            x, head, loss: loss, shift: shift, weight: weight, tape: self)
        append(node)
        return node
    }
}

package final class HeadNode: Node, ProductEpilogue {
    package var loss: any TokenLoss
    /// The sum of the losses of the last pass, and how many tokens they are of.
    package private(set) var lossSum: Double = 0
    package private(set) var targetCount = 0
    /// The loss of each token of the last pass, zero where there is no target; `[tokens]`.
    package let losses: AlignedBuffer
    package var weight: Float
    private let head: Parameter
    private let shift: Int
    private unowned(unsafe) let tape: Tape
    private var accumulatesInput: Bool?
    private var computesGradient = false
    /// The tokens that have a target, and their targets.
    private var tokens: [Int32] = []
    private var targets: [Int32] = []
    /// Where in ``tokens`` the chunk begins that is being computed.
    private var firstTarget = 0
    /// The gradient of the logits of a chunk.
    private var slopes: MatrixView
    private let scratch = ScratchBuffer()
    private let gathered = ScratchBuffer()

    /// Bytes of f32 logits in a chunk, and the fewest rows of each thread: the head is packed anew
    /// for each chunk, which must stay little beside the product.
    private static let chunkBytes = 16 << 20
    private static let chunkRows = 2 * MatrixEngine.blockRows

    init(
        _ x: Variable, _ head: Parameter, loss: any TokenLoss, shift: Int, weight: Float,
        tape: Tape
    ) throws(TensorError) {
        self.loss = loss
        self.head = head
        self.shift = shift
        self.weight = weight
        self.tape = tape
        losses = try .floats(x.rows)
        slopes = head.matrix
        tokens.reserveCapacity(x.rows)
        targets.reserveCapacity(x.rows)
        super.init(inputs: [x], outputs: [])
        saved = [x]
    }

    override var parameters: [Parameter] { [head] }

    override var hasBackward: Bool { true }

    override func planBackward(_ plan: inout GradientPlan) {
        accumulatesInput = plan.write(inputs[0])
    }

    /// The losses alone are computed by ``evaluate()``; in training they come with the gradient.
    override func forward(_ tape: Tape) {}

    /// Computes the losses and no gradient, after the tape has run forward.
    /// - Throws: ``TensorError`` if memory runs out.
    package func evaluate() throws(TensorError) {
        computesGradient = false
        try run(tape)
    }

    override func backward(_ tape: Tape) throws(TensorError) {
        computesGradient = true
        try run(tape)
    }

    private func run(_ tape: Tape) throws(TensorError) {
        guard let batch = tape.batch else { return }
        let x = tape.data(inputs[0])
        let vocabulary = head.rows
        let fewest = Self.chunkRows * tape.engine.pool.threadCount
        let rows = min(x.rows, max(fewest, Self.chunkBytes / (4 * vocabulary)))
        slopes = MatrixView(
            try scratch.reserve(byteCount: 4 * rows * vocabulary + 256),
            tape.activationType, rows: rows, columns: vocabulary)
        losses.floats.update(repeating: 0, count: x.rows)
        findTargets(batch, count: x.rows)
        let isWhole = tokens.count == x.rows
        if computesGradient, accumulatesInput == false, !isWhole {
            let dx = tape.gradient(inputs[0])
            for row in 0..<dx.rows {
                memset(dx.row(row), 0, dx.columns * dx.elementBytes)
            }
        }
        for first in stride(from: 0, to: tokens.count, by: rows) {
            firstTarget = first
            let count = min(rows, tokens.count - first)
            let part =
                isWhole ? x.rows(from: first, count: count) : try gather(x, first, count)
            try tape.engine.product(nil, part, head.matrix, .transposed, epilogue: self)
            guard computesGradient else { continue }
            let dy = slopes.rows(from: 0, count: count)
            if let (gradient, accumulate) = head.beginGradient() {
                try tape.engine.sumOfProducts(gradient, dy, part, accumulate: accumulate)
            }
            guard let accumulatesInput else { continue }
            let dx = tape.gradient(inputs[0])
            if isWhole {
                let target = dx.rows(from: first, count: count)
                let start = accumulatesInput ? UnsafePointer(target.floats) : nil
                try tape.engine.product(
                    target, start: start, startStride: target.stride, dy, head.matrix, .plain)
            } else {
                // The rows of x have been used.
                let own = MatrixView(
                    try gathered.reserve(byteCount: 4 * rows * dx.columns + 256), dx.dtype,
                    rows: count, columns: dx.columns)
                try tape.engine.product(own, dy, head.matrix, .plain)
                scatter(own, to: dx, first, accumulate: accumulatesInput, tape.engine)
            }
        }
        if computesGradient, tokens.isEmpty, let (gradient, accumulate) = head.beginGradient(),
            !accumulate
        {
            gradient.floats.update(repeating: 0, count: head.count)
        }
        lossSum = 0
        for token in tokens { lossSum += Double(losses.floats[Int(token)]) }
    }

    private func findTargets(_ batch: TapeBatch, count: Int) {
        tokens.removeAll(keepingCapacity: true)
        targets.removeAll(keepingCapacity: true)
        for token in 0..<count {
            guard let index = batch.index(token, shift: shift), batch.targets[index] >= 0 else {
                continue
            }
            tokens.append(Int32(token))
            targets.append(batch.targets[index])
        }
        targetCount = tokens.count
    }

    /// The rows of a chunk's tokens side by side.
    private func gather(_ x: MatrixView, _ first: Int, _ count: Int) throws(TensorError)
        -> MatrixView
    {
        let target = MatrixView(
            try gathered.reserve(byteCount: 4 * slopes.rows * x.columns + 256), x.dtype,
            rows: count, columns: x.columns)
        for row in 0..<count {
            memcpy(
                target.row(row), x.row(Int(tokens[first + row])), x.columns * x.elementBytes)
        }
        return target
    }

    private func scatter(
        _ own: MatrixView, to dx: MatrixView, _ first: Int, accumulate: Bool,
        _ engine: MatrixEngine
    ) {
        for row in 0..<own.rows {
            let target = dx.row(Int(tokens[first + row]))
            if accumulate {
                // A gradient of several sums is f32.
                engine.table.pointee.add(
                    target.assumingMemoryBound(to: Float.self), own.floats(row: row), dx.columns)
            } else {
                memcpy(target, own.row(row), dx.columns * dx.elementBytes)
            }
        }
    }

    package func finish(
        _ product: UnsafeMutablePointer<Float>, stride: Int, first: Int, count: Int, thread: Int
    ) {
        let scale = tape.lossScale * weight
        let table = tape.engine.table
        let place = firstTarget + first
        tokens.withUnsafeBufferPointer { tokens in
            targets.withUnsafeBufferPointer { targets in
                guard let token = tokens.baseAddress, let target = targets.baseAddress else {
                    return
                }
                loss.replace(
                    LogitRows(
                        logits: product, stride: stride, vocabulary: head.rows,
                        tokens: token + place, targets: target + place, count: count),
                    scale: scale, losses: losses.floats, table)
            }
        }
        guard computesGradient else { return }
        for row in 0..<count {
            let logits = product + row * stride
            let target = slopes.row(first + row)
            if slopes.dtype == .bf16 {
                table.pointee.bf16_round(
                    target.assumingMemoryBound(to: UInt16.self), logits, head.rows)
            } else {
                target.assumingMemoryBound(to: Float.self).update(from: logits, count: head.rows)
            }
        }
    }
}

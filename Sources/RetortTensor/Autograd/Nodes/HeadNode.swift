// SPDX-License-Identifier: Apache-2.0
//
// The output head and its loss in one op: some hundred tokens at a time, logits become the loss and
// then their own gradient, so that memory does not grow with tokens x vocabulary.

import CRetortKernels

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
    private var firstToken = 0
    private var computesGradient = false
    /// The gradient of the logits of a chunk.
    private var slopes: MatrixView
    private let scratch = ScratchBuffer()

    private static let chunkBytes = 16 << 20

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
        let rows = max(64, min(x.rows, Self.chunkBytes / (4 * vocabulary)))
        slopes = MatrixView(
            try scratch.reserve(byteCount: 4 * rows * vocabulary + 256),
            tape.activationType, rows: rows, columns: vocabulary)
        lossSum = 0
        targetCount = 0
        losses.floats.update(repeating: 0, count: x.rows)
        for first in stride(from: 0, to: x.rows, by: rows) {
            let count = min(rows, x.rows - first)
            let part = x.rows(from: first, count: count)
            var hasTarget = false
            for token in first..<first + count where target(token, batch) != nil {
                hasTarget = true
                targetCount += 1
            }
            firstToken = first
            if hasTarget {
                try tape.engine.product(nil, part, head.matrix, .transposed, epilogue: self)
            }
            guard computesGradient else { continue }
            let dx = tape.gradient(inputs[0]).rows(from: first, count: count)
            if hasTarget {
                let dy = slopes.rows(from: 0, count: count)
                if let (gradient, accumulate) = head.beginGradient() {
                    try tape.engine.sumOfProducts(gradient, dy, part, accumulate: accumulate)
                }
                if let accumulatesInput {
                    let start = accumulatesInput ? UnsafePointer(dx.floats) : nil
                    try tape.engine.product(
                        dx, start: start, startStride: dx.stride, dy, head.matrix, .plain)
                }
            } else if accumulatesInput == false {
                for row in 0..<count {
                    dx.row(row).initializeMemory(
                        as: UInt8.self, repeating: 0, count: dx.columns * dx.elementBytes)
                }
            }
        }
        if computesGradient, targetCount == 0, let (gradient, accumulate) = head.beginGradient(),
            !accumulate
        {
            gradient.floats.update(repeating: 0, count: head.count)
        }
        for token in 0..<x.rows { lossSum += Double(losses.floats[token]) }
    }

    private func target(_ token: Int, _ batch: TapeBatch) -> Int? {
        guard let index = batch.index(token, shift: shift), batch.targets[index] >= 0 else {
            return nil
        }
        return Int(batch.targets[index])
    }

    package func finish(
        _ product: UnsafeMutablePointer<Float>, stride: Int, first: Int, count: Int, thread: Int
    ) {
        guard let batch = tape.batch else { return }
        let vocabulary = head.rows
        let scale = tape.lossScale * weight
        for row in 0..<count {
            let token = firstToken + first + row
            let logits = product + row * stride
            if let target = target(token, batch) {
                losses.floats[token] = loss.loss(
                    logits, vocabulary: vocabulary, token: token, target: target, scale: scale,
                    tape.engine.table)
            } else {
                logits.update(repeating: 0, count: vocabulary)
            }
            guard computesGradient else { continue }
            let target = slopes.row(first + row)
            if slopes.dtype == .bf16 {
                tape.engine.table.pointee.bf16_round(
                    target.assumingMemoryBound(to: UInt16.self), logits, vocabulary)
            } else {
                target.assumingMemoryBound(to: Float.self).update(from: logits, count: vocabulary)
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The two ends of a computation that has no tokens: a parameter as a value, and a weighted sum as a
// loss.

import CRetortKernels

extension Tape {
    /// The values of a parameter, `[rows, columns]`.
    /// - Throws: ``TensorError`` if memory runs out.
    package func value(of parameter: Parameter, _ dtype: DType = .f32) throws(TensorError)
        -> Variable
    {
        try engine.reserveLines(columns: parameter.columns)
        let out = variable(
            rows: parameter.rows, columns: parameter.columns, dtype,
            needsGradient: parameter.isTrained)
        append(LeafNode(parameter, out: out, tape: self))
        return out
    }

    /// A loss Σ weight · x.
    /// - Parameter weights: `[rows, columns]`, which must stay valid.
    /// - Throws: ``TensorError`` if memory runs out.
    @discardableResult
    package func weightedSum(_ x: Variable, _ weights: UnsafePointer<Float>) throws(TensorError)
        -> WeightedSumNode
    {
        try engine.reserveLines(columns: x.columns)
        let node = WeightedSumNode(x, weights, tape: self)
        append(node)
        return node
    }
}

final class LeafNode: RowNode {
    private let parameter: Parameter
    private var accumulate = false
    private var target: MatrixView?

    init(_ parameter: Parameter, out: Variable, tape: Tape) {
        self.parameter = parameter
        super.init(inputs: [], outputs: [out], tape: tape)
    }

    override var parameters: [Parameter] { [parameter] }
    override var rowCount: Int { outputs[0].rows }

    override func forward(row: Int, thread: Int) {
        copy(tape.data(outputs[0]), 0, parameter.matrix, 0, row: row, count: parameter.columns)
    }

    override func backward(_ tape: Tape) {
        guard let (gradient, accumulate) = parameter.beginGradient() else { return }
        target = gradient
        self.accumulate = accumulate
        super.backward(tape)
    }

    override func backward(row: Int, thread: Int) {
        guard let target else { return }
        hand(
            target, 0, tape.gradient(outputs[0]), 0, row: row, count: parameter.columns,
            accumulate: accumulate, thread: thread)
    }
}

package final class WeightedSumNode: RowNode {
    /// The loss of the last forward pass.
    package private(set) var sum: Double = 0
    private let weights: UnsafePointer<Float>
    private var accumulate: Bool?

    init(_ x: Variable, _ weights: UnsafePointer<Float>, tape: Tape) {
        self.weights = weights
        super.init(inputs: [x], outputs: [], tape: tape)
    }

    override var hasBackward: Bool { true }

    override func planBackward(_ plan: inout GradientPlan) { accumulate = plan.write(inputs[0]) }

    override func forward(_ tape: Tape) {
        let x = tape.data(inputs[0])
        sum = 0
        for row in 0..<x.rows {
            let values = tape.engine.read(
                x.row(row), x.dtype, count: x.columns, line: tape.engine.line(0, thread: 0))
            for column in 0..<x.columns {
                sum += Double(values[column]) * Double(weights[row * x.columns + column])
            }
        }
    }

    override func backward(row: Int, thread: Int) {
        guard let accumulate else { return }
        let dx = tape.gradient(inputs[0])
        let line = tape.engine.line(0, thread: thread)
        line.update(from: weights + row * dx.columns, count: dx.columns)
        tape.engine.write(
            dx.row(row), dx.dtype, line, count: dx.columns, accumulate: accumulate,
            line: tape.engine.line(1, thread: thread))
    }
}

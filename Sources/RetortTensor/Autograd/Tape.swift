// SPDX-License-Identifier: Apache-2.0
//
// Reverse-mode differentiation of a computation that is the same at every step. It is recorded once:
// each op appends a node. Then the memory of all values and gradients is planned, so that what is
// not alive at the same time shares it, and every step runs the nodes forward and back without
// allocating anything.

/// A value on a tape: `[rows, columns]`.
package struct Variable: Hashable, Sendable {
    package let index: Int
    package let rows: Int
    package let columns: Int
}

/// The tokens of a step, `[rows * length]` each. Set before each run of the tape.
package struct TapeBatch {
    /// Rows of `length` tokens.
    package var rows: Int
    package var length: Int
    package var tokens: UnsafePointer<Int32>
    /// What is to be predicted after each token, -1 where nothing is.
    package var targets: UnsafePointer<Int32>
    /// The index in its row of the first token of each token's document: attention begins there.
    package var documentStarts: UnsafePointer<Int32>
    /// Positions in the documents, for rotary embeddings.
    package var positions: UnsafePointer<Int32>

    package init(
        rows: Int, length: Int, tokens: UnsafePointer<Int32>, targets: UnsafePointer<Int32>,
        documentStarts: UnsafePointer<Int32>, positions: UnsafePointer<Int32>
    ) {
        self.rows = rows
        self.length = length
        self.tokens = tokens
        self.targets = targets
        self.documentStarts = documentStarts
        self.positions = positions
    }
}

/// Records a computation and runs it forward and back. Not for two threads at a time.
package final class Tape {
    /// What is known of a value while the tape is recorded.
    struct Value {
        var columns: Int
        var rows: Int
        var dtype: DType
        /// The value that this one shares memory with, its own index if none.
        var root: Int
        var needsGradient: Bool
        /// Of a root: contributions to the gradient.
        var consumers = 0
    }

    package let engine: MatrixEngine
    /// What the gradients of the loss are multiplied with, such as 1 / targets of the whole step.
    package var lossScale: Float = 1
    /// What the gradients of losses of whole rows are multiplied with, such as 1 / rows of the step.
    package var rowScale: Float = 1
    package internal(set) var batch: TapeBatch?
    var values: [Value] = []
    var nodes: [Node] = []
    /// Ranges of nodes whose values are computed again in the backward pass.
    var segments: [Range<Int>] = []
    var plan: TapePlan?
    var arena: ScratchBuffer
    /// Memory that nodes use within one of their passes.
    package let scratch = ScratchBuffer()
    let expertScratch = [ScratchBuffer(), ScratchBuffer(), ScratchBuffer()]

    /// - Parameter arena: Memory to be shared by tapes of several shapes that take turns.
    package init(engine: MatrixEngine, arena: ScratchBuffer = ScratchBuffer()) {
        self.engine = engine
        self.arena = arena
    }

    /// Memory that a tape of another shape may use while this one is not run.
    package var sharedArena: ScratchBuffer { arena }

    package var computeType: ComputeType { engine.computeType }

    /// What layers store between products: bf16 where products round anyway.
    package var activationType: DType { computeType == .bf16 ? .bf16 : .f32 }

    // MARK: Recording

    /// A new value.
    func variable(rows: Int, columns: Int, _ dtype: DType, needsGradient: Bool) -> Variable {
        let index = values.count
        values.append(
            Value(
                columns: columns, rows: rows, dtype: dtype, root: index,
                needsGradient: needsGradient))
        return Variable(index: index, rows: rows, columns: columns)
    }

    /// A value that an op computes in place of its input, which nobody may use afterwards.
    func variable(inPlaceOf variable: Variable) -> Variable {
        let index = values.count
        var value = values[variable.index]
        value.root = root(variable)
        value.consumers = 0
        // The op that works in place adds nothing to the gradient that they share.
        values[root(variable)].consumers -= 1
        values.append(value)
        return Variable(index: index, rows: variable.rows, columns: variable.columns)
    }

    func append(_ node: Node) {
        for input in node.inputs { values[root(input)].consumers += 1 }
        nodes.append(node)
    }

    /// What `body` records is one segment: with checkpointing its inner values are forgotten after
    /// the forward pass and computed again in the backward pass.
    package func segment<Result>(_ body: () throws -> Result) rethrows -> Result {
        let start = nodes.count
        let result = try body()
        segments.append(start..<nodes.count)
        return result
    }

    func needsGradient(_ variables: Variable...) -> Bool {
        variables.contains { values[$0.index].needsGradient }
    }

    func dtype(_ variable: Variable) -> DType { values[variable.index].dtype }
    func root(_ variable: Variable) -> Int { values[variable.index].root }

    // MARK: Running

    /// Runs all nodes forward.
    /// - Throws: ``TensorError`` if memory runs out or the tape has no plan.
    package func forward(_ batch: TapeBatch) throws(TensorError) {
        self.batch = batch
        for node in nodes { try node.forward(self) }
    }

    /// Runs forward, then back, so that every trained parameter has its gradient added.
    /// - Throws: As ``forward(_:)``.
    package func forwardAndBackward(_ batch: TapeBatch) throws(TensorError) {
        guard let plan else { throw TensorError("the tape has no plan; call plan() first") }
        self.batch = batch
        for step in plan.steps {
            switch step.pass {
            case .forward, .again: try nodes[step.node].forward(self)
            case .backward: try nodes[step.node].backward(self)
            }
            if step.pass == .backward { didFinish?(step.node) }
        }
    }

    /// Told of each node whose backward pass is done, for sending gradients early.
    package var didFinish: ((Int) -> Void)?

    /// By trained parameter, the node whose backward pass is the last to write its gradient.
    package var firstWriters: [ObjectIdentifier: Int] {
        var writers: [ObjectIdentifier: Int] = [:]
        for (index, node) in nodes.enumerated() {
            for parameter in node.parameters where writers[ObjectIdentifier(parameter)] == nil {
                writers[ObjectIdentifier(parameter)] = index
            }
        }
        return writers
    }

    // MARK: Memory

    /// The memory of a value.
    package func data(_ variable: Variable) -> MatrixView {
        view(variable, at: plan?.dataOffsets[root(variable)] ?? 0, dtype(variable))
    }

    /// The memory of a value's gradient.
    package func gradient(_ variable: Variable) -> MatrixView {
        let root = plan?.gradientRoots[variable.index] ?? variable.index
        return view(
            variable, at: plan?.gradientOffsets[root] ?? 0,
            plan?.gradientTypes[root] ?? .f32)
    }

    private func view(_ variable: Variable, at offset: Int, _ dtype: DType) -> MatrixView {
        MatrixView(
            arenaBase + offset, dtype, rows: variable.rows, columns: variable.columns)
    }

    private var arenaBase: UnsafeMutableRawPointer { plan?.base ?? Tape.nothing }
    private nonisolated(unsafe) static let nothing = UnsafeMutableRawPointer.allocate(
        byteCount: 64, alignment: 64)

    /// Bytes of all values and gradients together, as planned.
    package var plannedBytes: Int { plan?.byteCount ?? 0 }
}

/// One op of a tape.
package class Node {
    let inputs: [Variable]
    let outputs: [Variable]
    /// Values that the backward pass reads.
    var saved: [Variable] = []

    init(inputs: [Variable], outputs: [Variable]) {
        self.inputs = inputs
        self.outputs = outputs
    }

    /// Computes the outputs.
    func forward(_ tape: Tape) throws(TensorError) {}

    /// From the gradients of the outputs, those of the inputs and parameters.
    func backward(_ tape: Tape) throws(TensorError) {}

    /// Says, in the order of the backward pass, which gradients it writes.
    func planBackward(_ plan: inout GradientPlan) {}

    /// Those whose gradients it writes, if they are trained.
    var parameters: [Parameter] { [] }

    /// Whether its backward pass has anything to do.
    var hasBackward: Bool { true }
}

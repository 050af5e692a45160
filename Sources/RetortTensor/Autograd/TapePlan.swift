// SPDX-License-Identifier: Apache-2.0
//
// Where values and gradients lie. Every value is alive from the pass that writes it to the last that
// reads it; values that are never alive together may share memory. Placing the largest first, each
// at the lowest address that is free for all of its life, comes within some percent of the largest
// sum alive at once.

/// The order of a step's passes and the place of everything they touch.
struct TapePlan {
    enum Pass { case forward, again, backward }

    struct Step {
        let node: Int
        let pass: Pass
    }

    var steps: [Step] = []
    var base: UnsafeMutableRawPointer
    var byteCount = 0
    /// By root.
    var dataOffsets: [Int] = []
    /// By gradient root.
    var gradientOffsets: [Int] = []
    var gradientTypes: [DType] = []
    /// The value whose gradient's memory a value's gradient is.
    var gradientRoots: [Int] = []
}

/// Which gradients have been written so far, in the order of the backward pass.
package struct GradientPlan {
    fileprivate var isWritten: [Bool]
    fileprivate var roots: [Int]
    fileprivate let values: [Tape.Value]
    /// Gradient roots that each node touches.
    fileprivate var touched: [Int] = []

    fileprivate init(values: [Tape.Value]) {
        self.values = values
        isWritten = Array(repeating: false, count: values.count)
        roots = values.map(\.root)
    }

    /// The gradient of an input is about to be written.
    /// - Returns: Nil if nobody needs it, else whether to add to what is there.
    mutating func write(_ variable: Variable) -> Bool? {
        guard values[variable.index].needsGradient else { return nil }
        let root = root(variable.index)
        touched.append(root)
        defer { isWritten[root] = true }
        return isWritten[root]
    }

    /// The gradient of `output` goes on to `input` unchanged.
    /// - Returns: Nil if nobody needs it, true if they now share memory, false if the node must add.
    mutating func pass(_ output: Variable, to input: Variable) -> Bool? {
        guard values[input.index].needsGradient else { return nil }
        let (from, to) = (root(output.index), root(input.index))
        touched.append(from)
        guard !isWritten[to], from != to else {
            touched.append(to)
            return from == to
        }
        roots[to] = from
        isWritten[from] = true
        return true
    }

    mutating func read(_ variable: Variable) { touched.append(root(variable.index)) }

    func root(_ index: Int) -> Int {
        var index = index
        while roots[index] != index { index = roots[index] }
        return index
    }
}

extension Tape {
    /// Plans the memory of all values and gradients.
    /// - Parameter checkpointing: Whether the inner values of segments are computed again.
    /// - Throws: ``TensorError`` if memory runs out.
    package func plan(checkpointing: Bool = false) throws(TensorError) {
        var steps = nodes.indices.map { TapePlan.Step(node: $0, pass: .forward) }
        let inner = checkpointing ? innerValues() : []
        var segmentEnds: [Int: Range<Int>] = [:]
        if checkpointing {
            for segment in segments { segmentEnds[segment.upperBound - 1] = segment }
        }
        for node in nodes.indices.reversed() {
            if let segment = segmentEnds[node] {
                for again in segment
                where nodes[again].outputs.contains(where: { inner.contains(root($0)) }) {
                    steps.append(.init(node: again, pass: .again))
                }
            }
            if nodes[node].hasBackward { steps.append(.init(node: node, pass: .backward)) }
        }
        var plan = TapePlan(base: .init(bitPattern: 64) ?? .allocate(byteCount: 1, alignment: 1))
        plan.steps = steps
        let gradients = planGradients(steps)
        plan.gradientRoots = values.indices.map { gradients.plan.root($0) }
        plan.gradientTypes = values.map { value in
            // Several contributions are added up, which bf16 would round each time.
            value.consumers > 1 || value.dtype == .f32 ? .f32 : .bf16
        }
        var blocks = dataBlocks(steps, inner: inner)
        blocks += gradients.blocks.map { root, range in
            MemoryBlock(
                owner: root, isGradient: true,
                byteCount: bytes(values[root], plan.gradientTypes[root]), lives: [range])
        }
        plan.byteCount = MemoryBlock.place(&blocks)
        plan.dataOffsets = Array(repeating: 0, count: values.count)
        plan.gradientOffsets = plan.dataOffsets
        for block in blocks {
            if block.isGradient {
                plan.gradientOffsets[block.owner] = block.offset
            } else {
                plan.dataOffsets[block.owner] = block.offset
            }
        }
        plan.base = try arena.reserve(byteCount: plan.byteCount + 256)
        self.plan = plan
    }

    private func bytes(_ value: Value, _ dtype: DType) -> Int {
        // Kernels may read a panel's width behind the end.
        ((value.rows * value.columns * (dtype == .bf16 ? 2 : 4) + 128) + 63) / 64 * 64
    }

    /// Roots that only nodes of the segment that makes them use.
    private func innerValues() -> Set<Int> {
        var inner: Set<Int> = []
        for segment in segments {
            var made: Set<Int> = []
            for node in segment { made.formUnion(nodes[node].outputs.map { root($0) }) }
            for (index, node) in nodes.enumerated() where !segment.contains(index) {
                made.subtract((node.inputs + node.saved + node.outputs).map { root($0) })
            }
            inner.formUnion(made)
        }
        return inner
    }

    private func planGradients(_ steps: [TapePlan.Step]) -> (
        plan: GradientPlan, blocks: [Int: ClosedRange<Int>]
    ) {
        var plan = GradientPlan(values: values)
        var touches: [(root: Int, step: Int)] = []
        for (index, step) in steps.enumerated() where step.pass == .backward {
            let node = nodes[step.node]
            for output in node.outputs where values[output.index].needsGradient {
                plan.read(output)
            }
            node.planBackward(&plan)
            touches += plan.touched.map { ($0, index) }
            plan.touched.removeAll(keepingCapacity: true)
        }
        var blocks: [Int: ClosedRange<Int>] = [:]
        for touch in touches {
            let root = plan.root(touch.root)
            let range = blocks[root] ?? touch.step...touch.step
            blocks[root] =
                min(range.lowerBound, touch.step)...max(range.upperBound, touch.step)
        }
        return (plan, blocks)
    }

    private func dataBlocks(_ steps: [TapePlan.Step], inner: Set<Int>) -> [MemoryBlock] {
        /// By root: the life in the forward pass, and where it is lived again.
        var first: [Int: ClosedRange<Int>] = [:]
        var second: [Int: ClosedRange<Int>] = [:]
        func touch(_ root: Int, _ index: Int, isLate: Bool) {
            if isLate, inner.contains(root) {
                second[root] = (second[root]?.lowerBound ?? index)...index
            } else {
                first[root] = (first[root]?.lowerBound ?? index)...index
            }
        }
        for (index, step) in steps.enumerated() {
            let node = nodes[step.node]
            let isLate = step.pass != .forward
            let used = step.pass == .backward ? node.saved : node.inputs + node.outputs
            for variable in used { touch(root(variable), index, isLate: isLate) }
        }
        return Set(first.keys).union(second.keys).sorted().map { root in
            MemoryBlock(
                owner: root, isGradient: false, byteCount: bytes(values[root], values[root].dtype),
                lives: [first[root], second[root]].compactMap { $0 })
        }
    }
}

/// Memory for one value or gradient.
struct MemoryBlock {
    let owner: Int
    let isGradient: Bool
    let byteCount: Int
    /// Steps during which it must be left alone.
    let lives: [ClosedRange<Int>]
    var offset = 0

    init(owner: Int, isGradient: Bool, byteCount: Int, lives: [ClosedRange<Int>]) {
        self.owner = owner
        self.isGradient = isGradient
        self.byteCount = byteCount
        self.lives = lives
    }

    private func overlaps(_ other: MemoryBlock) -> Bool {
        lives.contains { life in other.lives.contains { $0.overlaps(life) } }
    }

    /// Chooses the offsets.
    /// - Returns: The bytes of all together.
    static func place(_ blocks: inout [MemoryBlock]) -> Int {
        let order = blocks.indices.sorted {
            (blocks[$1].byteCount, $0) < (blocks[$0].byteCount, $1)
        }
        var placed: [MemoryBlock] = []
        var total = 0
        for index in order {
            var offset = 0
            // `placed` is in the order of offsets: the first gap that is wide enough is taken.
            for other in placed where other.overlaps(blocks[index]) {
                if other.offset >= offset + blocks[index].byteCount { break }
                offset = max(offset, other.offset + other.byteCount)
            }
            blocks[index].offset = offset
            total = max(total, offset + blocks[index].byteCount)
            let place = placed.firstIndex { $0.offset > offset } ?? placed.count
            placed.insert(blocks[index], at: place)
        }
        return total
    }
}

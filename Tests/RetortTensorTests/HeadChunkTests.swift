// SPDX-License-Identifier: Apache-2.0

import RetortTensor
import TestSupport
import Testing

@Suite("The head in chunks") struct HeadChunkTests {
    static let (tokens, vocabulary, width) = (1200, 8200, 6)

    /// Losses, and the gradients of x and of the head, of tokens with the targets that are given.
    private func run(_ targets: [Int32], _ type: ComputeType) throws -> (
        losses: [Float], sum: Double, count: Int, x: [Float], head: [Float]
    ) {
        let engine = try MatrixEngine(
            pool: ThreadPool(threadCount: 2), kernels: .current(), computeType: type)
        let tape = Tape(engine: engine)
        let store = ParameterStore()
        var random = SeededRandom(seed: 3)
        func parameter(_ name: String, _ rows: Int) throws -> Parameter {
            let parameter = try store.parameter(name, shape: [rows, Self.width])
            for index in 0..<parameter.count {
                parameter.values[index] = Float.random(in: -1...1, using: &random)
            }
            return parameter
        }
        let (x, head) = (try parameter("x", Self.tokens), try parameter("head", Self.vocabulary))
        try store.train { _ in true }
        let node = try tape.headLoss(
            try tape.value(of: x, tape.activationType), head, loss: CrossEntropy())
        try tape.plan()
        let zeros = [Int32](repeating: 0, count: Self.tokens)
        // Twice: nothing of a step may be left in the next.
        for _ in 0..<2 {
            store.forgetGradients()
            try zeros.withUnsafeBufferPointer { zeros in
                try targets.withUnsafeBufferPointer { targets in
                    let zero = try #require(zeros.baseAddress)
                    try tape.forwardAndBackward(
                        TapeBatch(
                            rows: 1, length: Self.tokens, tokens: zero,
                            targets: try #require(targets.baseAddress), documentStarts: zero,
                            positions: zero))
                }
            }
        }
        func gradient(_ parameter: Parameter) throws -> [Float] {
            Array(
                UnsafeBufferPointer(start: try #require(parameter.gradient), count: parameter.count)
            )
        }
        let losses = Array(UnsafeBufferPointer(start: node.losses.floats, count: Self.tokens))
        return (losses, node.lossSum, node.targetCount, try gradient(x), try gradient(head))
    }

    @Test(
        "tokens without a target cost nothing and change nothing",
        arguments: [ComputeType.f32, .bf16])
    func masked(type: ComputeType) throws {
        let all = (0..<Self.tokens).map { Int32(($0 * 7919) % Self.vocabulary) }
        let some = all.indices.map { $0 % 3 == 1 ? all[$0] : -1 }
        let rest = all.indices.map { $0 % 3 == 1 ? -1 : all[$0] }
        let (whole, part, other) = (try run(all, type), try run(some, type), try run(rest, type))
        #expect(whole.count == Self.tokens && part.count == 400 && other.count == 800)
        for token in 0..<Self.tokens {
            let (own, none) = token % 3 == 1 ? (part, other) : (other, part)
            #expect(abs(own.losses[token] - whole.losses[token]) < 1e-4)
            #expect(none.losses[token] == 0)
            let columns = token * Self.width..<(token + 1) * Self.width
            #expect(none.x[columns].allSatisfy { $0 == 0 })
            #expect(relativeError(Array(own.x[columns]), Array(whole.x[columns])) < 1e-4)
        }
        #expect(abs(whole.sum - part.sum - other.sum) < 1e-2)
        let sum = zip(part.head, other.head).map { $0 + $1 }
        #expect(relativeError(sum, whole.head) < (type == .bf16 ? 1e-2 : 1e-5))
    }

    @Test("a batch without a target has no gradient") func empty() throws {
        let found = try run(Array(repeating: -1, count: Self.tokens), .f32)
        #expect(found.count == 0 && found.sum == 0)
        #expect(found.x.allSatisfy { $0 == 0 } && found.head.allSatisfy { $0 == 0 })
    }
}

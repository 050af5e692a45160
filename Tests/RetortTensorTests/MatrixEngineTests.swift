// SPDX-License-Identifier: Apache-2.0
//
// Products of every table against sums in double precision, on sizes on and off the multiples of
// registers, panels and blocks.

import CRetortKernels
import RetortTensor
import TestSupport
import Testing

/// One product to compare.
struct ProductCase: CustomTestStringConvertible, Sendable {
    let kernels: Kernels
    let type: ComputeType
    let rows: Int
    let columns: Int
    let depth: Int
    var testDescription: String { "\(kernels.name) \(type.rawValue) \(rows)x\(columns)x\(depth)" }

    static let all = Kernels.available.flatMap { kernels in
        ComputeType.allCases.flatMap { type in
            [
                (1, 1, 1), (14, 32, 16), (15, 33, 17), (113, 31, 40), (8, 64, 31), (240, 70, 5),
                (3, 40, 2100), (600, 16, 30),
            ].map {
                ProductCase(kernels: kernels, type: type, rows: $0.0, columns: $0.1, depth: $0.2)
            }
        }
    }
}

@Suite struct MatrixEngineTests {
    /// Numbers that bf16 holds exactly, so that both types have one answer.
    private func numbers(_ count: Int, _ random: inout SeededRandom) -> [Float] {
        (0..<count).map { _ in Float(Int.random(in: -128...128, using: &random)) / 64 }
    }

    private func view(_ values: [Float], _ dtype: DType, rows: Int, columns: Int, pad: Int)
        throws -> (MatrixView, AlignedBuffer)
    {
        let stride = columns + pad
        let buffer = try AlignedBuffer.floats(rows * stride + 64)
        for row in 0..<rows {
            for column in 0..<columns {
                let value = values[row * columns + column]
                if dtype == .bf16 {
                    buffer.base.assumingMemoryBound(to: UInt16.self)[row * stride + column] =
                        UInt16(value.bitPattern >> 16)
                } else {
                    buffer.floats[row * stride + column] = value
                }
            }
        }
        return (
            MatrixView(buffer.base, dtype, rows: rows, columns: columns, stride: stride), buffer
        )
    }

    private func read(_ view: MatrixView) -> [Float] {
        (0..<view.rows).flatMap { row in
            (0..<view.columns).map { column in
                view.dtype == .bf16
                    ? Float(
                        bitPattern: UInt32(
                            view.row(row).assumingMemoryBound(to: UInt16.self)[column]) << 16)
                    : view.floats(row: row)[column]
            }
        }
    }

    private func engine(_ c: ProductCase) throws -> MatrixEngine {
        try MatrixEngine(
            pool: ThreadPool(threadCount: 2), kernels: c.kernels, computeType: c.type)
    }

    @Test("a product is the sum of products", arguments: ProductCase.all)
    func products(c: ProductCase) throws {
        var random = SeededRandom(seed: 9)
        let left = numbers(c.rows * c.depth, &random)
        let right = numbers(c.columns * c.depth, &random)
        let added = numbers(c.rows * c.columns, &random)
        let engine = try engine(c)
        for dtype in [DType.f32, .bf16] {
            for pad in [0, 3, 16] {
                let (a, aMemory) = try view(left, dtype, rows: c.rows, columns: c.depth, pad: pad)
                let (start, startMemory) = try view(
                    added, .f32, rows: c.rows, columns: c.columns, pad: pad)
                for layout in [MatrixEngine.Layout.transposed, .plain] {
                    let isTransposed = layout == .transposed
                    let (b, bMemory) = try view(
                        right, .f32, rows: isTransposed ? c.columns : c.depth,
                        columns: isTransposed ? c.depth : c.columns, pad: pad)
                    let (out, outMemory) = try view(
                        added, .f32, rows: c.rows, columns: c.columns, pad: pad)
                    try engine.product(
                        out, start: UnsafePointer(start.floats), startStride: start.stride, a, b,
                        layout)
                    var expected: [Float] = []
                    for i in 0..<c.rows {
                        for j in 0..<c.columns {
                            var sum = Double(added[i * c.columns + j])
                            for l in 0..<c.depth {
                                let other =
                                    isTransposed ? right[j * c.depth + l] : right[l * c.columns + j]
                                sum += Double(left[i * c.depth + l]) * Double(other)
                            }
                            expected.append(Float(sum))
                        }
                    }
                    #expect(relativeError(read(out), expected) < 1e-6)
                    withExtendedLifetime((aMemory, bMemory, startMemory, outMemory)) {}
                }
            }
        }
    }

    @Test("a sum over rows is added to what is there, or replaces it", arguments: ProductCase.all)
    func sums(c: ProductCase) throws {
        // Many rows, since that is the axis that is summed.
        var random = SeededRandom(seed: 10)
        let tokens = c.depth
        let left = numbers(tokens * c.rows, &random)
        let right = numbers(tokens * c.columns, &random)
        let before = numbers(c.rows * c.columns, &random)
        let engine = try engine(c)
        for dtype in [DType.f32, .bf16] {
            for accumulate in [false, true] {
                let (a, aMemory) = try view(left, dtype, rows: tokens, columns: c.rows, pad: 1)
                let (b, bMemory) = try view(right, dtype, rows: tokens, columns: c.columns, pad: 2)
                let (out, outMemory) = try view(
                    before, .f32, rows: c.rows, columns: c.columns, pad: 0)
                try engine.sumOfProducts(out, a, b, accumulate: accumulate)
                var expected: [Float] = []
                for i in 0..<c.rows {
                    for j in 0..<c.columns {
                        var sum = accumulate ? Double(before[i * c.columns + j]) : 0
                        for t in 0..<tokens {
                            sum +=
                                Double(left[t * c.rows + i]) * Double(right[t * c.columns + j])
                        }
                        expected.append(Float(sum))
                    }
                }
                #expect(relativeError(read(out), expected) < 1e-6)
                withExtendedLifetime((aMemory, bMemory, outMemory)) {}
            }
        }
    }

    @Test("no rows give a sum of zero") func empty() throws {
        let c = ProductCase(
            kernels: try .current(), type: .f32, rows: 3, columns: 4, depth: 1)
        let (out, memory) = try view(
            [Float](repeating: 5, count: 12), .f32, rows: 3, columns: 4, pad: 0)
        let none = MatrixView(out.base, rows: 0, columns: 3)
        try engine(c).sumOfProducts(out, none, none, accumulate: true)
        #expect(read(out) == [Float](repeating: 5, count: 12))
        try engine(c).sumOfProducts(out, none, none, accumulate: false)
        #expect(read(out) == [Float](repeating: 0, count: 12))
        withExtendedLifetime(memory) {}
    }

    @Test(
        "AdamW with moments of 8 bits is the scalar table's",
        arguments: Kernels.available.map(\.name))
    func adamw8(name: String) throws {
        let kernels = try #require(Kernels(named: name))
        let scalar = try #require(Kernels(named: "scalar"))
        func run(_ table: UnsafePointer<rk_kernels>) -> [Float] {
            var random = SeededRandom(seed: 4)
            let count = 700
            var values = random.floats(count)
            var first = [Int8](repeating: 0, count: count)
            var second = [UInt8](repeating: 0, count: count)
            var scales = [Float](repeating: 0, count: 6)
            for step in 1...5 {
                let gradient = random.floats(count)
                table.pointee.adamw_step_8bit(
                    &values, &first, &second, &scales, gradient, count,
                    rk_adamw_factors(
                        gradient: 0.5, decay: 0.999, step: 0.01 * Float(step), correction: 1.5,
                        beta1: 0.9, beta2: 0.95, eps: 1e-8))
            }
            return values
        }
        #expect(relativeError(run(kernels.table), run(scalar.table)) < 1e-4)
    }
}

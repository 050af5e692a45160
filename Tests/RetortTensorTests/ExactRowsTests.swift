// SPDX-License-Identifier: Apache-2.0
//
// Up to ComputeContext.exactRows rows, what a row gets must not depend on the rows beside it, not
// even in the last bit: speculative decoding relies on it to change no text.

import CRetortKernels
import RetortTensor
import TestSupport
import Testing

/// One kernel table and the rows of a pass.
private struct Case: CustomTestStringConvertible, Sendable {
    let kernels: Kernels
    let rows: Int
    var testDescription: String { "\(kernels.name), \(rows) rows" }

    static let all = Kernels.available.flatMap { kernels in
        (2...ComputeContext.exactRows).map { Case(kernels: kernels, rows: $0) }
    }
}

@Suite struct ExactRowsTests {
    private func context(_ c: Case, columns: Int) throws -> ComputeContext {
        try ComputeContext(
            maximumRows: 16, maximumColumns: columns, pool: ThreadPool(threadCount: 2),
            kernels: c.kernels)
    }

    private func buffer(_ x: [Float]) throws -> AlignedBuffer {
        let buffer = try AlignedBuffer.floats(x.count + 32)
        buffer.floats.update(from: x, count: x.count)
        return buffer
    }

    private func bits(_ buffer: AlignedBuffer, _ count: Int) -> [UInt32] {
        (0..<count).map { buffer.floats[$0].bitPattern }
    }

    @Test(
        "a linear layer gives each of several rows the bits that it gives the row alone",
        arguments: Case.all, DType.allCases)
    private func linear(c: Case, dtype: DType) throws {
        for (outputs, columns) in [(50, 288), (160, 96), (70, 72), (33, 1312)]
        where columns % dtype.blockSize == 0 {
            let context = try context(c, columns: columns)
            var random = SeededRandom(seed: UInt64(columns))
            let stored = try AlignedBuffer(
                byteCount: try #require(dtype.byteCount(elements: outputs * columns)))
            context.encode(random.floats(outputs * columns), as: dtype, into: stored)
            let weight = try WeightMatrix(
                dtype: dtype, rows: outputs, columns: columns,
                bytes: UnsafeRawBufferPointer(start: stored.base, count: stored.byteCount),
                owner: stored, pool: context.pool)
            let input = try buffer(random.floats(c.rows * columns))
            let bias = try buffer(random.floats(outputs))
            let x = Rows(input.floats, rows: c.rows, columns: columns)
            let together = try AlignedBuffer.floats(c.rows * outputs)
            context.linear(
                Rows(together.floats, rows: c.rows, columns: outputs), x, weight, bias: bias.floats)
            let alone = try AlignedBuffer.floats(c.rows * outputs)
            for row in 0..<c.rows {
                context.linear(
                    Rows(alone.floats + row * outputs, rows: 1, columns: outputs),
                    Rows(x[row], rows: 1, columns: columns), weight, bias: bias.floats)
            }
            #expect(bits(together, c.rows * outputs) == bits(alone, c.rows * outputs))
            withExtendedLifetime((input, bias, stored)) {}
        }
    }

    @Test(
        "attention gives each of several rows the bits that it gives the row alone",
        arguments: Case.all,
        [(6, 40, .f32), (6, 40, .f16), (6, 40, .bf16), (14, 96, .q8_0), (10, 64, .q8_0)]
            as [(
                Int, Int, DType
            )])
    private func attention(c: Case, shape: (heads: Int, headDim: Int, dtype: DType)) throws {
        let (heads, headDim, dtype) = shape
        let keyValueHeads = 2
        for position in [0, 3, 64, 130] {
            let capacity = position + c.rows
            let context = try context(c, columns: heads * headDim)
            var random = SeededRandom(seed: UInt64(position))
            // Pages in another order than the positions.
            let pages = (0..<(capacity + 63) / 64).map { Int32($0) }.reversed() as [Int32]
            let count = pages.count * keyValueHeads * CachedHeads.pageRows * headDim
            let bytes = try #require(dtype.byteCount(elements: count))
            let buffers = try (0..<2).map { _ in
                let buffer = try AlignedBuffer(byteCount: bytes + 64)
                context.encode(random.floats(count), as: dtype, into: buffer)
                return buffer
            }
            let table = UnsafeMutablePointer<Int32>.allocate(capacity: pages.count)
            defer { table.deallocate() }
            table.initialize(from: pages, count: pages.count)
            let cached = buffers.map {
                CachedHeads(
                    base: $0.base, pages: table, pageStride: bytes / pages.count, dtype: dtype,
                    headDim: headDim)
            }
            func attend(_ out: Rows, _ q: Rows, position: Int) throws {
                try context.attention(
                    out, q, keyValueHeads: keyValueHeads, scale: 0.3, sequences: 1
                ) { _ in
                    CachedSequence(
                        keys: cached[0], values: cached[1], firstRow: 0, rows: q.rows,
                        position: position)
                }
            }
            let columns = heads * headDim
            let input = try buffer(random.floats(c.rows * columns))
            let q = Rows(input.floats, rows: c.rows, columns: columns)
            let together = try AlignedBuffer.floats(c.rows * columns)
            try attend(
                Rows(together.floats, rows: c.rows, columns: columns), q, position: position)
            let alone = try AlignedBuffer.floats(c.rows * columns)
            for row in 0..<c.rows {
                try attend(
                    Rows(alone.floats + row * columns, rows: 1, columns: columns),
                    Rows(q[row], rows: 1, columns: columns), position: position + row)
            }
            #expect(bits(together, c.rows * columns) == bits(alone, c.rows * columns))
            withExtendedLifetime((input, buffers)) {}
        }
    }
}

/// A prompt's rows: what a row gets must not depend on how many are with it, however many.
@Suite struct PromptRowsTests {
    private static let rows = 50

    @Test(
        "a linear layer of a quantised type gives a prompt's rows the same bits however they are cut",
        arguments: Kernels.available, DType.allCases.filter(\.isQuantized))
    func linear(kernels: Kernels, dtype: DType) throws {
        for (outputs, columns) in [(50, 256), (33, 1280)] {
            let context = try ComputeContext(
                maximumRows: Self.rows, maximumColumns: columns, pool: ThreadPool(threadCount: 2),
                kernels: kernels)
            context.readsPrompt = true
            var random = SeededRandom(seed: UInt64(columns))
            let stored = try AlignedBuffer(
                byteCount: try #require(dtype.byteCount(elements: outputs * columns)))
            context.encode(random.floats(outputs * columns), as: dtype, into: stored)
            let weight = try WeightMatrix(
                dtype: dtype, rows: outputs, columns: columns,
                bytes: UnsafeRawBufferPointer(start: stored.base, count: stored.byteCount),
                owner: stored, pool: context.pool)
            let input = try AlignedBuffer.floats(Self.rows * columns)
            input.floats.update(
                from: random.floats(Self.rows * columns), count: Self.rows * columns)
            func run(cut: Int) throws -> [UInt32] {
                let out = try AlignedBuffer.floats(Self.rows * outputs)
                for first in stride(from: 0, to: Self.rows, by: cut) {
                    let count = min(cut, Self.rows - first)
                    context.linear(
                        Rows(out.floats + first * outputs, rows: count, columns: outputs),
                        Rows(input.floats + first * columns, rows: count, columns: columns), weight)
                }
                return (0..<Self.rows * outputs).map { out.floats[$0].bitPattern }
            }
            let whole = try run(cut: Self.rows)
            for cut in [1, 2, 5, 8, 16, 17, 24] { #expect(try run(cut: cut) == whole) }
            withExtendedLifetime((stored, input)) {}
        }
    }

    @Test(
        "attention gives a prompt's rows the same bits however they are cut",
        arguments: Kernels.available, [(6, 2), (8, 1), (4, 4)])
    func attention(kernels: Kernels, shape: (heads: Int, keyValueHeads: Int)) throws {
        let (heads, keyValueHeads) = shape
        let headDim = 40
        let rows = 150
        for dtype in [DType.f32, .f16] {
            let context = try ComputeContext(
                maximumRows: rows, maximumColumns: heads * headDim,
                pool: ThreadPool(threadCount: 2), kernels: kernels)
            context.readsPrompt = true
            var random = SeededRandom(seed: 5)
            let pages: [Int32] = [2, 0, 1]
            let count = pages.count * keyValueHeads * CachedHeads.pageRows * headDim
            let bytes = try #require(dtype.byteCount(elements: count))
            let buffers = try (0..<2).map { _ in
                let buffer = try AlignedBuffer(byteCount: bytes + 64)
                context.encode(random.floats(count), as: dtype, into: buffer)
                return buffer
            }
            let table = UnsafeMutablePointer<Int32>.allocate(capacity: pages.count)
            defer { table.deallocate() }
            table.initialize(from: pages, count: pages.count)
            let cached = buffers.map {
                CachedHeads(
                    base: $0.base, pages: table, pageStride: bytes / pages.count, dtype: dtype,
                    headDim: headDim)
            }
            let columns = heads * headDim
            let input = try AlignedBuffer.floats(rows * columns)
            input.floats.update(from: random.floats(rows * columns), count: rows * columns)
            func run(cut: Int) throws -> [UInt32] {
                let out = try AlignedBuffer.floats(rows * columns)
                for first in stride(from: 0, to: rows, by: cut) {
                    let count = min(cut, rows - first)
                    try context.attention(
                        Rows(out.floats + first * columns, rows: count, columns: columns),
                        Rows(input.floats + first * columns, rows: count, columns: columns),
                        keyValueHeads: keyValueHeads, scale: 0.3, sequences: 1
                    ) { _ in
                        CachedSequence(
                            keys: cached[0], values: cached[1], firstRow: 0, rows: count,
                            position: first)
                    }
                }
                return (0..<rows * columns).map { out.floats[$0].bitPattern }
            }
            let whole = try run(cut: rows)
            for cut in [1, 3, 16, 17, 64, 100] { #expect(try run(cut: cut) == whole) }
            withExtendedLifetime((buffers, input)) {}
        }
    }
}

extension ComputeContext {
    fileprivate func encode(_ x: [Float], as dtype: DType, into buffer: AlignedBuffer) {
        kernels.table.pointee.from_f32(buffer.base, x, dtype.kernelType, x.count)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Weights in f8 with a factor for each block of 128 x 128, against the dequantised product.

import CRetortKernels
import RetortTensor
import TestSupport
import Testing

@Suite struct BlockScaleTests {
    private static func bytes<T>(_ values: [T]) -> [UInt8] {
        values.withUnsafeBytes { Array($0) }
    }

    @Test(
        "a linear layer multiplies each block of f8 weights with its scale",
        arguments: Kernels.available.map(\.name), [1, 2, 3, 4, 13])
    func linear(name: String, rows: Int) throws {
        let kernels = try #require(Kernels(named: name))
        let pool = ThreadPool(threadCount: 2)
        for (outputs, columns) in [(1, 1), (128, 128), (129, 127), (300, 520), (257, 1100)] {
            var random = SeededRandom(seed: 8)
            let across = (columns + 127) / 128
            let grid = random.floats((outputs + 127) / 128 * across)
            let weights = (0..<outputs * columns).map { _ -> UInt8 in
                let byte = UInt8.random(in: 0...255, using: &random)
                return byte & 127 == 127 ? byte - 1 : byte
            }
            var x = random.floats(rows * columns)
            let bias = random.floats(outputs)
            var plain = [Float](repeating: 0, count: weights.count)
            kernels.table.pointee.to_f32(
                &plain, weights, DType.f8e4m3.kernelType, weights.count)

            let stored = try AlignedBuffer(byteCount: weights.count)
            stored.base.copyMemory(from: weights, byteCount: weights.count)
            let matrix = try Self.bytes(grid).withUnsafeBytes { scales in
                try WeightMatrix(
                    dtype: .f8e4m3, rows: outputs, columns: columns,
                    bytes: UnsafeRawBufferPointer(start: stored.base, count: weights.count),
                    scales: scales, owner: stored, pool: pool)
            }
            let context = try ComputeContext(
                maximumRows: rows, maximumColumns: columns, pool: pool, kernels: kernels)
            var out = [Float](repeating: .nan, count: rows * outputs)
            out.withUnsafeMutableBufferPointer { out in
                x.withUnsafeMutableBufferPointer { x in
                    guard let out = out.baseAddress, let x = x.baseAddress else { return }
                    context.linear(
                        Rows(out, rows: rows, columns: outputs),
                        Rows(x, rows: rows, columns: columns), matrix, bias: bias)
                }
            }
            let expected = (0..<rows * outputs).map { index -> Float in
                let (i, j) = (index / outputs, index % outputs)
                var sum = Double(bias[j])
                for k in 0..<columns {
                    let scale = Double(grid[j / 128 * across + k / 128])
                    sum += Double(x[i * columns + k]) * scale * Double(plain[j * columns + k])
                }
                return Float(sum)
            }
            #expect(relativeError(out, expected) < 1e-5, "\(outputs) x \(columns)")
        }
    }

    @Test("scales of another count, or for another type, are an error") func wrongScales() throws {
        let pool = ThreadPool(threadCount: 1)
        let buffer = try AlignedBuffer(byteCount: 4 * 130 * 10)
        func make(_ dtype: DType, scales: Int) throws {
            let count = dtype.byteCount(elements: 1300) ?? 0
            _ = try [UInt8](repeating: 0, count: scales).withUnsafeBytes {
                try WeightMatrix(
                    dtype: dtype, rows: 130, columns: 10,
                    bytes: UnsafeRawBufferPointer(start: buffer.base, count: count), scales: $0,
                    owner: buffer, pool: pool)
            }
        }
        try make(.f8e4m3, scales: 8)
        #expect(throws: TensorError.self) { try make(.f8e4m3, scales: 4) }
        #expect(throws: TensorError.self) { try make(.f8e4m3, scales: 9) }
        #expect(throws: TensorError.self) { try make(.bf16, scales: 8) }
    }
}

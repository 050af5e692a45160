// SPDX-License-Identifier: Apache-2.0
//
// Products with tiles of quantised weights: every type and table against the scalar table, and that
// against the plain sum over dequantised weights, on sizes on and off all multiples.

import CRetortKernels
import RetortTensor
import TestSupport
import Testing

private let quantizedTypes = DType.allCases.filter(\.isQuantized)

/// Random blocks: all bits of the values and scales count; only the f16 scales are kept small.
private func randomBlocks(_ dtype: DType, elements: Int, _ random: inout SeededRandom) -> [UInt8] {
    var bytes = (0..<elements / dtype.blockSize * dtype.blockBytes).map { _ in
        UInt8.random(in: 0...255, using: &random)
    }
    let offsets = dtype == .q6_k ? [208] : dtype == .q4_k || dtype == .q5_k ? [0, 2] : [0]
    for block in 0..<elements / dtype.blockSize {
        for offset in offsets {
            let scale = Float16.random(in: -0.01..<0.01, using: &random).bitPattern
            bytes[block * dtype.blockBytes + offset] = UInt8(truncatingIfNeeded: scale)
            bytes[block * dtype.blockBytes + offset + 1] = UInt8(scale >> 8)
        }
    }
    return bytes
}

/// Activations as int8, and what they stand for.
private struct Activations {
    var values: [Int8]
    var scales: [Float]
    var sums: [Float]
    var corrections: [Int32]
    var halves: [Int32]

    init(_ x: [Float], _ kernels: Kernels) {
        values = [Int8](repeating: 0, count: x.count + 64)
        scales = [Float](repeating: 0, count: x.count / 32)
        sums = scales
        corrections = [Int32](repeating: 0, count: x.count / 32)
        halves = [Int32](repeating: 0, count: x.count / 16)
        withView { kernels.table.pointee.q8_quantize($0, x, x.count) }
    }

    mutating func withView(_ body: (rk_q8_rows) -> Void) {
        values.withUnsafeMutableBufferPointer { values in
            scales.withUnsafeMutableBufferPointer { scales in
                sums.withUnsafeMutableBufferPointer { sums in
                    corrections.withUnsafeMutableBufferPointer { corrections in
                        halves.withUnsafeMutableBufferPointer { halves in
                            body(
                                rk_q8_rows(
                                    values: values.baseAddress, scales: scales.baseAddress,
                                    sums: sums.baseAddress, corrections: corrections.baseAddress,
                                    halves: halves.baseAddress))
                        }
                    }
                }
            }
        }
    }

    /// The numbers that the kernels see.
    func floats(_ count: Int) -> [Float] { (0..<count).map { scales[$0 / 32] * Float(values[$0]) } }
}

private func packed(_ bytes: [UInt8], _ dtype: DType, rows: Int, depth: Int) -> [UInt8] {
    let tileBytes = rk_tile_bytes(dtype.kernelType, depth)
    let rowBytes = depth / dtype.blockSize * dtype.blockBytes
    let tiles = (rows + 15) / 16
    var packed = [UInt8](repeating: 0xAA, count: tiles * tileBytes + 8192)
    for tile in 0..<tiles {
        packed.withUnsafeMutableBufferPointer { target in
            bytes.withUnsafeBufferPointer { source in
                rk_tile_pack(
                    target.baseAddress.map { $0 + tile * tileBytes },
                    source.baseAddress.map { $0 + tile * 16 * rowBytes }, dtype.kernelType,
                    rowBytes, min(16, rows - tile * 16), depth)
            }
        }
    }
    return packed
}

@Suite struct TileConformanceTests {
    @Test(
        "products of tiles equal the scalar table's and the sum over dequantised weights",
        arguments: kernelCases(depths: [32, 64, 96, 256, 288, 512, 544, 768, 1280]), quantizedTypes)
    func products(c: KernelCase, dtype: DType) throws {
        guard c.depth % dtype.blockSize == 0 else { return }
        let scalar = try #require(Kernels(named: "scalar"))
        var random = SeededRandom(seed: 3)
        var x = Activations(random.floats(c.rows * c.depth), c.kernels)
        let bytes = randomBlocks(dtype, elements: c.outputs * c.depth, &random)
        let tiles = packed(bytes, dtype, rows: c.outputs, depth: c.depth)
        func run(_ kernels: Kernels, asPrompt: Bool = false) -> [Float] {
            let table = kernels.table.pointee
            // One more than is written, which has to stay.
            var y = [Float](repeating: 12345, count: c.rows * c.outputs + 1)
            x.withView {
                if asPrompt {
                    table.tile_gemm_many(
                        &y, c.outputs, tiles, dtype.kernelType, c.outputs, $0, c.rows, c.depth)
                } else {
                    table.tile_gemm(
                        &y, c.outputs, tiles, dtype.kernelType, c.outputs, $0, c.rows, c.depth)
                }
            }
            #expect(y.removeLast() == 12345)
            return y
        }
        let y = run(c.kernels)
        #expect(relativeError(y, run(scalar)) < 1e-5)
        #expect(relativeError(run(c.kernels, asPrompt: true), y) < 1e-5)
        let w = loaded(bytes, dtype, count: c.outputs * c.depth, c.kernels)
        #expect(relativeError(y, product(x.floats(c.rows * c.depth), w, c)) < 1e-5)
    }

    @Test(
        "quantised activations lose less than 1 % and carry their sums",
        arguments: Kernels.available.map(\.name))
    func activations(name: String) throws {
        let kernels = try #require(Kernels(named: name))
        var random = SeededRandom(seed: 4)
        let x = random.floats(320) + [Float](repeating: 0, count: 32)
        let quantized = Activations(x, kernels)
        #expect(relativeError(quantized.floats(x.count), x) < 5e-3)
        for block in 0..<x.count / 32 {
            let values = quantized.values[32 * block..<32 * block + 32].map(Int32.init)
            let sum = values.reduce(0, +)
            #expect(quantized.corrections[block] == -128 * sum)
            #expect(quantized.halves[2 * block] == -128 * values[..<16].reduce(0, +))
            #expect(quantized.halves[2 * block + 1] == -128 * values[16...].reduce(0, +))
            #expect(quantized.sums[block] == quantized.scales[block] * Float(sum))
        }
    }

    @Test("a tile takes at most 3 % more than its rows in the file", arguments: quantizedTypes)
    func size(dtype: DType) {
        for depth in [256, 1536, 8960] {
            let bytes = 16 * depth / dtype.blockSize * dtype.blockBytes
            let tile = rk_tile_bytes(dtype.kernelType, depth)
            #expect(tile >= bytes && tile * 100 <= bytes * 103)
        }
    }

    @Test(
        "a linear layer of quantised weights stays within 2 % of the same in f32",
        arguments: Kernels.available.map(\.name), quantizedTypes)
    func linear(name: String, dtype: DType) throws {
        let kernels = try #require(Kernels(named: name))
        var random = SeededRandom(seed: 5)
        for rows in [1, 2, 7] {
            let c = KernelCase(kernels: kernels, rows: rows, outputs: 75, depth: 768)
            let bytes = randomBlocks(dtype, elements: c.outputs * c.depth, &random)
            let w = loaded(bytes, dtype, count: c.outputs * c.depth, kernels)
            let x = random.floats(rows * c.depth)
            #expect(relativeError(try layer(bytes, dtype, x, c), product(x, w, c)) < 2e-2)
        }
    }
}

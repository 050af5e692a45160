// SPDX-License-Identifier: Apache-2.0
//
// Every kernel of every table that this processor has, against the scalar table, on sizes on and
// off the block and register multiples. What the scalar table computes is checked against plain
// Swift, so that the oracle has an oracle.

import CRetortKernels
import RetortTensor
import TestSupport
import Testing

/// One call to compare: the same inputs through a table.
struct KernelCase: CustomTestStringConvertible, Sendable {
    let kernels: Kernels
    let rows: Int
    let outputs: Int
    let depth: Int
    var testDescription: String { "\(kernels.name) \(rows)x\(outputs)x\(depth)" }
}

func kernelCases(depths: [Int]) -> [KernelCase] {
    Kernels.available.flatMap { kernels in
        [1, 2, 3, 5, 12, 17].flatMap { rows in
            [1, 16, 31, 32, 50].flatMap { outputs in
                depths.map { KernelCase(kernels: kernels, rows: rows, outputs: outputs, depth: $0) }
            }
        }
    }
}

func stored(_ x: [Float], _ dtype: DType, columns: Int, _ kernels: Kernels) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: dtype.byteCount(elements: x.count) ?? 0)
    bytes.withUnsafeMutableBytes { out in
        kernels.table.pointee.from_f32(out.baseAddress, x, dtype.kernelType, x.count)
    }
    return bytes
}

func loaded(_ bytes: [UInt8], _ dtype: DType, count: Int, _ kernels: Kernels) -> [Float] {
    var out = [Float](repeating: 0, count: count)
    bytes.withUnsafeBytes {
        kernels.table.pointee.to_f32(&out, $0.baseAddress, dtype.kernelType, count)
    }
    return out
}

/// The products in double precision: `[rows, outputs]`.
func product(_ x: [Float], _ w: [Float], _ c: KernelCase) -> [Float] {
    (0..<c.rows).flatMap { i in
        (0..<c.outputs).map { j in
            Float(
                (0..<c.depth).reduce(0.0) {
                    $0 + Double(x[i * c.depth + $1]) * Double(w[j * c.depth + $1])
                })
        }
    }
}

/// A linear layer with stored weights, through the op.
func layer(_ bytes: [UInt8], _ dtype: DType, _ x: [Float], _ c: KernelCase) throws -> [Float] {
    let pool = ThreadPool(threadCount: 2)
    let weights = try AlignedBuffer(byteCount: bytes.count)
    weights.base.copyMemory(from: bytes, byteCount: bytes.count)
    let matrix = try WeightMatrix(
        dtype: dtype, rows: c.outputs, columns: c.depth,
        bytes: UnsafeRawBufferPointer(start: weights.base, count: bytes.count), owner: weights,
        pool: pool)
    let context = try ComputeContext(
        maximumRows: c.rows, maximumColumns: c.depth, pool: pool, kernels: c.kernels)
    var x = x
    var out = [Float](repeating: .nan, count: c.rows * c.outputs)
    out.withUnsafeMutableBufferPointer { out in
        x.withUnsafeMutableBufferPointer { x in
            guard let out = out.baseAddress, let x = x.baseAddress else { return }
            context.linear(
                Rows(out, rows: c.rows, columns: c.outputs),
                Rows(x, rows: c.rows, columns: c.depth), matrix)
        }
    }
    return out
}

@Suite struct KernelConformanceTests {
    @Test(
        "a matrix times a vector equals the plain sum, for every float type",
        arguments: kernelCases(depths: [1, 7, 16, 33, 64, 200]), [DType.f32, .f16, .bf16, .f8e4m3])
    func gemv(c: KernelCase, dtype: DType) throws {
        var random = SeededRandom(seed: 1)
        let x = random.floats(c.rows * c.depth)
        let bytes = stored(random.floats(c.outputs * c.depth), dtype, columns: c.depth, c.kernels)
        let w = loaded(bytes, dtype, count: c.outputs * c.depth, c.kernels)
        var y = [Float](repeating: 0, count: c.rows * c.outputs)
        for row in 0..<c.rows {
            y.withUnsafeMutableBufferPointer { out in
                bytes.withUnsafeBytes { weights in
                    x.withUnsafeBufferPointer { input in
                        c.kernels.table.pointee.gemv(
                            out.baseAddress.map { $0 + row * c.outputs }, weights.baseAddress,
                            dtype.kernelType, c.depth * dtype.blockBytes,
                            input.baseAddress.map { $0 + row * c.depth }, c.outputs, c.depth)
                    }
                }
            }
        }
        #expect(relativeError(y, product(x, w, c)) < 1e-5)
    }

    @Test(
        "packed panels times rows equal the plain sum and can be accumulated",
        arguments: kernelCases(depths: [1, 7, 16, 33, 64]), [DType.f32, .f16, .bf16, .f8e4m3])
    func panels(c: KernelCase, dtype: DType) throws {
        let width = min(c.outputs, 32)
        let c = KernelCase(kernels: c.kernels, rows: c.rows, outputs: width, depth: c.depth)
        var random = SeededRandom(seed: 2)
        let x = random.floats(c.rows * c.depth)
        let bytes = stored(random.floats(width * c.depth), dtype, columns: c.depth, c.kernels)
        let w = loaded(bytes, dtype, count: width * c.depth, c.kernels)
        var panel = [Float](repeating: .nan, count: c.depth * 32)
        bytes.withUnsafeBytes {
            c.kernels.table.pointee.pack_panel(
                &panel, $0.baseAddress, dtype.kernelType, c.depth * dtype.blockBytes, width, c.depth
            )
        }
        var y = [Float](repeating: 0, count: c.rows * width)
        c.kernels.table.pointee.gemm_panel(
            &y, width, x, c.depth, panel, 32, c.rows, width, c.depth, 0)
        let expected = product(x, w, c)
        #expect(relativeError(y, expected) < 1e-5)
        c.kernels.table.pointee.gemm_panel(
            &y, width, x, c.depth, panel, 32, c.rows, width, c.depth, 1)
        #expect(relativeError(y, expected.map { 2 * $0 }) < 1e-5)
    }

    @Test(
        "panels of bf16 pairs times rounded rows equal the plain sum and can be accumulated",
        arguments: kernelCases(depths: [2, 16, 34, 64, 128]))
    func bf16Panels(c: KernelCase) throws {
        let width = min(c.outputs, 32)
        let c = KernelCase(kernels: c.kernels, rows: c.rows, outputs: width, depth: c.depth)
        let table = c.kernels.table.pointee
        var random = SeededRandom(seed: 9)
        let source = random.floats(c.rows * c.depth)
        var halves = [UInt16](repeating: 0, count: source.count)
        table.bf16_round(&halves, source, source.count)
        let x = halves.map { Float(bitPattern: UInt32($0) << 16) }
        #expect(relativeError(x, source) < 4e-3)
        let bytes = stored(random.floats(width * c.depth), .bf16, columns: c.depth, c.kernels)
        let w = loaded(bytes, .bf16, count: width * c.depth, c.kernels)
        var panel = [Float](repeating: .nan, count: c.depth / 2 * 32)
        bytes.withUnsafeBytes {
            table.pack_panel(&panel, $0.baseAddress, RK_F32, 2 * c.depth, width, c.depth / 2)
        }
        var y = [Float](repeating: 0, count: c.rows * width)
        let expected = product(x, w, c)
        for (accumulate, factor) in [(0, Float(1)), (1, 2)] {
            table.bf16_panel(
                &y, width, halves, c.depth / 2, panel, 32, c.rows, width, c.depth / 2,
                Int32(accumulate))
            #expect(relativeError(y, expected.map { factor * $0 }) < 1e-5)
        }
    }

    @Test(
        "bf16 weights times split rows equal the plain sum, and a row does not see the others",
        arguments: kernelCases(depths: [1, 31, 33, 64, 100, 128, 193]))
    func bf16SplitRows(c: KernelCase) throws {
        let table = c.kernels.table.pointee
        var random = SeededRandom(seed: 11)
        let x = random.floats(c.rows * c.depth)
        var split = [UInt16](repeating: 0, count: 2 * x.count)
        for row in 0..<c.rows {
            table.bf16_split(
                &split[2 * row * c.depth], Array(x[(row * c.depth)..<((row + 1) * c.depth)]),
                c.depth)
        }
        let bytes = stored(random.floats(c.outputs * c.depth), .bf16, columns: c.depth, c.kernels)
        let w = loaded(bytes, .bf16, count: c.outputs * c.depth, c.kernels)
        var y = [Float](repeating: .nan, count: c.rows * c.outputs)
        bytes.withUnsafeBytes {
            table.bf16_gemv_rows(
                &y, c.outputs, $0.baseAddress, 2 * c.depth, split, c.rows, c.outputs, c.depth)
        }
        #expect(relativeError(y, product(x, w, c)) < 5e-5)
        for row in 0..<c.rows {
            var alone = [Float](repeating: .nan, count: c.outputs)
            bytes.withUnsafeBytes {
                table.bf16_gemv_rows(
                    &alone, c.outputs, $0.baseAddress, 2 * c.depth,
                    Array(split[(2 * row * c.depth)...]), 1, c.outputs, c.depth)
            }
            #expect(alone == Array(y[(row * c.outputs)..<((row + 1) * c.outputs)]))
        }
    }

    @Test(
        "a linear layer of bf16 weights stays within 1 % of f32, short inputs within 1e-5",
        arguments: Kernels.available.map(\.name),
        [(1, 1e-5), (127, 1e-5), (128, 1e-2), (141, 1e-2)])
    func bf16Layer(name: String, input: (rows: Int, error: Double)) throws {
        let kernels = try #require(Kernels(named: name))
        for (outputs, columns) in [(75, 1100), (32, 64), (40, 33)] {
            let c = KernelCase(
                kernels: kernels, rows: input.rows, outputs: outputs, depth: columns)
            var random = SeededRandom(seed: 10)
            let bytes = stored(
                random.floats(outputs * columns), .bf16, columns: columns, kernels)
            let w = loaded(bytes, .bf16, count: outputs * columns, kernels)
            let x = random.floats(input.rows * columns)
            let y = try layer(bytes, .bf16, x, c)
            #expect(relativeError(y, product(x, w, c)) < input.error)
        }
    }

    @Test(
        "row kernels equal their formulas",
        arguments: Kernels.available.map(\.name), [1, 5, 16, 64, 100])
    func rows(name: String, count: Int) throws {
        let kernels = try #require(Kernels(named: name))
        var random = SeededRandom(seed: 4)
        let x = random.floats(count).map { 4 * $0 }
        let w = random.floats(count)
        var out = [Float](repeating: 0, count: count)

        kernels.table.pointee.rms_norm(&out, x, w, count, 1e-6)
        let mean = x.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(count)
        let factor = 1 / (mean + 1e-6).squareRoot()
        #expect(
            relativeError(out, zip(x, w).map { Float(Double($0) * factor * Double($1)) }) < 1e-6)

        out = x
        kernels.table.pointee.silu_mul(&out, w, count)
        #expect(
            relativeError(
                out,
                zip(x, w).map { Float(Double($0) / (1 + exponential(-Double($0))) * Double($1)) })
                < 1e-6)

        out = x
        kernels.table.pointee.softmax(&out, count)
        let total = x.reduce(0.0) { $0 + exponential(Double($1)) }
        #expect(relativeError(out, x.map { Float(exponential(Double($0)) / total) }) < 1e-6)
    }

    @Test(
        "Philox gives the published words, whichever words are drawn with it",
        arguments: Kernels.available.map(\.name), [1, 3, 8, 16, 37])
    func philox(name: String, count: Int) throws {
        let kernels = try #require(Kernels(named: name))
        let scalar = try #require(Kernels(named: "scalar"))
        func words(
            _ kernels: Kernels, _ first: UInt32, _ counter: SIMD3<UInt32>, _ key: SIMD2<UInt32>,
            _ count: Int
        ) -> [UInt32] {
            var words = [UInt32](repeating: 0, count: 4 * count)
            words.withUnsafeMutableBufferPointer {
                kernels.philoxWords($0, first: first, counter: counter, key: key)
            }
            return words
        }
        // Random123's known answers.
        #expect(
            words(kernels, 0, .zero, .zero, count).prefix(4)
                == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
        let pi = SIMD3<UInt32>(0x85a3_08d3, 0x1319_8a2e, 0x0370_7344)
        let more = SIMD2<UInt32>(0xa409_3822, 0x299f_31d0)
        #expect(
            words(kernels, 0x243f_6a88, pi, more, count).prefix(4)
                == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
        #expect(
            words(kernels, 0xffff_fff0, pi, more, count)
                == words(scalar, 0xffff_fff0, pi, more, count))
    }

    @Test(
        "biases and tournaments equal their formulas",
        arguments: Kernels.available.map(\.name), [1, 5, 16, 100])
    func marks(name: String, count: Int) throws {
        let kernels = try #require(Kernels(named: name))
        var random = SeededRandom(seed: 12)
        let words = (0..<count).map { _ in UInt32(truncatingIfNeeded: random.next()) }
        let x = random.floats(count)
        var sum = x
        sum.withUnsafeMutableBufferPointer {
            kernels.add(2, to: $0, where: words, areBelow: 1 << 29)
        }
        #expect(sum == zip(x, words).map { $0 + ($1 & 0x7FFF_FFFF < 1 << 29 ? 2 : 0) })
        let total = x.reduce(0) { $0 + abs($1) }
        var p = x.map { abs($0) / total }
        var expected = p.map(Double.init)
        for layer in 0..<UInt32(30) {
            let g = words.map { Double($0 >> layer & 1) }
            let mass = zip(g, expected).reduce(0) { $0 + $1.0 * $1.1 }
            expected = zip(g, expected).map { $1 * (1 + $0 - mass) }
        }
        p.withUnsafeMutableBufferPointer { kernels.tournament($0, bits: words, layers: 30) }
        #expect(relativeError(p, expected.map(Float.init)) < 1e-4)
    }

    @Test(
        "the blockwise softmax equals the softmax of the whole row",
        arguments: Kernels.available.map(\.name))
    func softmaxSteps(name: String) throws {
        let kernels = try #require(Kernels(named: name))
        var random = SeededRandom(seed: 5)
        let scores = random.floats(100).map { 30 * $0 }
        let values = random.floats(100)
        var whole = scores.map { $0 * 0.5 }
        kernels.table.pointee.softmax(&whole, 100)
        let expected = zip(whole, values).reduce(Float(0)) { $0 + $1.0 * $1.1 }

        var maximum = -Float.infinity
        var sum: Float = 0
        var out: [Float] = [0]
        for start in stride(from: 0, to: 100, by: 33) {
            var block = Array(scores[start..<min(start + 33, 100)])
            kernels.table.pointee.softmax_step(&block, block.count, 0.5, &maximum, &sum, &out, 1)
            for (index, p) in block.enumerated() { out[0] += p * values[start + index] }
        }
        #expect(abs(out[0] / sum - expected) < 1e-5)
    }

    @Test(
        "attention scores and mixes equal the plain sums",
        arguments: Kernels.available.map(\.name), [DType.f32, .f16, .bf16, .f8e4m3])
    func attention(name: String, dtype: DType) throws {
        let kernels = try #require(Kernels(named: name))
        for (n, d) in [(1, 8), (5, 20), (33, 64), (70, 128), (3, 80)] {
            var random = SeededRandom(seed: 6)
            let q = random.floats(d)
            let bytes = stored(random.floats(n * d), dtype, columns: d, kernels)
            let keys = loaded(bytes, dtype, count: n * d, kernels)
            var scores = [Float](repeating: 0, count: n)
            var out = [Float](repeating: 0, count: d)
            let p = random.floats(n)
            bytes.withUnsafeBytes {
                kernels.table.pointee.attention_scores(
                    &scores, q, $0.baseAddress, dtype.kernelType, d * dtype.blockBytes, n, d, 0.25)
                kernels.table.pointee.attention_mix(
                    &out, p, $0.baseAddress, dtype.kernelType, d * dtype.blockBytes, n, d)
            }
            let expected = (0..<n).map { t in
                0.25 * (0..<d).reduce(Float(0)) { $0 + q[$1] * keys[t * d + $1] }
            }
            #expect(relativeError(scores, expected) < 1e-5)
            let mixed = (0..<d).map { i in
                (0..<n).reduce(Float(0)) { $0 + p[$1] * keys[$1 * d + i] }
            }
            #expect(relativeError(out, mixed) < 1e-5)
        }
    }

    @Test(
        "all 65,536 halves and all f8 convert as Swift converts them, in both directions",
        arguments: Kernels.available.map(\.name))
    func halves(name: String) throws {
        let kernels = try #require(Kernels(named: name))
        let all = (0...UInt16.max).map { $0 }
        let bytes = all.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
        let halves = loaded(bytes, .f16, count: all.count, kernels)
        let brains = loaded(bytes, .bf16, count: all.count, kernels)
        for bits in all {
            let expected = Float(Float16(bitPattern: bits))
            let found = halves[Int(bits)]
            #expect(expected == found || (expected.isNaN && found.isNaN))
            let brain = Float(bitPattern: UInt32(bits) << 16)
            #expect(brain == brains[Int(bits)] || (brain.isNaN && brains[Int(bits)].isNaN))
        }
        let eighths = loaded(bytes.map { $0 }, .f8e4m3, count: bytes.count, kernels)
        for (byte, found) in zip(bytes, eighths) {
            // Sign, 4 bits of exponent with bias 7, 3 of mantissa.
            let exponent = Int(byte >> 3 & 15)
            let mantissa = Float(byte & 7) / 8
            let magnitude =
                exponent == 0
                ? mantissa / 64
                : (1 + mantissa) * Float(sign: .plus, exponent: exponent - 7, significand: 1)
            let expected = byte & 127 == 127 ? Float.nan : byte < 128 ? magnitude : -magnitude
            #expect(expected == found || (expected.isNaN && found.isNaN))
        }
        var random = SeededRandom(seed: 7)
        let floats = (0..<20_000).map { _ in
            Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
        }
        let back = loaded(
            stored(floats, .f16, columns: 1, kernels), .f16, count: floats.count, kernels)
        for (x, y) in zip(floats, back) {
            let expected = Float(Float16(x))
            #expect(expected == y || (expected.isNaN && y.isNaN))
        }
    }

    @Test(
        "a float becomes the nearest f8, ties go to even, what is too large becomes 448",
        arguments: Kernels.available.map(\.name))
    func eighths(name: String) throws {
        let kernels = try #require(Kernels(named: name))
        let all = loaded((0..<127).map { UInt8($0) }, .f8e4m3, count: 127, kernels)
        func rounded(_ x: [Float]) -> [UInt8] { stored(x, .f8e4m3, columns: 1, kernels) }
        #expect(rounded(all) == (0..<127).map { UInt8($0) })
        #expect(rounded(all.map { -$0 }) == (0..<127).map { UInt8($0 + 128) })
        let middles = zip(all, all.dropFirst()).map { ($0 + $1) / 2 }
        #expect(rounded(middles) == (0..<126).map { UInt8($0 + $0 % 2) })
        #expect(rounded(middles.map(\.nextDown)) == (0..<126).map { UInt8($0) })
        #expect(rounded(middles.map(\.nextUp)) == (1..<127).map { UInt8($0) })
        #expect(rounded([449, 1e9, .infinity, -500, .nan]) == [126, 126, 126, 254, 127])
    }
}

private func exponential(_ x: Double) -> Double {
    // A table-free exponential that owes nothing to the kernels: halve, series, square.
    let small = x / 1024
    var term = 1.0
    var sum = 1.0
    for n in 1..<20 {
        term *= small / Double(n)
        sum += term
    }
    for _ in 0..<10 { sum *= sum }
    return sum
}

// SPDX-License-Identifier: Apache-2.0
//
// What the quantisers write, read back: errors near those of the reference quantisers (the bounds
// are ggml's on the same kind of numbers; Tools/check_quantisers.py compares tensor by tensor).

import CRetortKernels
import Foundation
import RetortJSON
import RetortTensor
import TestSupport
import Testing

@Suite struct QuantizerTests {
    /// Near-normal numbers of deviation 1.
    private func normal(_ count: Int, seed: UInt64) -> [Float] {
        var random = SeededRandom(seed: seed)
        return (0..<count).map { _ in
            (0..<12).reduce(Float(-6)) { sum, _ in sum + Float.random(in: 0..<1, using: &random) }
        }
    }

    @Test(
        "normal numbers come back with the error of the type",
        arguments: Kernels.available.map(\.name),
        [
            (DType.q8_0, 0.0055), (.q6_k, 0.018), (.q5_k, 0.0365), (.q4_k, 0.0725), (.q4_0, 0.0875),
        ])
    func errors(name: String, type: (dtype: DType, error: Double)) throws {
        let kernels = try #require(Kernels(named: name))
        let x = normal(256 * 200, seed: 1)
        for factor in [Float(1), 1e-3, 300] {
            let scaled = x.map { $0 * factor }
            let bytes = stored(scaled, type.dtype, columns: x.count, kernels)
            let error = relativeError(
                loaded(bytes, type.dtype, count: x.count, kernels), scaled)
            #expect(error < type.error && error > type.error / 1.5, "\(error)")
        }
    }

    @Test(
        "blocks of zeros, of one value, and of one sign come back",
        arguments: Kernels.available.map(\.name), DType.allCases.filter(\.isQuantized))
    func specialBlocks(name: String, dtype: DType) throws {
        let kernels = try #require(Kernels(named: name))
        func back(_ x: [Float]) -> [Float] {
            loaded(stored(x, dtype, columns: x.count, kernels), dtype, count: x.count, kernels)
        }
        #expect(back([Float](repeating: 0, count: 512)).allSatisfy { $0 == 0 })
        for value in [Float(0.25), -0.25] {
            let constant = [Float](repeating: value, count: 256)
            #expect(relativeError(back(constant), constant) < 0.01)
        }
        let positive = normal(512, seed: 2).map { abs($0) }
        #expect(relativeError(back(positive), positive) < 0.1)
        #expect(relativeError(back(positive.map { -$0 }), positive.map { -$0 }) < 0.1)
        var spike = [Float](repeating: 0, count: 256)
        spike[37] = -3
        #expect(abs(back(spike)[37] + 3) < 0.05)
    }

    @Test(
        "blocks have the values that gguf-py reads, and q8_0 and q4_0 the bytes that it writes",
        arguments: Kernels.available.map(\.name), DType.allCases.filter(\.isQuantized))
    func reference(name: String, dtype: DType) throws {
        let kernels = try #require(Kernels(named: name))
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/blocks.json")
        let json = try JSONValue(parsing: Array(Data(contentsOf: path)))
        let expected = try #require(json[dtype.rawValue])
        func bytes(_ key: String) -> [UInt8]? {
            expected[key]?.arrayValue?.compactMap { $0.intValue.map { UInt8($0) } }
        }
        func floats(_ key: String) -> [Float]? {
            expected[key]?.arrayValue?.compactMap { $0.doubleValue.map { Float($0) } }
        }
        let values = try #require(floats("floats"))
        let found = loaded(try #require(bytes("bytes")), dtype, count: values.count, kernels)
        #expect(relativeError(found, values) < 1e-7)
        guard let source = floats("source") else { return }
        #expect(stored(source, dtype, columns: source.count, kernels) == bytes("quantized"))
    }

    @Test(
        "q4_0 holds what its blocks can express exactly", arguments: Kernels.available.map(\.name))
    func exact(name: String) throws {
        let kernels = try #require(Kernels(named: name))
        let x = (0..<64).map { index -> Float in
            let q = Float(index * 5 % 16 - 8)
            return index < 32 ? q / 2 : q / -8
        }
        let bytes = stored(x, .q4_0, columns: 64, kernels)
        #expect(loaded(bytes, .q4_0, count: 64, kernels) == x)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Rows of q8_0 blocks as a cache holds them: every kernel that reads or writes them, of every table,
// against the scalar table and against plain sums, on whole and half pairs of blocks.

import CRetortKernels
import RetortTensor
import TestSupport
import Testing

/// Rows of a cache and as many rows of what meets them.
private struct Case: CustomTestStringConvertible, Sendable {
    let kernels: Kernels
    /// Positions in the cache.
    let count: Int
    /// Elements of a row: blocks of 32.
    let depth: Int
    /// Rows of queries.
    let rows: Int
    var testDescription: String { "\(kernels.name) \(rows)x\(count)x\(depth)" }

    static let all = Kernels.available.flatMap { kernels in
        [1, 2, 16, 33, 127, 130, 300].flatMap { count in
            [32, 64, 96, 128, 544, 576].flatMap { depth in
                [1, 2, 3, 5, 6, 7, 13].map {
                    Case(kernels: kernels, count: count, depth: depth, rows: $0)
                }
            }
        }
    }

    var rowBytes: Int { depth / 32 * 34 }

    /// Blocks of random numbers and the numbers that the blocks stand for.
    func cache(_ random: inout SeededRandom) throws -> (bytes: [UInt8], floats: [Float]) {
        let scalar = try #require(Kernels(named: "scalar"))
        let bytes = stored(random.floats(count * depth), .q8_0, columns: depth, scalar)
        return (bytes, loaded(bytes, .q8_0, count: count * depth, scalar))
    }
}

@Suite struct QuantisedRowsTests {
    @Test("scores of q8_0 keys equal the plain sums, in each row as alone", arguments: Case.all)
    private func scores(c: Case) throws {
        var random = SeededRandom(seed: 11)
        let (bytes, keys) = try c.cache(&random)
        let q = random.floats(c.rows * c.depth)
        let table = c.kernels.table.pointee
        var together = [Float](repeating: .nan, count: c.rows * c.count)
        table.gemv_rows(
            &together, c.count, bytes, RK_Q8_0, c.rowBytes, q, c.depth, c.rows, c.count, c.depth)
        var expected: [Float] = []
        for row in 0..<c.rows {
            let query = Array(q[row * c.depth..<(row + 1) * c.depth])
            var alone = [Float](repeating: .nan, count: c.count)
            table.gemv(&alone, bytes, RK_Q8_0, c.rowBytes, query, c.count, c.depth)
            #expect(Array(together[row * c.count..<(row + 1) * c.count]) == alone)
            expected += (0..<c.count).map { t in
                Float(
                    (0..<c.depth).reduce(0.0) {
                        $0 + Double(query[$1]) * Double(keys[t * c.depth + $1])
                    })
            }
        }
        #expect(relativeError(together, expected) < 1e-5)
    }

    @Test("mixes of q8_0 values equal the plain sums, in each row as alone", arguments: Case.all)
    private func mixes(c: Case) throws {
        var random = SeededRandom(seed: 12)
        let (bytes, values) = try c.cache(&random)
        let p = random.floats(c.rows * c.count)
        let table = c.kernels.table.pointee
        var together = [Float](repeating: .nan, count: c.rows * c.depth)
        table.attention_mix_rows(
            &together, c.depth, p, c.count, bytes, RK_Q8_0, c.rowBytes, c.rows, c.count, c.depth)
        var expected: [Float] = []
        for row in 0..<c.rows {
            let weights = Array(p[row * c.count..<(row + 1) * c.count])
            var alone = [Float](repeating: .nan, count: c.depth)
            table.attention_mix(&alone, weights, bytes, RK_Q8_0, c.rowBytes, c.count, c.depth)
            #expect(Array(together[row * c.depth..<(row + 1) * c.depth]) == alone)
            expected += (0..<c.depth).map { i in
                Float(
                    (0..<c.count).reduce(0.0) {
                        $0 + Double(weights[$1]) * Double(values[$1 * c.depth + i])
                    })
            }
        }
        #expect(relativeError(together, expected) < 1e-5)
    }

    @Test(
        "a panel of q8_0 rows is their transpose, also of rows that are part of longer ones",
        arguments: Kernels.available.map(\.name), [32, 64, 96, 512])
    func panels(name: String, depth: Int) throws {
        let kernels = try #require(Kernels(named: name))
        for rows in [1, 7, 8, 15, 16, 17, 31, 32] {
            let whole = Case(kernels: kernels, count: rows, depth: depth + 64, rows: 1)
            var random = SeededRandom(seed: 13)
            let (bytes, floats) = try whole.cache(&random)
            var panel = [Float](repeating: .nan, count: depth * 32)
            kernels.table.pointee.pack_panel(
                &panel, bytes, RK_Q8_0, whole.rowBytes, rows, depth)
            let expected = (0..<depth * 32).map { index in
                index % 32 < rows ? floats[index % 32 * whole.depth + index / 32] : 0
            }
            #expect(panel == expected)
        }
    }

    @Test(
        "conversions to and from q8_0 have the bits of the scalar table, also of odd numbers",
        arguments: Kernels.available.map(\.name))
    func conversions(name: String) throws {
        let kernels = try #require(Kernels(named: name))
        let scalar = try #require(Kernels(named: "scalar"))
        var random = SeededRandom(seed: 14)
        var x = random.floats(32 * 40)
        // Halves, which go away from zero; all zero; tiny; huge; infinity; NaN.
        for index in 0..<32 { x[index] = Float(index) / 2 - 8 }
        x[31] = 127
        x[64] = 127
        for index in 65..<96 { x[index] = (index % 2 == 0 ? 1 : -1) * (Float(index) - 64.5) }
        for index in 96..<128 { x[index] = index % 3 == 0 ? -0.0 : 0 }
        for index in 128..<160 { x[index] *= .leastNormalMagnitude / 64 }
        for index in 160..<192 { x[index] *= 3e38 }
        x[200] = .infinity
        x[230] = .nan
        x[260] = -.infinity
        let bytes = stored(x, .q8_0, columns: x.count, kernels)
        #expect(bytes == stored(x, .q8_0, columns: x.count, scalar))
        let found = loaded(bytes, .q8_0, count: x.count, kernels)
        let expected = loaded(bytes, .q8_0, count: x.count, scalar)
        for (a, b) in zip(found, expected) {
            #expect(a.bitPattern == b.bitPattern || (a.isNaN && b.isNaN))
        }
        #expect(relativeError(Array(found[320...]), Array(x[320...])) < 6e-3)
    }
}

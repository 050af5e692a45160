// SPDX-License-Identifier: Apache-2.0
//
// Muon (Jordan et al. 2024): momentum whose singular values are all brought near 1 by a polynomial
// of five steps (Newton and Schulz), scaled to the size of AdamW's updates (Liu et al. 2025).

import CRetortKernels
import RetortTensor

/// Orthogonalises the momentum of one matrix at a time.
final class Muon {
    private let engine: MatrixEngine
    private let buffers = (0..<4).map { _ in ScratchBuffer() }

    private static let steps = 5
    private static let (a, b, c): (Float, Float, Float) = (3.4445, -4.7750, 2.0315)

    init(engine: MatrixEngine) { self.engine = engine }

    /// One step for `[rows, columns]`.
    /// - Throws: `TensorError` if memory runs out.
    func step(
        _ parameter: Parameter, momentum: UnsafeMutablePointer<Float>, factor: Float, clip: Float,
        learningRate: Float, decay: Float
    ) throws {
        guard let gradient = parameter.gradient else { return }
        let (rows, columns, count) = (parameter.rows, parameter.columns, parameter.count)
        let table = engine.table
        var x = MatrixView(
            try buffers[0].reserve(byteCount: 4 * count + 256), rows: rows, columns: columns)
        var other = MatrixView(
            try buffers[1].reserve(byteCount: 4 * count + 256), rows: rows, columns: columns)
        // Nesterov's look ahead, from an average that forgets by `factor`.
        table.pointee.scale(momentum, count, factor)
        table.pointee.add_scaled(momentum, gradient, count, (1 - factor) * clip)
        x.floats.update(repeating: 0, count: count)
        table.pointee.add_scaled(x.floats, gradient, count, (1 - factor) * clip)
        table.pointee.add_scaled(x.floats, momentum, count, factor)
        let norm = Float(table.pointee.sum_of_squares(x.floats, count).squareRoot())
        table.pointee.scale(x.floats, count, 1 / max(norm, 1e-7))

        let isWide = rows <= columns
        let side = min(rows, columns)
        let square = MatrixView(
            try buffers[2].reserve(byteCount: 4 * side * side + 256), rows: side, columns: side)
        let polynomial = MatrixView(
            try buffers[3].reserve(byteCount: 4 * side * side + 256), rows: side, columns: side)
        for _ in 0..<Self.steps {
            if isWide {
                try engine.product(square, x, x, .transposed)
            } else {
                try engine.sumOfProducts(square, x, x, accumulate: false)
            }
            // aI + bS + cS²
            try engine.product(polynomial, square, square, .plain)
            table.pointee.scale(polynomial.floats, side * side, Self.c)
            table.pointee.add_scaled(polynomial.floats, square.floats, side * side, Self.b)
            for index in 0..<side { polynomial.floats[index * side + index] += Self.a }
            if isWide {
                try engine.product(other, polynomial, x, .plain)
            } else {
                try engine.product(other, x, polynomial, .plain)
            }
            swap(&x, &other)
        }
        let size = 0.2 * Float(max(rows, columns)).squareRoot()
        table.pointee.scale(parameter.values, count, 1 - learningRate * decay)
        table.pointee.add_scaled(parameter.values, x.floats, count, -learningRate * size)
    }
}

// SPDX-License-Identifier: Apache-2.0

/// A tensor that is trained, or frozen: f32 values and, while it is trained, their gradient.
package final class Parameter: @unchecked Sendable {
    // Safety: written by the one thread that trains, and by the chunks of its tasks.

    /// The checkpoint's name, such as `model.layers.3.mlp.up_proj.weight`.
    package let name: String
    /// Slowest axis first.
    package let shape: [Int]
    package let count: Int
    package let values: UnsafeMutablePointer<Float>
    /// `[count]`; nil if the parameter is frozen.
    package internal(set) var gradient: UnsafeMutablePointer<Float>?
    /// Where the gradient lies among those of all trained parameters.
    package internal(set) var gradientOffset = 0
    private var hasGradient = false
    private let buffer: AlignedBuffer

    /// - Throws: ``TensorError`` if memory runs out.
    init(name: String, shape: [Int]) throws(TensorError) {
        self.name = name
        self.shape = shape
        count = shape.reduce(1, *)
        // Kernels may read a panel's width behind the end.
        buffer = try .floats(count + 64)
        values = buffer.floats
    }

    package var isTrained: Bool { gradient != nil }
    package var rows: Int { shape.count > 1 ? shape[0] : 1 }
    package var columns: Int { shape.count > 1 ? count / shape[0] : count }

    /// The values as a matrix; a vector is one row.
    package var matrix: MatrixView {
        MatrixView(UnsafeMutableRawPointer(values), rows: rows, columns: columns)
    }

    /// The gradient as a matrix, and whether to add to it: the first to write it in a step does not.
    package func beginGradient() -> (matrix: MatrixView, accumulate: Bool)? {
        guard let gradient else { return nil }
        defer { hasGradient = true }
        return (
            MatrixView(UnsafeMutableRawPointer(gradient), rows: rows, columns: columns),
            hasGradient
        )
    }

    /// The gradient of the next step begins from nothing.
    package func forgetGradient() { hasGradient = false }
}

/// The parameters of a model by name, in the order in which the model asked for them.
package final class ParameterStore: @unchecked Sendable {
    // Safety: as ``Parameter``.
    package private(set) var parameters: [Parameter] = []
    private var byName: [String: Parameter] = [:]
    private var gradients: AlignedBuffer?
    /// Elements of all gradients, with what lies between them.
    package private(set) var gradientCount = 0

    package init() {}

    package func find(_ name: String) -> Parameter? { byName[name] }

    /// The parameter of a name, made of zeros if there is none yet.
    /// - Throws: ``TensorError`` if it has another shape, or memory runs out.
    package func parameter(_ name: String, shape: [Int]) throws(TensorError) -> Parameter {
        if let known = byName[name] {
            guard known.shape == shape else {
                throw TensorError("\(name) has the shape \(known.shape), not \(shape)")
            }
            return known
        }
        let parameter = try Parameter(name: name, shape: shape)
        parameters.append(parameter)
        byName[name] = parameter
        return parameter
    }

    /// Decides which parameters are trained and makes one block of memory for their gradients.
    /// - Throws: ``TensorError`` if memory runs out.
    package func train(_ isTrained: (Parameter) -> Bool) throws(TensorError) {
        gradients = nil
        var offset = 0
        var trained: [Parameter] = []
        for parameter in parameters {
            parameter.gradient = nil
            guard isTrained(parameter) else { continue }
            parameter.gradientOffset = offset
            offset += (parameter.count + 15) / 16 * 16
            trained.append(parameter)
        }
        gradientCount = offset
        guard offset > 0 else { return }
        let buffer = try AlignedBuffer.floats(offset)
        for parameter in trained {
            parameter.gradient = buffer.floats + parameter.gradientOffset
            parameter.forgetGradient()
        }
        gradients = buffer
    }

    package var trained: [Parameter] { parameters.filter(\.isTrained) }

    /// All gradients, `[gradientCount]`; what lies between them is zero.
    package var allGradients: UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(start: gradients?.floats, count: gradientCount)
    }

    package func forgetGradients() { for parameter in parameters { parameter.forgetGradient() } }
}

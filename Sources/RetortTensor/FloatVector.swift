// SPDX-License-Identifier: Apache-2.0

import CRetortKernels

extension DType {
    /// Converts `count` stored elements to f32, whole blocks for a quantised type. For loading: the
    /// plain kernels are used.
    package func convert(
        _ out: UnsafeMutablePointer<Float>, from source: UnsafeRawPointer, count: Int
    ) {
        Kernels.available.first?.table.pointee.to_f32(out, source, kernelType, count)
    }
}

extension DType {
    /// Converts f32 to stored elements, whole blocks for a quantised type.
    package func convert(
        _ out: UnsafeMutableRawPointer, from source: UnsafePointer<Float>, count: Int
    ) {
        Kernels.available.first?.table.pointee.from_f32(out, source, kernelType, count)
    }
}

/// A small vector as f32: a norm's weight or a bias.
package final class FloatVector: @unchecked Sendable {
    // Safety: read-only after init; of a parameter, as that says.
    package let base: UnsafePointer<Float>
    package let count: Int
    /// What is trained, if it is.
    package let parameter: Parameter?
    private let owner: any AnyObject & Sendable

    /// Converts stored elements. A quantised type is accepted where whole blocks are given.
    package init(dtype: DType, count: Int, bytes: UnsafeRawBufferPointer) throws(TensorError) {
        guard count > 0, dtype.byteCount(elements: count) == bytes.count,
            let address = bytes.baseAddress
        else {
            throw TensorError(
                "a \(dtype.rawValue) vector of \(count) does not fit \(bytes.count) bytes")
        }
        self.count = count
        let buffer = try AlignedBuffer.floats(count)
        dtype.convert(buffer.floats, from: address, count: count)
        base = UnsafePointer(buffer.floats)
        owner = buffer
        parameter = nil
    }

    /// The values of a parameter, as training changes them.
    package init(_ parameter: Parameter) {
        self.parameter = parameter
        count = parameter.count
        base = UnsafePointer(parameter.values)
        owner = parameter
    }
}

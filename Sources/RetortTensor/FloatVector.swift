// SPDX-License-Identifier: Apache-2.0

import CRetortKernels

/// A small constant vector as f32: a norm's weight or a bias.
package final class FloatVector: @unchecked Sendable {
    // Safety: read-only after init.
    private let buffer: AlignedBuffer
    package let count: Int

    /// Converts stored elements. q8_0 is accepted where whole blocks are given.
    package init(dtype: DType, count: Int, bytes: UnsafeRawBufferPointer) throws(TensorError) {
        guard count > 0, dtype.byteCount(elements: count) == bytes.count,
            let address = bytes.baseAddress
        else {
            throw TensorError(
                "a \(dtype.rawValue) vector of \(count) does not fit \(bytes.count) bytes")
        }
        self.count = count
        buffer = try .floats(count)
        let scalar = Kernels.available.first
        scalar?.table.pointee.to_f32(buffer.floats, address, dtype.kernelType, count)
    }

    package var base: UnsafePointer<Float> { UnsafePointer(buffer.floats) }
}

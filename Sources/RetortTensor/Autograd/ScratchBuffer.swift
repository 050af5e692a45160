// SPDX-License-Identifier: Apache-2.0

/// Memory that grows to the largest size ever asked for and is then reused.
package final class ScratchBuffer {
    private var buffer: AlignedBuffer?

    package init() {}

    package var base: UnsafeMutableRawPointer? { buffer?.base }

    /// At least `byteCount` bytes; what was in them before may be lost.
    /// - Throws: ``TensorError`` if memory runs out.
    package func reserve(byteCount: Int) throws(TensorError) -> UnsafeMutableRawPointer {
        if let buffer, buffer.byteCount >= byteCount { return buffer.base }
        buffer = nil  // the old memory goes back first
        let larger = try AlignedBuffer(byteCount: byteCount)
        buffer = larger
        return larger.base
    }

    package func floats(_ count: Int) throws(TensorError) -> UnsafeMutablePointer<Float> {
        try reserve(byteCount: 4 * count).assumingMemoryBound(to: Float.self)
    }
}

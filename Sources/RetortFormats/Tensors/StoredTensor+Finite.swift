// SPDX-License-Identifier: Apache-2.0
//
// Finds NaN and infinity at the speed of memory: a number is neither finite when all its exponent
// bits are set, which is one mask and one comparison for a whole vector.

import RetortTensor

extension StoredTensor {
    /// The index of the first NaN or infinity (q8_0: of the first element of a block whose scale is
    /// one), or nil if all are finite.
    public func firstNonFinite() -> Int? {
        FiniteScan.first(in: bytes, dtype: dtype)
    }
}

enum FiniteScan {
    /// The index of the first element that is not finite.
    static func first(in bytes: UnsafeRawBufferPointer, dtype: DType) -> Int? {
        switch dtype {
        case .f32: return first(in: bytes, mask: SIMD16<UInt32>(repeating: 0x7F80_0000))
        case .f16: return first(in: bytes, mask: SIMD32<UInt16>(repeating: 0x7C00))
        case .bf16: return first(in: bytes, mask: SIMD32<UInt16>(repeating: 0x7F80))
        case .q8_0:
            return firstScale(in: bytes, stride: dtype.blockBytes).map { $0 * dtype.blockSize }
        }
    }

    /// The index of the first element with every bit of `mask` set.
    @inline(__always)
    static func first<Vector: SIMD>(in bytes: UnsafeRawBufferPointer, mask: Vector) -> Int?
    where Vector.Scalar: FixedWidthInteger & BitwiseCopyable, Vector: BitwiseCopyable {
        let width = MemoryLayout<Vector>.size
        let size = MemoryLayout<Vector.Scalar>.size
        let element = mask[0]
        func search(_ range: Range<Int>) -> Int? {
            for offset in stride(from: range.lowerBound, to: range.upperBound, by: size)
            where bytes.loadUnaligned(fromByteOffset: offset, as: Vector.Scalar.self) & element
                == element
            {
                return offset / size
            }
            return nil
        }
        // Looks at the verdict once in four vectors.
        let whole = bytes.count / (4 * width) * (4 * width)
        for start in stride(from: 0, to: whole, by: 4 * width) {
            let a = bytes.loadUnaligned(fromByteOffset: start, as: Vector.self) & mask
            let b = bytes.loadUnaligned(fromByteOffset: start + width, as: Vector.self) & mask
            let c = bytes.loadUnaligned(fromByteOffset: start + 2 * width, as: Vector.self) & mask
            let d = bytes.loadUnaligned(fromByteOffset: start + 3 * width, as: Vector.self) & mask
            if any((a .== mask) .| (b .== mask) .| (c .== mask) .| (d .== mask)) {
                return search(start..<start + 4 * width)
            }
        }
        return search(whole..<bytes.count / size * size)
    }

    /// The index of the first block whose f16 scale, its first two bytes, is not finite.
    static func firstScale(in bytes: UnsafeRawBufferPointer, stride blockBytes: Int) -> Int? {
        for block in 0..<bytes.count / blockBytes {
            let scale = bytes.loadUnaligned(fromByteOffset: block * blockBytes, as: UInt16.self)
            if scale & 0x7C00 == 0x7C00 { return block }
        }
        return nil
    }
}

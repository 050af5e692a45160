// SPDX-License-Identifier: Apache-2.0
//
// Finds NaN and infinity at the speed of memory. A number is neither finite when all its exponent
// bits are set: adding 1 to the exponent then carries into the sign bit, which is cleared before.
// Lanes of 64 bits do that for two or four numbers without a carry between them.

import RetortTensor

extension StoredTensor {
    /// The index of the first NaN or infinity (of a quantised
    /// type: of the first element of a block that has such a scale), or nil if all are finite.
    public func firstNonFinite() -> Int? {
        FiniteScan.first(in: bytes, dtype: dtype)
    }
}

enum FiniteScan {
    /// The index of the first element that is not finite.
    static func first(in bytes: UnsafeRawBufferPointer, dtype: DType) -> Int? {
        switch dtype {
        case .f32:
            return first(
                in: bytes, exponent: 0x7F80_0000_7F80_0000, one: 0x0080_0000_0080_0000, size: 4)
        case .f16:
            return first(
                in: bytes, exponent: 0x7C00_7C00_7C00_7C00, one: 0x0400_0400_0400_0400, size: 2)
        case .bf16:
            return first(
                in: bytes, exponent: 0x7F80_7F80_7F80_7F80, one: 0x0080_0080_0080_0080, size: 2)
        case .f8e4m3:
            // Only the number with all bits but the sign set is NaN, and none is infinity.
            return first(
                in: bytes, exponent: 0x7F7F_7F7F_7F7F_7F7F, one: 0x0101_0101_0101_0101, size: 1)
        case .q8_0, .q4_0:
            return firstScale(in: bytes, dtype, offsets: [0])
        case .q4_k, .q5_k:
            return firstScale(in: bytes, dtype, offsets: [0, 2])
        case .q6_k:
            return firstScale(in: bytes, dtype, offsets: [208])
        }
    }

    /// - Parameters:
    ///   - exponent: The exponent bits of each lane.
    ///   - one: The lowest of them.
    ///   - size: Bytes of an element.
    private static func first(
        in bytes: UnsafeRawBufferPointer, exponent: UInt64, one: UInt64, size: Int
    ) -> Int? {
        guard let base = bytes.baseAddress else { return nil }
        let signs = (exponent &+ one) & ~exponent
        let block = 4096
        let whole = bytes.count / block * block
        for start in stride(from: 0, to: whole, by: block) {
            var carries: UInt64 = 0
            for word in 0..<block / 8 {
                let lanes = (base + start).loadUnaligned(fromByteOffset: 8 * word, as: UInt64.self)
                carries |= (lanes & exponent) &+ one
            }
            if carries & signs != 0 {
                return search(bytes, start..<start + block, exponent, size)
            }
        }
        return search(bytes, whole..<bytes.count / size * size, exponent, size)
    }

    private static func search(
        _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ exponent: UInt64, _ size: Int
    ) -> Int? {
        for offset in stride(from: range.lowerBound, to: range.upperBound, by: size) {
            let mask = exponent >> (64 - 8 * UInt64(size))
            var element: UInt64 = 0
            for byte in 0..<size { element |= UInt64(bytes[offset + byte]) << (8 * UInt64(byte)) }
            if element & mask == mask { return offset / size }
        }
        return nil
    }

    /// The first element of the first block that has an f16 scale, at one of the offsets, that is
    /// not finite.
    private static func firstScale(
        in bytes: UnsafeRawBufferPointer, _ dtype: DType, offsets: [Int]
    ) -> Int? {
        var first: Int?
        for offset in offsets {
            for block in 0..<bytes.count / dtype.blockBytes {
                let scale = bytes.loadUnaligned(
                    fromByteOffset: block * dtype.blockBytes + offset, as: UInt16.self)
                guard scale & 0x7C00 == 0x7C00 else { continue }
                first = min(first ?? block, block)
                break
            }
        }
        return first.map { $0 * dtype.blockSize }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// q5_0 is what llama.cpp writes into a Q4_K_M file where rows do not fill blocks of 256, as in DeepSeek
// V2-Lite's experts. Its elements are d · (q − 16) with 5 bits q: q8_0 holds them exactly.

import RetortTensor

enum Q5Blocks {
    /// f16 d, 32 fifth bits, 16 bytes of nibbles: the low ones are elements 0 … 15 (ggml).
    private static let bytes = 22

    /// A tensor of q5_0 as q8_0, in memory of its own.
    static func asQ8(
        _ source: UnsafeRawBufferPointer, name: String, shape: [Int], path: String
    ) -> StoredTensor {
        let (blocks, size) = (source.count / bytes, DType.q8_0.blockBytes)
        let target = UnsafeMutableRawBufferPointer.allocate(
            byteCount: blocks * size, alignment: 16)
        for block in 0..<blocks {
            let from = block * bytes
            let to = block * size
            target[to] = source[from]
            target[to + 1] = source[from + 1]
            let fifth = UInt32(
                littleEndian: source.loadUnaligned(fromByteOffset: from + 2, as: UInt32.self))
            for index in 0..<16 {
                let nibbles = source[from + 6 + index]
                let low = nibbles & 15 | UInt8(truncatingIfNeeded: fifth >> UInt32(index)) << 4 & 16
                let high =
                    nibbles >> 4 | UInt8(truncatingIfNeeded: fifth >> UInt32(index + 16)) << 4 & 16
                target[to + 2 + index] = low &- 16
                target[to + 18 + index] = high &- 16
            }
        }
        let file = MappedFile(adopting: target, name: path)
        return StoredTensor(
            name: name, dtype: .q8_0, shape: shape, file: file, range: 0..<target.count)
    }
}

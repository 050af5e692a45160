// SPDX-License-Identifier: Apache-2.0
//
// The element types of tensors, in files and in memory. A new quantised type starts here.

/// How the elements of a tensor are stored.
public enum DType: String, Sendable, CaseIterable {
    case f32, f16, bf16
    /// A byte of sign, 4 bits of exponent and 3 of mantissa; no infinity (OCP 8-bit float e4m3fn).
    case f8e4m3 = "f8_e4m3"
    /// Blocks of 32 elements: an f16 scale `d`, then 32 signed bytes `q`; element = d · q (ggml).
    case q8_0
    /// Blocks of 32: an f16 scale `d`, then nibbles `q`; element = d · (q − 8) (ggml).
    case q4_0
    /// Blocks of 256: f16 `d` and `m`; for each 32 elements a 6-bit scale `s` and minimum `t`, and 4
    /// or 5 bits `q` an element; element = d · s · q − m · t (ggml).
    case q4_k, q5_k
    /// Blocks of 256: an f16 `d`, for each 16 elements a signed byte `s`, 6 bits `q` an element;
    /// element = d · s · (q − 32) (ggml).
    case q6_k

    /// Elements per block: the smallest unit that can be stored, along the last axis.
    public var blockSize: Int {
        switch self {
        case .f32, .f16, .bf16, .f8e4m3: return 1
        case .q8_0, .q4_0: return 32
        case .q4_k, .q5_k, .q6_k: return 256
        }
    }

    /// Bytes per block.
    public var blockBytes: Int {
        switch self {
        case .f32: return 4
        case .f16, .bf16: return 2
        case .f8e4m3: return 1
        case .q8_0: return 34
        case .q4_0: return 18
        case .q4_k: return 144
        case .q5_k: return 176
        case .q6_k: return 210
        }
    }

    public var isQuantized: Bool { blockSize > 1 }

    /// Bytes of `count` elements, or nil if they do not fill whole blocks or the size overflows.
    public func byteCount(elements count: Int) -> Int? {
        guard count >= 0, count % blockSize == 0 else { return nil }
        let (bytes, overflow) = (count / blockSize).multipliedReportingOverflow(by: blockBytes)
        return overflow ? nil : bytes
    }
}

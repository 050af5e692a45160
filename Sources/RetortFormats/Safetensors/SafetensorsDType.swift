// SPDX-License-Identifier: Apache-2.0

import RetortTensor

/// The element types that a safetensors header can name (safetensors 0.8), with their bits.
enum SafetensorsDType: String, CaseIterable {
    case BOOL, F4, F6_E2M3, F6_E3M2, U8, I8, F8_E5M2, F8_E4M3, F8_E8M0, F8_E4M3FNUZ, F8_E5M2FNUZ
    case I16, U16, F16, BF16, I32, U32, F32, C64, F64, I64, U64

    var bits: Int {
        switch self {
        case .F4: return 4
        case .F6_E2M3, .F6_E3M2: return 6
        case .BOOL, .U8, .I8, .F8_E5M2, .F8_E4M3, .F8_E8M0, .F8_E4M3FNUZ, .F8_E5M2FNUZ: return 8
        case .I16, .U16, .F16, .BF16: return 16
        case .I32, .U32, .F32: return 32
        case .C64, .F64, .I64, .U64: return 64
        }
    }

    /// The type for computing, nil where there is none.
    var dtype: DType? {
        switch self {
        case .F32: return .f32
        case .F16: return .f16
        case .BF16: return .bf16
        case .F8_E4M3: return .f8e4m3
        default: return nil
        }
    }

    /// The header's name of a type; nil for one that safetensors does not know.
    init?(_ dtype: DType) {
        switch dtype {
        case .f32: self = .F32
        case .f16: self = .F16
        case .bf16: self = .BF16
        case .f8e4m3: self = .F8_E4M3
        case .q8_0, .q4_0, .q4_k, .q5_k, .q6_k: return nil
        }
    }
}

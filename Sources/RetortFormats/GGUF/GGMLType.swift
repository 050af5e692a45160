// SPDX-License-Identifier: Apache-2.0
//
// Every tensor type of ggml (gguf 0.19), so that a file with one that cannot be computed with is
// still checked and listed, and the message names the type.

import RetortTensor

/// A tensor type of a GGUF file.
enum GGMLType: UInt32, CaseIterable {
    case f32 = 0
    case f16 = 1
    case q4_0 = 2
    case q4_1 = 3
    case q5_0 = 6
    case q5_1 = 7
    case q8_0 = 8
    case q8_1 = 9
    case q2_k = 10
    case q3_k = 11
    case q4_k = 12
    case q5_k = 13
    case q6_k = 14
    case q8_k = 15
    case iq2_xxs = 16
    case iq2_xs = 17
    case iq3_xxs = 18
    case iq1_s = 19
    case iq4_nl = 20
    case iq3_s = 21
    case iq2_s = 22
    case iq4_xs = 23
    case i8 = 24
    case i16 = 25
    case i32 = 26
    case i64 = 27
    case f64 = 28
    case iq1_m = 29
    case bf16 = 30
    case tq1_0 = 34
    case tq2_0 = 35
    case mxfp4 = 39
    case nvfp4 = 40
    case q1_0 = 41

    var name: String { "\(self)" }

    /// Elements and bytes of a block.
    var block: (elements: Int, bytes: Int) {
        switch self {
        case .f32, .i32: return (1, 4)
        case .f16, .bf16, .i16: return (1, 2)
        case .i8: return (1, 1)
        case .i64, .f64: return (1, 8)
        case .q4_0, .iq4_nl: return (32, 18)
        case .q4_1: return (32, 20)
        case .q5_0: return (32, 22)
        case .q5_1: return (32, 24)
        case .q8_0: return (32, 34)
        case .q8_1: return (32, 40)
        case .mxfp4: return (32, 17)
        case .nvfp4: return (64, 36)
        case .q1_0: return (128, 18)
        case .q2_k: return (256, 84)
        case .q3_k, .iq3_s: return (256, 110)
        case .q4_k: return (256, 144)
        case .q5_k: return (256, 176)
        case .q6_k: return (256, 210)
        case .q8_k: return (256, 292)
        case .iq2_xxs, .tq2_0: return (256, 66)
        case .iq2_xs: return (256, 74)
        case .iq2_s: return (256, 82)
        case .iq3_xxs: return (256, 98)
        case .iq1_s: return (256, 50)
        case .iq1_m: return (256, 56)
        case .iq4_xs: return (256, 136)
        case .tq1_0: return (256, 54)
        }
    }

    /// The type for computing, nil where there is none.
    var dtype: DType? {
        switch self {
        case .f32: return .f32
        case .f16: return .f16
        case .bf16: return .bf16
        case .q8_0: return .q8_0
        case .q4_0: return .q4_0
        case .q4_k: return .q4_k
        case .q5_k: return .q5_k
        case .q6_k: return .q6_k
        default: return nil
        }
    }

    /// GGUF's name of a type; nil for one that it does not know.
    init?(_ dtype: DType) {
        switch dtype {
        case .f32: self = .f32
        case .f16: self = .f16
        case .bf16: self = .bf16
        case .q8_0: self = .q8_0
        case .q4_0: self = .q4_0
        case .q4_k: self = .q4_k
        case .q5_k: self = .q5_k
        case .q6_k: self = .q6_k
        case .f8e4m3: return nil
        }
    }

    /// The types that can be written, for messages.
    static var writable: String {
        DType.allCases.filter { GGMLType($0) != nil }.map(\.rawValue).joined(separator: ", ")
    }

    /// The types that can be computed with, as they are or as another one, for messages.
    static var readable: String { writable + ", q5_0" }
}

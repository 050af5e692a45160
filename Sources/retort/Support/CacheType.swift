// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortTensor

/// The argument of `--cache-type`.
enum CacheType: String, ExpressibleByArgument, CaseIterable {
    case f32, f16, bf16
    case q8_0

    var dtype: DType {
        switch self {
        case .f32: return .f32
        case .f16: return .f16
        case .bf16: return .bf16
        case .q8_0: return .q8_0
        }
    }

    static let help: ArgumentHelp =
        "The type of the KV cache: f32, f16, bf16, or q8_0, which takes half the memory of f16."
}

// SPDX-License-Identifier: Apache-2.0

import RetortTensor

/// llama.cpp's mixture "M" of q4_k and q5_k: the output matrix, and the values and down projections
/// of the first and the last eighth of the layers and of every third between them, are q6_k.
package struct QuantMixture {
    let layers: Int
    /// Whether the embedding is the output matrix too.
    let isTied: Bool

    /// Nil for a type that has no mixture.
    package init?(dtype: DType, layers: Int, isTied: Bool) {
        guard dtype == .q4_k || dtype == .q5_k else { return nil }
        self.layers = layers
        self.isTied = isTied
    }

    /// - Parameter name: The tensor's name in GGUF.
    package func deservesMoreBits(_ name: String) -> Bool {
        if name == "output.weight" { return true }
        if name == "token_embd.weight" { return isTied }
        let parts = name.split(separator: ".")
        guard parts.count == 4, parts[0] == "blk", let layer = Int(parts[1]),
            parts[2] == "attn_v" || parts[2].hasPrefix("ffn_down")
        else { return false }
        let eighth = layers / 8
        return layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2
    }
}

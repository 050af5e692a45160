// SPDX-License-Identifier: Apache-2.0
//
// GGUF files of the llama family have the rows of queries and keys reordered within each head, so
// that the elements which are rotated together are neighbours.

/// The row order of a query or key projection.
struct RopePermutation {
    let headDim: Int

    /// The Hugging Face row that row `index` of a GGUF tensor holds: 0, h/2, 1, h/2 + 1, …
    func huggingFaceRow(ofGGUFRow index: Int) -> Int {
        let inHead = index % headDim
        return index - inHead + inHead % 2 * (headDim / 2) + inHead / 2
    }

    /// The inverse.
    func ggufRow(ofHuggingFaceRow index: Int) -> Int {
        let inHead = index % headDim
        let half = headDim / 2
        return index - inHead + 2 * (inHead % half) + inHead / half
    }

    /// Whether the rows of a tensor of this name (Hugging Face's) are reordered.
    static func applies(to name: String) -> Bool {
        ["q_proj.weight", "q_proj.bias", "k_proj.weight", "k_proj.bias"].contains {
            name.hasSuffix(".self_attn.\($0)")
        }
    }
}

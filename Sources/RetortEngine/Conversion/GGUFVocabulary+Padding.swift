// SPDX-License-Identifier: Apache-2.0

import RetortTokenizers

extension GGUFVocabulary {
    /// The vocabulary with unused tokens up to `count`: embeddings are often wider than the
    /// tokenizer, and readers of GGUF take the vocabulary's size from the list of tokens.
    func padded(to count: Int) -> GGUFVocabulary {
        var result = self
        for id in tokens.count..<max(count, tokens.count) {
            result.tokens.append(Array("[PAD\(id)]".utf8))
            result.tokenTypes.append(5)  // unused
            if !scores.isEmpty { result.scores.append(-1000) }
        }
        return result
    }
}

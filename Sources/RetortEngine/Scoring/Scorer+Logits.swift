// SPDX-License-Identifier: Apache-2.0

import RetortFormats
import RetortTensor

extension Scorer {
    /// Scores tokens and writes the logits after each as tensor `logits`, f32 `[tokens, vocabSize]`,
    /// row by row, so that they are never all in memory.
    public func writeLogits(of tokens: [Int32], to path: String, cacheType: DType = .f32) throws
        -> Score
    {
        var score: Score?
        let source = TensorSource(
            name: "logits", dtype: .f32, shape: [tokens.count, model.config.vocabSize]
        ) { sink in
            score = try self.score(tokens, cacheType: cacheType) { row in
                try sink(UnsafeRawBufferPointer(row))
            }
        }
        try SafetensorsWriter.write([source], to: path)
        guard let score else { throw EngineError("the logits were not written to \(path)") }
        return score
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortTokenizers

/// How many bytes of text each token stands for: the measure that makes losses of different
/// vocabularies comparable. Control tokens stand for none.
public struct TokenByteCounts: Sendable {
    private let counts: [Int32]

    public init(_ tokenizer: Tokenizer) {
        counts = (0..<Int32(tokenizer.vocabularySize)).map { id in
            tokenizer.isSpecial(id) ? 0 : Int32(tokenizer.bytes(of: id).count)
        }
    }

    /// Nothing for ids without a token.
    public subscript(id: Int32) -> Int {
        id >= 0 && Int(id) < counts.count ? Int(counts[Int(id)]) : 0
    }

    /// The text that a batch's targets stand for. Control tokens, which are none, do not count: what
    /// it costs to know where a document ends is not of the text.
    /// - Parameter losses: `[tokens]`, of each target.
    /// - Returns: The sum of the losses of text, and its bytes.
    public func text(ofTargetsIn batch: TrainingBatch, losses: UnsafePointer<Float>) -> (
        loss: Double, bytes: Int
    ) {
        var (loss, bytes) = (0.0, 0)
        for (index, target) in batch.targets.enumerated() where self[target] > 0 {
            loss += Double(losses[index])
            bytes += self[target]
        }
        return (loss, bytes)
    }

    /// - Parameters:
    ///   - loss: Cross entropy, summed over the text's tokens, in nats.
    ///   - bytes: Of the targets' text.
    /// - Returns: Bits per byte; NaN without a byte.
    public static func bitsPerByte(loss: Double, bytes: Int) -> Double {
        bytes > 0 ? loss / (Double(bytes) * log(2)) : .nan
    }
}

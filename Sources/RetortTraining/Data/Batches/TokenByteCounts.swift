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

    /// Bytes of the text that a batch's targets stand for.
    public func bytes(ofTargetsIn batch: TrainingBatch) -> Int {
        var total = 0
        for target in batch.targets { total += self[target] }
        return total
    }

    /// - Parameters:
    ///   - loss: Cross entropy, summed over targets, in nats.
    ///   - bytes: Of the targets' text.
    /// - Returns: Bits per byte; NaN without a byte.
    public static func bitsPerByte(loss: Double, bytes: Int) -> Double {
        bytes > 0 ? loss / (Double(bytes) * log(2)) : .nan
    }
}

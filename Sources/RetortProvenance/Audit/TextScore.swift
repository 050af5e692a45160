// SPDX-License-Identifier: Apache-2.0
//
// The numbers by which one text of a set is summed up for dataset inference. Each alone has been
// proposed to tell whether a text was trained on; none can, on text by text, which is why nothing here
// says it.

import Foundation

/// What a model says of a text: the input of dataset inference.
public struct TextScore: Sendable {
    /// Log-probability of each token but the first, with what was expected there.
    public var tokens: [VocabularyMoments]
    /// Mean log-probability of the tokens of the text in lower case.
    public var lowercaseMean: Double
    /// The text's size packed (``TextTraits/packedBits``).
    public var traits: TextTraits

    /// - Throws: ``ProvenanceError`` for a text of fewer than two tokens or numbers that are not
    ///   finite.
    public init(tokens: [VocabularyMoments], lowercaseMean: Double, traits: TextTraits)
        throws(ProvenanceError)
    {
        guard !tokens.isEmpty, lowercaseMean.isFinite,
            tokens.allSatisfy({ $0.logProbability.isFinite && $0.mean.isFinite })
        else {
            throw ProvenanceError(
                "a text of \(tokens.count + 1) tokens, or with numbers that are not finite",
                expected: "two tokens or more, finite")
        }
        self.tokens = tokens
        self.lowercaseMean = lowercaseMean
        self.traits = traits
    }

    /// Shares of the least likely tokens.
    static let shares = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5]

    /// Mean log-probability; the same against that in lower case and against the packed size;
    /// Min-K% (Shi et al. 2023, arXiv:2310.16789) and Min-K%++ (Zhang et al. 2024, arXiv:2404.02936)
    /// for each of the shares; perplexity.
    package var features: [Double] {
        let logs = tokens.map(\.logProbability)
        let mean = logs.reduce(0, +) / Double(logs.count)
        let sorted = logs.sorted()
        let normalized = tokens.map {
            // Where the model expects one token alone, there is nothing to be surprised by.
            $0.deviation > 1e-9 ? ($0.logProbability - $0.mean) / $0.deviation : 0
        }.sorted()
        return [
            mean, exp(min(-mean, 50)), mean - lowercaseMean,
            lowercaseMean == 0 ? 0 : mean / lowercaseMean,
            mean * Double(logs.count) / max(1, traits.packedBits),
        ] + Self.shares.map { Self.least($0, of: sorted) }
            + Self.shares.map { Self.least($0, of: normalized) }
    }

    /// The mean of the least share, of one value at least.
    static func least(_ share: Double, of sorted: [Double]) -> Double {
        let count = max(1, Int(share * Double(sorted.count)))
        return sorted[..<count].reduce(0, +) / Double(count)
    }
}

/// What can be said of a text without any model: where this tells two sets of texts apart, they
/// are not drawn alike.
public struct TextTraits: Sendable, Equatable {
    public let bytes: Int
    public let words: Int
    /// Bits that an LZ77 parse of the text takes, each of its parts in an ideal code: what zlib's
    /// size stands for in the literature.
    public let packedBits: Double
    let upperShare: Double
    let digitShare: Double

    public init(_ text: String) {
        let utf8 = Array(text.utf8)
        bytes = utf8.count
        words = NormalizedWords.hashes(of: text).count
        packedBits = PackedSize.bits(utf8)
        let most = Double(max(1, utf8.count))
        upperShare = Double(utf8.count { (0x41...0x5A).contains($0) }) / most
        digitShare = Double(utf8.count { (0x30...0x39).contains($0) }) / most
    }

    package var features: [Double] {
        [
            log(Double(bytes + 1)), Double(words) / Double(max(1, bytes)),
            packedBits / Double(max(1, bytes)), upperShare, digitShare,
        ]
    }
}

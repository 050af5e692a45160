// SPDX-License-Identifier: Apache-2.0
//
// Canaries (Carlini et al. 2019, arXiv:1802.08232): random secrets in a fixed sentence. The
// references are drawn with them and never used, so that a model that has not seen the canaries
// cannot tell the two apart, whatever else it knows.

/// Sentences to plant, and sentences that stay unused to compare them with.
public struct CanaryPlan: Codable, Sendable, Equatable {
    /// A sentence to plant.
    public struct Canary: Codable, Sendable, Equatable {
        public var text: String
        /// How often it is planted; 0 for a control that is not.
        public var repetitions: Int
    }

    /// The place of the secret in a sentence.
    public static let slot = "{secret}"
    public static let digits = "0123456789"

    public let sentence: String
    public let alphabet: String
    public let secretLength: Int
    public let canaries: [Canary]
    /// Never planted, never shown.
    public let references: [String]

    /// Draws the secrets, all different, from a generator that is no secret-keeper: where a model's
    /// owner must not guess them, give a seed from a source of true randomness and keep the plan.
    /// - Parameters:
    ///   - sentence: With `{secret}` once; canary and references differ in nothing else.
    ///   - alphabet: Characters of the secrets, each as likely.
    ///   - repetitions: Of each canary, such as 0, 1, 10, 100, 1000.
    ///   - references: Their number bounds the p-value: 1 / (references + 1).
    /// - Throws: ``ProvenanceError`` for a sentence without one slot, fewer than two different
    ///   characters, or fewer possible secrets than twice as many as are needed.
    public init(
        sentence: String, alphabet: String = CanaryPlan.digits, secretLength: Int = 12,
        repetitions: [Int], references: Int, seed: UInt64
    ) throws(ProvenanceError) {
        let parts = sentence.split(separator: Self.slot, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            throw ProvenanceError(
                "a sentence with \(parts.count - 1) places for a secret",
                expected: "one \(Self.slot)")
        }
        let letters = Array(alphabet)
        guard letters.count >= 2, Set(letters).count == letters.count, secretLength >= 1,
            references >= 1, repetitions.allSatisfy({ $0 >= 0 })
        else {
            throw ProvenanceError(
                "\(letters.count) characters, secrets of \(secretLength), \(references) references",
                expected: "2 or more different characters, 1 or more of the others, "
                    + "repetitions of 0 or more")
        }
        var possible = 1.0
        for _ in 0..<secretLength { possible *= Double(letters.count) }
        let needed = repetitions.count + references
        guard possible >= 2 * Double(needed) else {
            throw ProvenanceError(
                "\(needed) secrets of \(possible) possible ones",
                expected: "at most half of them", advice: "use longer secrets")
        }
        var random = SplitMix(seed: seed)
        var seen: Set<String> = []
        var texts: [String] = []
        while texts.count < needed {
            let secret = String(
                (0..<secretLength).map { _ in
                    letters[Int.random(in: letters.indices, using: &random)]
                })
            if seen.insert(secret).inserted { texts.append(parts[0] + secret + parts[1]) }
        }
        self.sentence = sentence
        self.alphabet = alphabet
        self.secretLength = secretLength
        canaries = zip(texts, repetitions).map { Canary(text: $0, repetitions: $1) }
        self.references = Array(texts[repetitions.count...])
    }

    /// Every sentence to plant as often as it is to be planted, in an order drawn from the seed.
    public func plantings(seed: UInt64) -> [String] {
        var random = SplitMix(seed: seed)
        return canaries.flatMap { Array(repeating: $0.text, count: max(0, $0.repetitions)) }
            .shuffled(using: &random)
    }

    /// How exposed each canary is in a model.
    /// - Parameter score: The log-probability of a sentence; called once for each.
    /// - Throws: ``ProvenanceError`` for scores that are not numbers; what `score` throws.
    public func measure(score: (String) throws -> Double) throws -> CanaryReport {
        try CanaryReport(
            repetitions: canaries.map(\.repetitions),
            canaries: canaries.map { try score($0.text) }, references: references.map(score))
    }
}

// SPDX-License-Identifier: Apache-2.0

/// How much of a work can be extracted.
public struct ExtractionReport: Codable, Sendable, Equatable {
    /// A place in the work; never its text.
    public struct Window: Codable, Sendable, Equatable {
        /// The first token of the prefix.
        public var start: Int
        public var chance: ExtractionChance
        /// Whether greedy decoding writes the suffix.
        public var isGreedy: Bool
    }

    /// The part of the work that windows cover.
    public struct Coverage: Codable, Sendable, Equatable {
        /// p_z or more; nil for greedy decoding.
        public var threshold: Double?
        public var windows: Int
        /// Of the characters that are in any suffix (of the tokens where no characters were given).
        public var share: Double
    }

    /// Windows that are written within so many tries with such a chance: (n, p)-discoverable.
    public struct Discoverable: Codable, Sendable, Equatable {
        public var tries: Int
        public var chance: Double
        public var windows: Int
    }

    public var name: String
    /// Whether the model cannot have seen the work.
    public var isControl: Bool
    public var audit: ExtractionAudit
    public var tokens: Int
    public var windows: Int
    public var greedy: Coverage
    /// One for each of the audit's thresholds.
    public var coverage: [Coverage]
    public var discoverable: [Discoverable]
    /// The most extractable windows.
    public var likeliest: [Window]
}

extension ExtractionChance: Codable {
    private enum CodingKeys: String, CodingKey { case logProbability, probability }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            logarithm: try values.decodeIfPresent(Double.self, forKey: .logProbability)
                ?? -.infinity)
    }

    /// JSON has no infinity: a suffix that cannot be written has no logarithm.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encodeIfPresent(
            logarithm.isFinite ? logarithm : nil, forKey: .logProbability)
        try values.encode(value, forKey: .probability)
    }
}

// SPDX-License-Identifier: Apache-2.0

/// How answers become a dataset.
public struct DatasetOptions: Sendable {
    /// Which correct answers to a prompt are kept.
    public enum Keep: String, Sendable, CaseIterable {
        /// Those that were asked for first.
        case first
        /// Those with the fewest tokens.
        case shortest
        case all
    }

    /// Where passages of evaluation sets are looked for.
    public enum ContaminationScope: String, Sendable, CaseIterable {
        case prompt
        case promptAndReply = "prompt_and_reply"
    }

    public var keep: Keep
    /// Answers per prompt at most; nil is 1 for `first` and `shortest`, no limit for `all`.
    public var maximumPerPrompt: Int?
    /// Whether answers without a thought are left out.
    public var requiresReasoning: Bool
    /// From which similarity on (0.5 to 1) a reply is a near-duplicate; nil keeps all.
    public var duplicateThreshold: Double?
    /// Words of a shingle.
    public var shingleLength: Int
    public var contamination: ContaminationIndex?
    public var contaminationScope: ContaminationScope
    public var licence: LicenceVerdict
    /// For the card.
    public var name: String
    /// Verifiers at the same time.
    public var concurrency: Int

    public init(
        name: String, keep: Keep = .first, maximumPerPrompt: Int? = nil,
        requiresReasoning: Bool = false, duplicateThreshold: Double? = 0.8, shingleLength: Int = 5,
        contamination: ContaminationIndex? = nil, contaminationScope: ContaminationScope = .prompt,
        licence: LicenceVerdict = .unknown, concurrency: Int = 4
    ) {
        self.name = name
        self.keep = keep
        self.maximumPerPrompt = maximumPerPrompt
        self.requiresReasoning = requiresReasoning
        self.duplicateThreshold = duplicateThreshold
        self.shingleLength = shingleLength
        self.contamination = contamination
        self.contaminationScope = contaminationScope
        self.licence = licence
        self.concurrency = concurrency
    }

    /// The limit that counts.
    var limit: Int { maximumPerPrompt ?? (keep == .all ? .max : 1) }

    func check() throws(DistillationError) {
        func wrong(_ reason: String) -> DistillationError {
            DistillationError(.invalidInput, reason)
        }
        if let maximumPerPrompt, maximumPerPrompt < 1 {
            throw wrong("answers per prompt are at most \(maximumPerPrompt); expected 1 or more")
        }
        if let duplicateThreshold, !(0.5...1).contains(duplicateThreshold) {
            throw wrong(
                "the threshold of near-duplicates is \(duplicateThreshold); expected 0.5 to 1")
        }
        guard (1...64).contains(shingleLength) else {
            throw wrong("shingles have \(shingleLength) words; expected 1 to 64")
        }
    }
}

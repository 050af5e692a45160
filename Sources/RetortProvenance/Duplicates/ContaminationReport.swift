// SPDX-License-Identifier: Apache-2.0

/// How evaluation sets are looked for in a corpus.
public struct ContaminationSettings: Codable, Sendable, Equatable {
    /// Words of a run that counts as shared: 13 in GPT-3's analysis (Brown et al. 2020, appendix C).
    public var gramWords = 13
    /// Items of fewer words are not looked for; those of more, but fewer than a run, are as a whole.
    public var leastWords = 5
    /// A run that more items of the evaluation sets have is their template, and tells nothing.
    public var mostItemsOfGram = 50
    /// The share from which an item counts as contaminated.
    public var contaminatedShare = 0.5
    /// Documents that the report names for each item.
    public var sourcesPerItem = 5

    public init() {}
}

/// An item of an evaluation set.
public struct ContaminationItem: Sendable, Equatable {
    public var set: String
    public var id: String
    public var text: String

    public init(set: String, id: String, text: String) {
        self.set = set
        self.id = id
        self.text = text
    }
}

/// What of an item a corpus has.
public struct ContaminatedItem: Codable, Sendable, Equatable {
    public struct Source: Codable, Sendable, Equatable {
        public var name: String
        /// Words of the item that the document shares in long enough runs.
        public var words: Int
    }

    public var set: String
    public var id: String
    /// Words of the item that could be found: those of a run that is no template.
    public var words: Int
    /// Words found, in any document.
    public var wordsFound: Int
    /// wordsFound / words.
    public var share: Double
    /// Words of the longest stretch that one document has.
    public var longestRun: Int
    /// Documents that share a run with it.
    public var documents: Int
    /// Those that share most; of several, the first.
    public var sources: [Source]
}

/// What of evaluation sets a corpus has.
public struct ContaminationReport: Codable, Sendable, Equatable {
    public struct SetSummary: Codable, Sendable, Equatable {
        public var set: String
        public var items: Int
        /// Items with too few words to be looked for, or with no words but a template's.
        public var itemsNotTested: Int
        /// Items that share a run with the corpus.
        public var itemsTouched: Int
        /// Items whose share is at least the settings' contaminatedShare.
        public var itemsContaminated: Int
    }

    public var settings: ContaminationSettings
    public var documents: Int
    public var bytes: Int
    /// Runs that are a template of the evaluation sets, left out.
    public var templateGrams: Int
    public var sets: [SetSummary]
    /// The touched ones, in the order in which they were given.
    public var items: [ContaminatedItem]

    /// The report as JSON, its keys in snake case and in order.
    /// - Throws: ``ProvenanceError``
    public func json() throws(ProvenanceError) -> String { try ReportJSON.text(of: self) }
}

// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// Something that has a content: what a model is made of, or what was made.
public struct Artefact: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        /// What somebody has rights in: a book, a page, a document.
        case work
        /// A file of samples.
        case shard
        /// Shards that belong together.
        case dataset
        case tokenizer
        /// Training, a collection, a conversion: what turned some artefacts into others.
        case run
        case checkpoint
        case model
        case report
    }

    public var hash: ContentHash
    public var kind: Kind
    public var name: String
    /// Bytes; nil where it was not counted, and for runs.
    public var size: Int?
    /// When it was recorded, in seconds since 1970.
    public var created: Double
    /// Where it was seen last. Never leaves the ledger.
    public var path: String?
    /// ``RightsSource/id`` of where it came from; nil if it was made from others.
    public var source: ContentHash?
    /// The hash of the normalised text, for works.
    public var textHash: ContentHash?
    public var details: JSONObject

    public init(
        hash: ContentHash, kind: Kind, name: String, size: Int? = nil, created: Double,
        path: String? = nil, source: ContentHash? = nil, textHash: ContentHash? = nil,
        details: JSONObject = JSONObject()
    ) {
        self.hash = hash
        self.kind = kind
        self.name = name
        self.size = size
        self.created = created
        self.path = path
        self.source = source
        self.textHash = textHash
        self.details = details
    }
}

/// How one artefact came from another.
public struct Derivation: Sendable, Hashable, RawRepresentable, CustomStringConvertible {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public var description: String { rawValue }

    /// A work in a shard, a shard in a dataset.
    public static let contained = Derivation(rawValue: "contained")
    /// A shard of another: the edge's details say what was left out and why.
    public static let filtered = Derivation(rawValue: "filtered")
    public static let deduplicated = Derivation(rawValue: "deduplicated")
    /// What a program read, to make something else of it.
    public static let transformed = Derivation(rawValue: "transformed")
    public static let converted = Derivation(rawValue: "converted")
    /// Prompts, and the answers to them.
    public static let prompted = Derivation(rawValue: "prompted")
    /// A model, and what it wrote.
    public static let generated = Derivation(rawValue: "generated")
    public static let trainedOn = Derivation(rawValue: "trained-on")
    public static let validatedOn = Derivation(rawValue: "validated-on")
    public static let tokenizedWith = Derivation(rawValue: "tokenized-with")
    /// The model that a run began from.
    public static let initialisedFrom = Derivation(rawValue: "initialised-from")
    /// The model that a run's student learned from.
    public static let taughtBy = Derivation(rawValue: "taught-by")
    /// A run, and what it made.
    public static let produced = Derivation(rawValue: "produced")
    public static let evaluated = Derivation(rawValue: "evaluated")
}

/// That one artefact came from another.
public struct Edge: Sendable, Equatable {
    public var from: ContentHash
    public var to: ContentHash
    public var how: Derivation
    /// Of a work in a shard: where it came from by that way, ``RightsSource/id``. The same text may have
    /// come from elsewhere into another shard.
    public var source: ContentHash?
    public var details: JSONObject

    public init(
        from: ContentHash, to: ContentHash, how: Derivation, source: ContentHash? = nil,
        details: JSONObject = JSONObject()
    ) {
        self.from = from
        self.to = to
        self.how = how
        self.source = source
        self.details = details
    }

    /// Which samples of a shard are a work's, if it was said.
    public var records: RecordRanges? { details["records"].flatMap { RecordRanges($0) } }
}

// SPDX-License-Identifier: Apache-2.0

/// Two documents that nearly repeat each other.
public struct DuplicatePair: Codable, Sendable, Equatable {
    /// The one that was read first.
    public var first: String
    public var second: String
    /// The Jaccard index of their sets of shingles, exact.
    public var similarity: Double
}

/// Documents that are joined by pairs.
public struct DuplicateCluster: Codable, Sendable, Equatable {
    public var keep: String
    public var remove: [String]
    /// What the documents call themselves, by what the report calls them; of those that do.
    public var names: [String: String]?
    /// Of the documents to remove.
    public var removableBytes: Int
}

/// What a corpus repeats.
public struct DuplicateReport: Codable, Sendable, Equatable {
    public var settings: DuplicateSettings
    public var documents: Int
    /// Bytes of text.
    public var bytes: Int
    /// They have nothing to compare and are no duplicates.
    public var documentsWithoutWords: Int
    /// Pairs that share a band.
    public var candidatePairs: Int
    /// Candidates that are as similar as the settings ask.
    public var duplicatePairs: Int
    /// Bands that more documents share than are compared with each other.
    public var crowdedBuckets: Int
    public var removableDocuments: Int
    public var removableBytes: Int
    /// In the order of their first documents.
    public var clusters: [DuplicateCluster]
    /// The first of them, if there are more than the settings let the report name.
    public var pairs: [DuplicatePair]

    /// The report as JSON, its keys in snake case and in order.
    /// - Throws: ``ProvenanceError``
    public func json() throws(ProvenanceError) -> String { try ReportJSON.text(of: self) }
}

// SPDX-License-Identifier: Apache-2.0
//
// What a model was made of, as a value that travels with it. The works of large shards stay in the
// ledger that knows them: their number and the hash of their hashes are said instead.

import RetortJSON

/// An artefact and all that it came from.
public struct Lineage: Sendable, Equatable {
    /// In a model's directory.
    public static let fileName = "provenance.json"
    /// Of a single file, behind its name.
    public static let fileSuffix = ".provenance.json"
    /// Member of a shard's details: how many of its works were left out.
    static let omittedWorks = "works_omitted"
    static let worksHash = "works_sha256"
    /// And under what licences they are, with how many under each.
    static let worksRights = "works_rights"
    /// And of how many a reservation is known.
    static let worksReserved = "works_reserved"

    static let summaryKeys = [omittedWorks, worksHash, worksRights, worksReserved]

    public var root: ContentHash
    /// The root first, then what it came from, the nearest first.
    public var artefacts: [Artefact]
    public var edges: [Edge]
    /// By ``RightsSource/id``.
    public var sources: [ContentHash: RightsSource]
    /// By the source's id; without the snapshots' bytes.
    public var evidence: [ContentHash: [OptOutEvidence]]
    public var decisions: [RecordedDecision]

    public init(
        root: ContentHash, artefacts: [Artefact] = [], edges: [Edge] = [],
        sources: [ContentHash: RightsSource] = [:],
        evidence: [ContentHash: [OptOutEvidence]] = [:], decisions: [RecordedDecision] = []
    ) {
        self.root = root
        self.artefacts = artefacts
        self.edges = edges
        self.sources = sources
        self.evidence = evidence
        self.decisions = decisions
    }

    public subscript(hash: ContentHash) -> Artefact? { artefacts.first { $0.hash == hash } }

    /// The artefacts of a kind.
    public func artefacts(_ kind: Artefact.Kind) -> [Artefact] {
        artefacts.filter { $0.kind == kind }
    }

    /// Artefacts of which nobody said where they came from: neither a source nor an origin.
    public var orphans: [Artefact] {
        let graph = LineageGraph(self)
        return artefacts.filter { $0.kind != .run && !graph.isGrounded($0) }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// A lineage by its ends: looked up instead of searched, as shards have thousands of works.
struct LineageGraph {
    private let lineage: Lineage
    private let places: [ContentHash: Int]
    private let out: [ContentHash: [Edge]]
    private let into: [ContentHash: [Edge]]
    private var grounded: Set<ContentHash> = []

    init(_ lineage: Lineage) {
        self.lineage = lineage
        places = Dictionary(
            lineage.artefacts.enumerated().map { ($1.hash, $0) }, uniquingKeysWith: { a, _ in a })
        out = Dictionary(grouping: lineage.edges, by: \.from)
        into = Dictionary(grouping: lineage.edges, by: \.to)
        grounded = findGrounded()
    }

    func edges(from hash: ContentHash) -> [Edge] { out[hash] ?? [] }
    func edges(to hash: ContentHash) -> [Edge] { into[hash] ?? [] }

    subscript(hash: ContentHash) -> Artefact? { places[hash].map { lineage.artefacts[$0] } }

    func origins(of hash: ContentHash) -> [(artefact: Artefact, edge: Edge)] {
        edges(to: hash).compactMap { edge in self[edge.from].map { ($0, edge) } }
    }

    /// Where an artefact came from: of a work all sources by which it came into shards that are here, as
    /// the ledger's own may be of another shard.
    func sources(of artefact: Artefact) -> [RightsSource] {
        var ids: [ContentHash?] = [artefact.source]
        if artefact.kind == .work {
            let ways = edges(from: artefact.hash).map { $0.source ?? artefact.source }
            if !ways.isEmpty { ids = ways }
        }
        var known: [ContentHash] = []
        for case let id? in ids where !known.contains(id) { known.append(id) }
        return known.compactMap { lineage.sources[$0] }
    }

    /// Whether something made it: not itself, nor a ring of things of which nobody knows anything.
    func isMade(_ artefact: Artefact) -> Bool {
        edges(to: artefact.hash).contains { grounded.contains($0.from) && $0.from != artefact.hash }
    }

    /// Whether somebody said where it came from: its source, or what made it and where that came from.
    func isGrounded(_ artefact: Artefact) -> Bool { grounded.contains(artefact.hash) }

    /// What has a source, and all that was made of it. A model without origins stands for itself: the
    /// gate judges it by its name.
    private func findGrounded() -> Set<ContentHash> {
        var found: Set<ContentHash> = []
        var pending: [ContentHash] = []
        for artefact in lineage.artefacts where artefact.kind != .run {
            let isBeginning = artefact.kind == .model && edges(to: artefact.hash).isEmpty
            if isBeginning || !sources(of: artefact).isEmpty || isWorkOfKnownShard(artefact) {
                pending.append(artefact.hash)
            }
        }
        while let next = pending.popLast() {
            guard found.insert(next).inserted else { continue }
            pending += edges(from: next).map(\.to)
        }
        return found
    }

    /// A work without a source of its own has its shard's.
    private func isWorkOfKnownShard(_ artefact: Artefact) -> Bool {
        guard artefact.kind == .work else { return false }
        let shards = edges(from: artefact.hash).map(\.to)
        return !shards.isEmpty && shards.allSatisfy { self[$0]?.source != nil }
    }
}

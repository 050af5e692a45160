// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import RetortJSON

extension RightsLedger {
    /// Takes down what a word of the command line names; of a path the text is looked for too.
    /// - Throws: ``ProvenanceError`` if the ledger knows nothing of it, or what `nearCopies` throws.
    public func takedown(
        named name: String, nearCopies: (@Sendable (String) throws -> [NearCopy])? = nil
    ) throws -> TakedownReport {
        let text = FileManager.default.contents(atPath: name).map {
            String(decoding: $0, as: UTF8.self)
        }
        let report = try takedown(
            try find(name).map(\.hash), text: text, nearCopies: nearCopies)
        guard !report.matches.isEmpty else {
            throw ProvenanceError(
                "the ledger knows nothing of '\(name)'",
                expected: "a hash, a name, a path or an address that it has",
                advice: "record it with 'retort provenance add', or name another ledger")
        }
        return report
    }

    /// Follows works to all that was made of them: shards, runs, checkpoints, models, what these wrote
    /// and who learned from that.
    /// - Parameters:
    ///   - works: What is to be taken down; see ``find(_:)``.
    ///   - text: The work's text, where it is at hand; works of the same letters are found by it.
    ///   - nearCopies: Finds what is almost the text; what it names must be in the ledger.
    /// - Throws: ``ProvenanceError`` if the ledger does not know a work, or what `nearCopies` throws.
    public func takedown(
        _ works: [ContentHash], text: String? = nil,
        nearCopies: (@Sendable (String) throws -> [NearCopy])? = nil
    ) throws -> TakedownReport {
        let copies = try text.flatMap { text in try nearCopies?(text) } ?? []
        return try read { db in
            var matches: [TakedownReport.Match] = []
            var known: Set<ContentHash> = []
            func add(
                _ artefact: Artefact, _ kind: TakedownReport.Match.Kind, _ similarity: Double,
                _ records: RecordRanges? = nil
            ) {
                // A shard can hold several copies; a work is one.
                guard known.insert(artefact.hash).inserted || records != nil else { return }
                matches.append(
                    .init(
                        artefact: artefact, kind: kind, similarity: similarity, records: records))
            }
            for hash in works { add(try Self.named(hash, db), .exact, 1) }
            let prints =
                matches.compactMap(\.artefact.textHash)
                + [text.flatMap { TextFingerprint.hash($0) }].compactMap { $0 }
            for print in Set(prints).sorted() {
                let rows = try Row.fetchAll(
                    db, sql: "SELECT \(Self.columns) FROM artefact WHERE text_hash = ? ORDER BY id",
                    arguments: [print.bytes])
                for row in rows { add(try Self.artefact(row), .sameText, 1) }
            }
            for copy in copies.sorted(by: { $0.similarity > $1.similarity }) {
                add(try Self.named(copy.artefact, db), .nearCopy, copy.similarity, copy.records)
            }
            let touched = try Self.walk(from: matches, db)
            let incomplete = try Row.fetchAll(
                db,
                sql: """
                    SELECT \(Self.columns) FROM artefact
                    WHERE details ->> '\(Lineage.omittedWorks)' > 0 ORDER BY id
                    """
            ).map { try Self.artefact($0) }
            return TakedownReport(matches: matches, touched: touched, incomplete: incomplete)
        }
    }

    private static func named(_ hash: ContentHash, _ db: Database) throws -> Artefact {
        guard let artefact = try artefact(hash, db) else {
            throw ProvenanceError(
                "the ledger has no artefact \(hash)", expected: "a work or a shard that it knows",
                advice: "record it with 'retort provenance add'")
        }
        return artefact
    }

    /// Breadth first, so that each way is a short one; what was seen is not walked again, so that a
    /// ring, which only a forged lineage can have, ends.
    private static func walk(from matches: [TakedownReport.Match], _ db: Database) throws
        -> [TakedownReport.Touched]
    {
        struct Place { var match: Int, path: [TakedownReport.Step], generation: Int }
        var places: [(hash: ContentHash, place: Place)] = []
        var seen: Set<ContentHash> = []
        var touched: [TakedownReport.Touched] = []
        for (index, match) in matches.enumerated() where seen.insert(match.artefact.hash).inserted {
            places.append((match.artefact.hash, Place(match: index, path: [], generation: 0)))
            // A shard that has a copy of the work is itself touched.
            if match.artefact.kind != .work {
                touched.append(
                    .init(artefact: match.artefact, match: index, path: [], generation: 0))
            }
        }
        var next = 0
        while next < places.count {
            let (hash, place) = places[next]
            next += 1
            for (artefact, edge) in try neighbours(of: hash, forward: true, db)
            where seen.insert(artefact.hash).inserted {
                let step = TakedownReport.Step(
                    how: edge.how, artefact: artefact.hash, name: artefact.name,
                    records: edge.records)
                let isModel = artefact.kind == .model && edge.how != .converted
                let reached = Place(
                    match: place.match, path: place.path + [step],
                    generation: place.generation + (isModel ? 1 : 0))
                places.append((artefact.hash, reached))
                touched.append(
                    .init(
                        artefact: artefact, match: reached.match, path: reached.path,
                        generation: reached.generation))
            }
        }
        return touched
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import RetortJSON

extension RightsLedger {
    /// Takes down what a word of the command line names; of a path the text is looked for too.
    /// - Throws: ``ProvenanceError`` if the ledger knows nothing of it and near copies of a text
    ///   were not looked for either.
    public func takedown(named name: String, near: NearCopySettings? = nil)
        throws(ProvenanceError) -> TakedownReport
    {
        let found = try find(name)
        // Of what the ledger has, each line is a work that it was told of, or is read with the file.
        let isAsked = found.isEmpty || DataFile(name)?.isLines == false
        let texts =
            isAsked && found.allSatisfy(\.kind.isData) ? try Self.texts(ofFile: name) : []
        let report = try takedown(found.map(\.hash), texts: texts, near: near)
        guard !report.matches.isEmpty || (near != nil && !texts.isEmpty) else {
            throw ProvenanceError(
                "the ledger knows nothing of '\(name)'",
                expected: "a hash, a name, a path or an address that it has",
                advice: "record it with 'retort provenance add', or name another ledger")
        }
        return report
    }

    /// - Returns: None if it is no file.
    private static func texts(ofFile path: String) throws(ProvenanceError) -> [String] {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory),
            !isDirectory.boolValue
        else { return [] }
        if let file = DataFile(path) { return try file.texts() }
        return FileManager.default.contents(atPath: path).map {
            [String(decoding: $0, as: UTF8.self)]
        } ?? []
    }

    /// Follows works to all that was made of them: shards, runs, checkpoints, models, what these wrote
    /// and who learned from that.
    /// - Parameters:
    ///   - works: What is to be taken down; see ``find(_:)``.
    ///   - texts: Of works, where they are at hand; works of the same letters are found by them.
    ///   - near: What else is followed as a copy; nil reads no data files.
    /// - Throws: ``ProvenanceError`` if the ledger does not know a work.
    public func takedown(
        _ works: [ContentHash], texts: [String] = [], near: NearCopySettings? = nil
    ) throws(ProvenanceError) -> TakedownReport {
        var matches = try read { db in try Self.matches(works, texts, db) }
        var search: NearCopySearch?
        if let near {
            search = try NearCopySearch(self, settings: near)
            try search?.run(matches.map(\.artefact), texts: texts)
        }
        let copies = (search?.copies ?? []).sorted { a, b in
            if a.overlap != b.overlap { return a.overlap > b.overlap }
            return (a.artefact, a.file) < (b.artefact, b.file)
        }
        return try read { db in
            for copy in copies {
                matches.append(
                    .init(
                        artefact: try Self.named(copy.artefact, db), kind: copy.overlap.kind,
                        similarity: copy.overlap.similarity, file: copy.file,
                        records: copy.records))
            }
            let touched = try Self.walk(from: matches, db)
            let incomplete = try Row.fetchAll(
                db,
                sql: """
                    SELECT \(Self.columns) FROM artefact
                    WHERE details ->> '\(Lineage.omittedWorks)' > 0 ORDER BY id
                    """
            ).map { try Self.artefact($0) }
            return TakedownReport(
                matches: matches, touched: touched, incomplete: incomplete,
                searched: search?.result)
        }
    }

    /// What is named, and works with the same letters.
    private static func matches(_ works: [ContentHash], _ texts: [String], _ db: Database) throws
        -> [TakedownReport.Match]
    {
        var matches: [TakedownReport.Match] = []
        var known: Set<ContentHash> = []
        func add(_ artefact: Artefact, _ kind: TakedownReport.Match.Kind) {
            guard known.insert(artefact.hash).inserted else { return }
            matches.append(.init(artefact: artefact, kind: kind, similarity: 1))
        }
        for hash in works { add(try named(hash, db), .exact) }
        let prints =
            matches.compactMap(\.artefact.textHash) + texts.compactMap { TextFingerprint.hash($0) }
        for print in Set(prints).sorted() {
            let rows = try Row.fetchAll(
                db, sql: "SELECT \(columns) FROM artefact WHERE text_hash = ? ORDER BY id",
                arguments: [print.bytes])
            for row in rows { add(try artefact(row), .sameText) }
        }
        return matches
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
    /// ring, which only a forged lineage can have, ends. Copies that are only near are followed one
    /// by one after the others: what the work itself went into is not said to have a near copy.
    private static func walk(from matches: [TakedownReport.Match], _ db: Database) throws
        -> [TakedownReport.Touched]
    {
        let exact = matches.indices.filter { !matches[$0].kind.isNear }
        let near = matches.indices.filter { matches[$0].kind.isNear }
        var seen: Set<ContentHash> = []
        var touched: [TakedownReport.Touched] = []
        for group in [exact] + near.map({ [$0] }) {
            try walk(from: group, of: matches, &seen, &touched, db)
        }
        return touched
    }

    private static func walk(
        from group: [Int], of matches: [TakedownReport.Match], _ seen: inout Set<ContentHash>,
        _ touched: inout [TakedownReport.Touched], _ db: Database
    ) throws {
        struct Place { var match: Int, path: [TakedownReport.Step], generation: Int }
        var places: [(hash: ContentHash, place: Place)] = []
        func near(_ match: Int) -> Double? {
            matches[match].kind.isNear ? matches[match].similarity : nil
        }
        for index in group where seen.insert(matches[index].artefact.hash).inserted {
            let artefact = matches[index].artefact
            places.append((artefact.hash, Place(match: index, path: [], generation: 0)))
            // A shard that has a copy of the work is itself touched.
            if artefact.kind != .work {
                touched.append(
                    .init(
                        artefact: artefact, match: index, path: [], generation: 0,
                        near: near(index)))
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
                        generation: reached.generation, near: near(reached.match)))
            }
        }
    }
}

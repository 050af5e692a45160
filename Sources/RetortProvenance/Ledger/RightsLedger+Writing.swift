// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import RetortJSON

/// A work, and which samples of a shard are its.
public struct WorkEntry: Sendable, Equatable {
    public var hash: ContentHash
    public var name: String
    /// Bytes of its text.
    public var size: Int?
    public var textHash: ContentHash?
    /// Where it came from, where that differs from the shard's.
    public var source: RightsSource?
    /// nil if nobody said which.
    public var records: RecordRanges?

    public init(
        hash: ContentHash, name: String, size: Int? = nil, textHash: ContentHash? = nil,
        source: RightsSource? = nil, records: RecordRanges? = nil
    ) {
        self.hash = hash
        self.name = name
        self.size = size
        self.textHash = textHash
        self.source = source
        self.records = records
    }
}

extension RightsLedger {
    /// Records artefacts, their sources and what came from what: all of it or nothing. What is
    /// there already stays, but for where it was seen.
    public func record(
        _ artefacts: [Artefact] = [], sources: [RightsSource] = [], edges: [Edge] = []
    ) throws(ProvenanceError) {
        let time = now()
        try write { db in
            for source in sources { try Self.insert(source, time, db) }
            for artefact in artefacts { try Self.insert(artefact, db) }
            for edge in edges { try Self.insert(edge, db) }
        }
    }

    /// Records the works of a shard, a row for each.
    /// - Parameter textField: The member of its lines with the text, if it is not `text`.
    public func record(works: [WorkEntry], in shard: ContentHash, textField: String? = nil)
        throws(ProvenanceError)
    {
        if let textField {
            try addDetails(JSONObject([(Self.textFieldKey, .string(textField))]), to: shard)
        }
        let time = now()
        try write { db in
            for work in WorkEntry.merged(works) {
                let entry = work.entry
                if let source = entry.source { try Self.insert(source, time, db) }
                try Self.insert(
                    Artefact(
                        hash: entry.hash, kind: .work, name: entry.name, size: entry.size,
                        created: time, source: entry.source?.id, textHash: entry.textHash), db)
                for name in work.names { try Self.insert(name: name, of: entry.hash, db) }
                guard entry.hash != shard else { continue }
                var details = JSONObject()
                details["records"] = entry.records?.json
                try Self.insert(
                    Edge(
                        from: entry.hash, to: shard, how: .contained, source: entry.source?.id,
                        details: details), db)
            }
        }
    }

    /// Says anew where something came from; what was said before stays in its details.
    /// - Throws: ``ProvenanceError`` if the ledger does not know it.
    public func replaceSource(of hash: ContentHash, with source: RightsSource)
        throws(ProvenanceError)
    {
        let time = now()
        try write { db in
            guard let artefact = try Self.artefact(hash, db) else {
                throw ProvenanceError(
                    "the ledger has no artefact \(hash)", expected: "something that it knows",
                    advice: "record it with 'retort provenance add'")
            }
            try Self.insert(source, time, db)
            var details = artefact.details
            if let former = artefact.source, former != source.id {
                details["former_sources"] = .array(
                    (details["former_sources"]?.arrayValue ?? []) + [.string(former.hex)])
            }
            try db.execute(
                sql: "UPDATE artefact SET source = ?, details = ? WHERE hash = ?",
                arguments: [
                    source.id.bytes, details.isEmpty ? nil : JSONValue.object(details).text(),
                    hash.bytes,
                ])
        }
    }

    /// Records what a source said of being mined.
    public func record(_ evidence: OptOutEvidence, of source: RightsSource) throws(ProvenanceError)
    {
        let time = now()
        try write { db in
            try Self.insert(source, time, db)
            try Self.insert(evidence, of: source.id, db)
        }
    }

    // MARK: Rows

    static func insert(_ source: RightsSource, _ time: Double, _ db: Database) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO source (hash, name, licence, url, rights, created)
                VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                """
        ).execute(arguments: [
            source.id.bytes, source.name, source.licence, source.url, source.json.text(), time,
        ])
    }

    static func insert(_ artefact: Artefact, _ db: Database) throws {
        let details = artefact.details.isEmpty ? nil : JSONValue.object(artefact.details).text()
        // The first to record it gives kind and name; a source or a text's hash may come later.
        try db.cachedStatement(
            sql: """
                INSERT INTO artefact
                    (hash, kind, name, size, created, path, source, text_hash, details)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (hash) DO UPDATE SET
                    path = coalesce(excluded.path, path), size = coalesce(size, excluded.size),
                    source = coalesce(source, excluded.source),
                    text_hash = coalesce(text_hash, excluded.text_hash),
                    details = coalesce(details, excluded.details)
                """
        ).execute(arguments: [
            artefact.hash.bytes, artefact.kind.rawValue, artefact.name, artefact.size,
            artefact.created, artefact.path, artefact.source?.bytes, artefact.textHash?.bytes,
            details,
        ])
    }

    /// A further name by which a work is found.
    private static func insert(name: String, of hash: ContentHash, _ db: Database) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO name (name, artefact) SELECT ?, id FROM artefact WHERE hash = ?
                ON CONFLICT DO NOTHING
                """
        ).execute(arguments: [name, hash.bytes])
    }

    /// - Parameter isImported: It came with a model from elsewhere: what is known here stays.
    static func insert(_ edge: Edge, isImported: Bool = false, _ db: Database) throws {
        // What came from itself says nothing: a file that is one work.
        guard edge.from != edge.to else { return }
        let details = edge.details.isEmpty ? nil : JSONValue.object(edge.details).text()
        try db.cachedStatement(
            sql: """
                INSERT INTO edge (origin, target, how, source, details)
                SELECT a.id, b.id, ?, ?, ? FROM artefact a, artefact b
                WHERE a.hash = ? AND b.hash = ?
                ON CONFLICT DO UPDATE SET details = coalesce(excluded.details, details),
                    source = coalesce(excluded.source, source) WHERE NOT ?
                """
        ).execute(arguments: [
            edge.how.rawValue, edge.source?.bytes, details, edge.from.bytes, edge.to.bytes,
            isImported,
        ])
        guard try db.changesCount > 0 || (isImported && knows(edge, db)) else {
            throw ProvenanceError(
                "the ledger does not know both ends of '\(edge.how)' from \(edge.from.hex.prefix(12))"
                    + " to \(edge.to.hex.prefix(12))",
                advice: "record the artefacts first")
        }
    }

    private static func knows(_ edge: Edge, _ db: Database) throws -> Bool {
        try artefact(edge.from, db) != nil && artefact(edge.to, db) != nil
    }

    static func insert(_ evidence: OptOutEvidence, of source: ContentHash, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO snapshot (hash, bytes) VALUES (?, ?)
                ON CONFLICT DO UPDATE SET bytes = coalesce(bytes, excluded.bytes)
                """, arguments: [evidence.snapshot.bytes, evidence.body.map { Data($0) }])
        try db.execute(
            sql: """
                INSERT INTO evidence (source, protocol, url, fetched, snapshot, verdict, reason)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                -- The same answer may be read for another crawler: a reservation stays one.
                ON CONFLICT DO UPDATE SET snapshot = excluded.snapshot,
                    verdict = excluded.verdict, reason = excluded.reason
                WHERE excluded.verdict = 'reserved' OR verdict <> 'reserved'
                """,
            arguments: [
                source.bytes, evidence.method.rawValue, evidence.url, evidence.fetched,
                evidence.snapshot.bytes, evidence.verdict.rawValue, evidence.reason,
            ])
    }

    // MARK: Files

    /// The content of a path. A file that was hashed before and has the same size, time and inode
    /// is not read again.
    public func contents(of path: String) throws(ProvenanceError) -> ContentFiles {
        try ContentFiles(path: path) { file throws(ProvenanceError) in try self.hash(ofFile: file) }
    }

    private func hash(ofFile path: String) throws(ProvenanceError) -> ContentHash {
        let url = URL(fileURLWithPath: path).resolvingSymlinksInPath()
        let attributes = try? FileManager.default.attributesOfItem(atPath: url.path)
        guard let size = attributes?[.size] as? Int,
            let date = attributes?[.modificationDate] as? Date
        else { return try ContentFiles.hash(ofFile: path) }
        let modified = date.timeIntervalSince1970
        let inode = attributes?[.systemFileNumber] as? Int ?? 0
        let known = try read { db in
            try Data.fetchOne(
                db,
                sql: """
                    SELECT hash FROM seen WHERE path = ? AND size = ? AND modified = ? AND inode = ?
                    """, arguments: [url.path, size, modified, inode])
        }
        if let known, let hash = ContentHash(bytes: known) { return hash }
        let hash = try ContentFiles.hash(ofFile: path)
        // A file that changed a moment ago may change again within the clock's grain.
        guard now() - modified > 2 else { return hash }
        try write { db in
            try db.execute(
                sql: "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?)",
                arguments: [url.path, size, modified, inode, hash.bytes])
        }
        return hash
    }
}

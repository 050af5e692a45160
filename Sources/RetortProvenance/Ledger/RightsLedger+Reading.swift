// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import RetortJSON

extension RightsLedger {
    static let columns = "hash, kind, name, size, created, path, source, text_hash, details"

    static func artefact(_ row: Row) throws -> Artefact {
        guard let hash = ContentHash(bytes: row["hash"] as Data? ?? Data()),
            let kind = Artefact.Kind(rawValue: row["kind"] ?? "")
        else {
            throw ProvenanceError(
                "the ledger has an artefact of the kind '\(row["kind"] ?? "")'",
                expected: Artefact.Kind.allCases.map(\.rawValue).joined(separator: ", "),
                advice: "update this retort")
        }
        return Artefact(
            hash: hash, kind: kind, name: row["name"], size: row["size"], created: row["created"],
            path: row["path"], source: Self.hash(row["source"]),
            textHash: Self.hash(row["text_hash"]), details: try Self.details(row["details"]))
    }

    static func hash(_ data: Data?) -> ContentHash? {
        data.flatMap { ContentHash(bytes: $0) }
    }

    static func details(_ text: String?) throws -> JSONObject {
        guard let text else { return JSONObject() }
        return try JSONValue(parsing: text).objectValue ?? JSONObject()
    }

    /// - Returns: nil if nothing of that content was recorded.
    public func artefact(_ hash: ContentHash) throws(ProvenanceError) -> Artefact? {
        try read { db in try Self.artefact(hash, db) }
    }

    static func artefact(_ hash: ContentHash, _ db: Database) throws -> Artefact? {
        let statement = try db.cachedStatement(
            sql: "SELECT \(columns) FROM artefact WHERE hash = ?")
        return try Row.fetchOne(statement, arguments: [hash.bytes]).map { try artefact($0) }
    }

    /// All of a kind, in the order in which they were recorded.
    public func artefacts(_ kind: Artefact.Kind) throws(ProvenanceError) -> [Artefact] {
        try read { db in
            try Row.fetchAll(
                db, sql: "SELECT \(Self.columns) FROM artefact WHERE kind = ? ORDER BY id",
                arguments: [kind.rawValue]
            ).map { try Self.artefact($0) }
        }
    }

    /// What a word of the command line names: a hash or at least eight digits of one, a name, the
    /// address of a source, or a path, whose content is then looked for.
    public func find(_ name: String) throws(ProvenanceError) -> [Artefact] {
        if FileManager.default.fileExists(atPath: name),
            let found = try artefact(try contents(of: name).address)
        {
            return [found]
        }
        let digits = name.lowercased()
        return try read { db in
            if digits.utf8.count >= 8,
                let low = ContentHash(
                    digits.padding(toLength: 64, withPad: "0", startingAt: 0)),
                let high = ContentHash(
                    digits.padding(toLength: 64, withPad: "f", startingAt: 0))
            {
                let found = try Row.fetchAll(
                    db,
                    sql: """
                        SELECT \(Self.columns) FROM artefact
                        WHERE hash >= ? AND hash <= ? ORDER BY id
                        """, arguments: [low.bytes, high.bytes])
                if !found.isEmpty { return try found.map { try Self.artefact($0) } }
            }
            return try Row.fetchAll(
                db,
                sql: """
                    SELECT \(Self.columns) FROM artefact
                    WHERE name = ?1 OR path = ?1
                        OR source IN (SELECT hash FROM source WHERE name = ?1 OR url = ?1)
                        OR id IN (SELECT artefact FROM name WHERE name = ?1)
                        OR id IN (
                            SELECT origin FROM edge JOIN source ON source.hash = edge.source
                            WHERE source.name = ?1 OR source.url = ?1)
                    ORDER BY id
                    """, arguments: [name]
            ).map { try Self.artefact($0) }
        }
    }

    /// Works with the same text but for case, spaces and marks.
    public func works(textHash: ContentHash) throws(ProvenanceError) -> [Artefact] {
        try read { db in
            try Row.fetchAll(
                db, sql: "SELECT \(Self.columns) FROM artefact WHERE text_hash = ? ORDER BY id",
                arguments: [textHash.bytes]
            ).map { try Self.artefact($0) }
        }
    }

    // MARK: Sources

    public func source(_ id: ContentHash) throws(ProvenanceError) -> RightsSource? {
        try read { db in try Self.source(id, db) }
    }

    /// All sources of a name.
    public func sources(named name: String) throws(ProvenanceError) -> [RightsSource] {
        try read { db in
            try String.fetchAll(
                db, sql: "SELECT rights FROM source WHERE name = ? ORDER BY created",
                arguments: [name]
            ).map { try RightsSource(try JSONValue(parsing: $0)) }
        }
    }

    static func source(_ id: ContentHash, _ db: Database) throws -> RightsSource? {
        let text = try String.fetchOne(
            db, sql: "SELECT rights FROM source WHERE hash = ?", arguments: [id.bytes])
        return try text.map { try RightsSource(try JSONValue(parsing: $0)) }
    }

    /// What a source said of being mined, the oldest first.
    public func evidence(of source: ContentHash) throws(ProvenanceError) -> [OptOutEvidence] {
        try read { db in try Self.evidence(of: source, withBody: true, db) }
    }

    static func evidence(of source: ContentHash, withBody: Bool, _ db: Database) throws
        -> [OptOutEvidence]
    {
        try Row.fetchAll(
            db,
            sql: """
                SELECT v.protocol, v.url, v.fetched, v.snapshot, v.verdict, v.reason,
                    iif(?, bytes, NULL) AS bytes
                -- What was said of a site holds for all that was recorded of it, on whatever day.
                -- There is little evidence and there are many sources: in this order, then.
                FROM evidence v CROSS JOIN snapshot n ON n.hash = v.snapshot
                    CROSS JOIN source t ON t.hash = v.source
                    CROSS JOIN source s ON s.hash = ?
                WHERE t.hash = s.hash OR t.name = s.name OR t.url = s.url
                ORDER BY v.fetched
                """, arguments: [withBody, source.bytes]
        ).compactMap { row in
            guard let method = OptOutEvidence.Method(rawValue: row["protocol"]),
                let verdict = OptOutEvidence.Verdict(rawValue: row["verdict"]),
                let snapshot = hash(row["snapshot"])
            else { return nil }
            return OptOutEvidence(
                method: method, url: row["url"], fetched: row["fetched"], snapshot: snapshot,
                body: (row["bytes"] as Data?).map { Array($0) }, verdict: verdict,
                reason: row["reason"])
        }
    }

    /// Where a sample came from: the works whose it is, each with its source or else the shard's.
    /// - Parameter record: Counted from 0.
    /// - Returns: The shard's own source if no work claims the sample; nothing if it has none.
    public func origins(ofRecord record: Int, in shard: ContentHash) throws(ProvenanceError)
        -> [(work: Artefact?, source: RightsSource?)]
    {
        try read { db in
            guard let artefact = try Self.artefact(shard, db) else { return [] }
            let own = try artefact.source.flatMap { try Self.source($0, db) }
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT a.*, e.details AS place, e.source AS way FROM edge e JOIN artefact a ON a.id = e.origin
                    WHERE e.target = (SELECT id FROM artefact WHERE hash = ?)
                        AND a.kind = 'work' ORDER BY a.id
                    """, arguments: [shard.bytes])
            var found: [(work: Artefact?, source: RightsSource?)] = []
            for row in rows {
                let records = try Self.details(row["place"])["records"].flatMap { RecordRanges($0) }
                // A work without a place may be anywhere.
                guard records?.contains(record) ?? true else { continue }
                let work = try Self.artefact(row)
                let source = Self.hash(row["way"]) ?? work.source
                found.append((work, try source.flatMap { try Self.source($0, db) } ?? own))
            }
            if found.isEmpty, let own { found.append((nil, own)) }
            return found
        }
    }

    // MARK: Neighbours

    /// What came from an artefact, or what it came from.
    static func neighbours(
        of hash: ContentHash, forward: Bool, leavingOut kind: Artefact.Kind? = nil, _ db: Database
    ) throws -> [(artefact: Artefact, edge: Edge)] {
        let (here, there) = forward ? ("origin", "target") : ("target", "origin")
        let statement = try db.cachedStatement(
            sql: """
                SELECT a.*, e.how, e.details AS edge_details, e.source AS way
                FROM edge e JOIN artefact a ON a.id = e.\(there)
                WHERE e.\(here) = (SELECT id FROM artefact WHERE hash = ?) AND a.kind IS NOT ?
                ORDER BY a.id, e.how
                """)
        return try Row.fetchAll(statement, arguments: [hash.bytes, kind?.rawValue]).map { row in
            let artefact = try Self.artefact(row)
            return (
                artefact,
                Edge(
                    from: forward ? hash : artefact.hash, to: forward ? artefact.hash : hash,
                    how: Derivation(rawValue: row["how"]), source: Self.hash(row["way"]),
                    details: try Self.details(row["edge_details"]))
            )
        }
    }
}

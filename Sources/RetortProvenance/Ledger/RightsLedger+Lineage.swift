// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import RetortJSON

extension RightsLedger {
    /// All that an artefact came from.
    /// - Parameter workLimit: Of a shard with more works only their number and hash are said.
    /// - Throws: ``ProvenanceError`` if the ledger does not know it.
    public func lineage(of root: ContentHash, workLimit: Int = 1000) throws(ProvenanceError)
        -> Lineage
    {
        try read { db in
            guard let first = try Self.artefact(root, db) else {
                throw ProvenanceError(
                    "the ledger has no artefact \(root)", expected: "what a run recorded",
                    advice: "name another ledger, or import the model's \(Lineage.fileName)")
            }
            var lineage = Lineage(root: root, artefacts: [first])
            var seen: Set = [root]
            var next = 0
            while next < lineage.artefacts.count {
                let artefact = lineage.artefacts[next]
                let works = try Self.summary(ofWorksOf: artefact.hash, limit: workLimit, db)
                for member in works?.members ?? [] {
                    lineage.artefacts[next].details[member.key] = member.value
                }
                next += 1
                let origins = try Self.neighbours(
                    of: artefact.hash, forward: false, leavingOut: works == nil ? nil : .work, db)
                for (origin, edge) in origins {
                    lineage.edges.append(edge)
                    if seen.insert(origin.hash).inserted { lineage.artefacts.append(origin) }
                }
            }
            let graph = LineageGraph(lineage)
            for index in lineage.artefacts.indices {
                lineage.artefacts[index].path = nil
                // Where a text came from into another shard is no part of this.
                let artefact = lineage.artefacts[index]
                let ways = graph.edges(from: artefact.hash)
                if artefact.kind == .work, !ways.isEmpty, ways.allSatisfy({ $0.source != nil }) {
                    lineage.artefacts[index].source = nil
                }
            }
            let sources =
                lineage.artefacts.compactMap(\.source) + lineage.edges.compactMap(\.source)
            for id in Set(sources) {
                lineage.sources[id] = try Self.source(id, db)
                let evidence = try Self.evidence(of: id, withBody: false, db)
                if !evidence.isEmpty { lineage.evidence[id] = evidence }
            }
            lineage.decisions = try lineage.artefacts.flatMap {
                try Self.decisions(of: $0.hash, db)
            }
            return lineage
        }
    }

    /// What is said of a shard's works instead of each, if there are more than `limit`: their number,
    /// the hash of their hashes, and all that the gate needs of their sources.
    private static func summary(ofWorksOf shard: ContentHash, limit: Int, _ db: Database) throws
        -> JSONObject?
    {
        let filter = """
            FROM edge e JOIN artefact a ON a.id = e.origin
                LEFT JOIN source s ON s.hash = coalesce(e.source, a.source)
            WHERE e.target = (SELECT id FROM artefact WHERE hash = ?) AND a.kind = 'work'
            """
        let count = try Int.fetchOne(
            db, sql: "SELECT count(*) \(filter)", arguments: [shard.bytes])
        guard let count, count > limit else { return nil }
        var hasher = ContentHasher()
        let hashes = try Data.fetchCursor(
            db, sql: "SELECT a.hash \(filter) ORDER BY a.hash", arguments: [shard.bytes])
        while let hash = try hashes.next() { hasher.update(hash) }
        let rights = try Row.fetchAll(
            db,
            sql: """
                SELECT s.licence, s.rights ->> 'acquisition' AS acquisition,
                    s.rights -> 'generators' AS generators, s.rights ->> 'program' AS program,
                    s.rights ->> 'attribution' AS attribution, count(*) AS works
                \(filter) AND s.hash IS NOT NULL GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
                """, arguments: [shard.bytes])
        let reserved = try Int.fetchOne(
            db,
            sql: """
                SELECT count(*) \(filter) AND EXISTS (
                    SELECT 1 FROM evidence v JOIN source t ON t.hash = v.source
                    WHERE v.verdict = 'reserved'
                        AND (t.hash = s.hash OR t.name = s.name OR t.url = s.url))
                """, arguments: [shard.bytes])
        return JSONObject([
            (Lineage.omittedWorks, .integer(Int64(count))),
            (Lineage.worksHash, .string(hasher.finish().hex)),
            (Lineage.worksReserved, .integer(Int64(reserved ?? 0))),
            (Lineage.worksRights, .array(try rights.map { try Self.rights($0) })),
        ])
    }

    private static func rights(_ row: Row) throws -> JSONValue {
        var object = JSONObject([
            ("licence", .string(row["licence"])), ("acquisition", .string(row["acquisition"])),
            ("works", .integer(row["works"])),
        ])
        if let generators = row["generators"] as String? {
            object["generators"] = try JSONValue(parsing: generators)
        }
        object["program"] = (row["program"] as String?).map { .string($0) }
        object["attribution"] = (row["attribution"] as String?).map { .string($0) }
        return .object(object)
    }

    /// Takes over what came with a model from elsewhere; what is known here already stays.
    public func add(_ lineage: Lineage) throws(ProvenanceError) {
        let time = now()
        try write { db in
            for source in lineage.sources.values { try Self.insert(source, time, db) }
            for (id, evidence) in lineage.evidence where lineage.sources[id] != nil {
                for item in evidence { try Self.insert(item, of: id, db) }
            }
            for var artefact in lineage.artefacts {
                // A lineage does not say what is where on this machine.
                artefact.path = nil
                if let known = try Self.artefact(artefact.hash, db) {
                    try Self.takeOverWorks(of: artefact, known, db)
                    for key in Lineage.summaryKeys { artefact.details[key] = nil }
                }
                try Self.insert(artefact, db)
            }
            for edge in lineage.edges { try Self.insert(edge, isImported: true, db) }
            for decision in lineage.decisions { try Self.insert(decision, db) }
        }
    }

    /// What a lineage says of works that it does not list, unless they are known here one by one.
    private static func takeOverWorks(of artefact: Artefact, _ known: Artefact, _ db: Database)
        throws
    {
        let members = artefact.details.members.filter { Lineage.summaryKeys.contains($0.key) }
        guard !members.isEmpty,
            try !neighbours(of: artefact.hash, forward: false, db).contains(where: {
                $0.artefact.kind == .work
            })
        else { return }
        var details = known.details
        for member in members where details[member.key] == nil {
            details[member.key] = member.value
        }
        try db.execute(
            sql: "UPDATE artefact SET details = ? WHERE hash = ?",
            arguments: [JSONValue.object(details).text(), artefact.hash.bytes])
    }

    // MARK: Beside models

    /// Where the lineage of what is at `path` stands.
    public static func lineagePath(of path: String) -> String {
        var isDirectory: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
        return exists && isDirectory.boolValue
            ? "\(path)/\(Lineage.fileName)" : path + Lineage.fileSuffix
    }

    /// The lineage that stands beside what is at `path`, whatever it is of.
    /// - Returns: nil if there is none.
    /// - Throws: ``ProvenanceError`` if it is damaged.
    public static func statedLineage(beside path: String) throws(ProvenanceError) -> Lineage? {
        let file = lineagePath(of: path)
        guard FileManager.default.fileExists(atPath: file) else { return nil }
        guard let bytes = FileManager.default.contents(atPath: file) else {
            throw ProvenanceError("\(file) cannot be read", advice: "check that you may read it")
        }
        do throws(ProvenanceError) { return try Lineage(parsing: bytes) } catch {
            throw ProvenanceError("\(file): \(error)")
        }
    }

    /// The lineage that came with what is at `path`.
    /// - Returns: nil if there is none.
    /// - Throws: ``ProvenanceError`` if it is damaged, or of something else: the model was changed.
    public func lineage(beside path: String) throws(ProvenanceError) -> Lineage? {
        guard let lineage = try Self.statedLineage(beside: path) else { return nil }
        let address = try contents(of: path).address
        guard lineage.root == address else {
            throw ProvenanceError(
                "\(Self.lineagePath(of: path)) is about \(lineage.root.hex.prefix(12)), and its model is"
                    + " \(address.hex.prefix(12))",
                expected: "the lineage of this model",
                advice: "the model was changed; record what changed it, or remove the file")
        }
        return lineage
    }

    /// Writes the lineage of what is at `path` beside it.
    /// - Returns: The file's path.
    @discardableResult
    public func writeLineage(of path: String) throws(ProvenanceError) -> String {
        let lineage = try lineage(of: try contents(of: path).address)
        let file = Self.lineagePath(of: path)
        try ProvenanceFile.write(lineage.json.text(.pretty) + "\n", to: file)
        return file
    }
}

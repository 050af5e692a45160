// SPDX-License-Identifier: Apache-2.0

import GRDB
import RetortJSON

/// What the gate said of a run or of data, as the ledger keeps it.
public struct RecordedDecision: Sendable, Equatable {
    /// Of what.
    public var artefact: ContentHash
    /// The gate's word, such as `allowed`.
    public var verdict: String
    /// All that it said: rows, the policy's hash and date, obligations, an override with its reason.
    public var record: JSONObject
    /// Seconds since 1970.
    public var created: Double
    /// Whether it came with a model from elsewhere: somebody else answers for it.
    public var isImported: Bool

    public init(
        artefact: ContentHash, verdict: String, record: JSONObject, created: Double,
        isImported: Bool = false
    ) {
        self.isImported = isImported
        self.artefact = artefact
        self.verdict = verdict
        self.record = record
        self.created = created
    }

    /// Who went on although the gate refused, and why.
    public var override: (who: String, reason: String)? {
        guard let override = record["override"], let who = override["who"]?.stringValue,
            let reason = override["reason"]?.stringValue
        else { return nil }
        return (who, reason)
    }

    var json: JSONValue {
        [
            "artefact": .string(artefact.hex), "verdict": .string(verdict),
            "created": .double(created), "record": .object(record),
        ]
    }

    init(_ json: JSONValue) throws(ProvenanceError) {
        let fields = try LedgerFields(json, place: "decision")
        self.init(
            artefact: try fields.hash("artefact"), verdict: try fields.text("verdict"),
            record: try fields.optionalObject("record"),
            created: try fields.optionalNumber("created") ?? 0, isImported: true)
    }
}

extension RightsLedger {
    /// Keeps what the gate said.
    public func record(_ decision: RecordedDecision) throws(ProvenanceError) {
        try write { db in try Self.insert(decision, db) }
    }

    /// What the gate said of an artefact, the oldest first.
    public func decisions(of artefact: ContentHash) throws(ProvenanceError) -> [RecordedDecision] {
        try read { db in try Self.decisions(of: artefact, db) }
    }

    static func insert(_ decision: RecordedDecision, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO decision (artefact, verdict, record, created, imported)
                SELECT id, ?, ?, ?, ? FROM artefact WHERE hash = ? ON CONFLICT DO NOTHING
                """,
            arguments: [
                decision.verdict, JSONValue.object(decision.record).text(), decision.created,
                decision.isImported, decision.artefact.bytes,
            ])
    }

    static func decisions(of artefact: ContentHash, _ db: Database) throws -> [RecordedDecision] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT verdict, record, created, imported FROM decision
                WHERE artefact = (SELECT id FROM artefact WHERE hash = ?) ORDER BY id
                """)
        return try Row.fetchAll(statement, arguments: [artefact.bytes]).map { row in
            RecordedDecision(
                artefact: artefact, verdict: row["verdict"],
                record: try details(row["record"]), created: row["created"],
                isImported: row["imported"])
        }
    }
}

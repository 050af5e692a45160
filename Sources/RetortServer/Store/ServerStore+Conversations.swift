// SPDX-License-Identifier: Apache-2.0

import GRDB
import RetortJSON

/// What a conversation becomes; nil is what it was.
package struct ConversationChange: Sendable {
    package var title: String?
    package var pinned: Bool?
    package var settings: ChatSettings?
    package var activeLeaf: String?

    package init() {}
}

extension ServerStore {
    // MARK: - Reading

    /// - Throws: ``APIError`` 404 unless `owner` has such a conversation.
    static func find(_ id: String, _ owner: String, _ db: Database, deleted: Bool = false) throws
        -> StoredConversation
    {
        let row = try Row.fetchOne(
            db,
            sql: StoredConversation.select
                + " WHERE c.id = ? AND c.owner = ? AND c.deleted IS \(deleted ? "NOT NULL" : "NULL")",
            arguments: [id, owner])
        guard let row else {
            throw APIError.notFound("there is no conversation \(id)", param: "id")
        }
        return try StoredConversation(row)
    }

    static func tree(_ conversation: Int64, _ db: Database) throws -> [StoredMessage] {
        try Row.fetchAll(
            db, sql: StoredMessage.select + " WHERE m.conversation = ? ORDER BY m.sequence",
            arguments: [conversation]
        ).map { try StoredMessage($0) }
    }

    /// A conversation with its messages.
    package func conversation(_ id: String, owner: String) async throws -> StoredConversation {
        try await pool.read { db in
            var conversation = try Self.find(id, owner, db)
            conversation.tree = try Self.tree(conversation.sequence, db)
            return conversation
        }
    }

    /// What new conversations begin with.
    package func settings(owner: String) async throws -> ChatSettings {
        try await pool.read { db in try Self.settings(owner, db) }
    }

    private static func settings(_ owner: String, _ db: Database) throws -> ChatSettings {
        let text = try String.fetchOne(
            db, sql: "SELECT value FROM settings WHERE owner = ?", arguments: [owner])
        return try text.map { try ChatSettings(stored: $0) } ?? ChatSettings()
    }

    // MARK: - Writing

    package func setSettings(_ settings: ChatSettings, owner: String) async throws {
        try await pool.write { db in
            try db.execute(
                sql: "INSERT OR REPLACE INTO settings (owner, value) VALUES (?, ?)",
                arguments: [owner, settings.json.text()])
        }
    }

    /// Makes an empty conversation.
    /// - Parameter settings: Nil takes the owner's.
    package func create(owner: String, title: String? = nil, settings: ChatSettings? = nil)
        async throws -> StoredConversation
    {
        let time = now()
        let id = Identifier.make("c_")
        return try await pool.write { db in
            let settings = try settings ?? Self.settings(owner, db)
            try db.execute(
                sql: """
                    INSERT INTO conversations (id, owner, title, created, updated, settings)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [id, owner, title, time, time, settings.json.text()])
            return try Self.find(id, owner, db)
        }
    }

    /// Counts a change. `time` moves the conversation up in the list.
    static func touch(_ conversation: Int64, _ db: Database, time: Double? = nil) throws {
        try db.execute(
            sql: """
                UPDATE conversations SET revision = revision + 1, updated = coalesce(?, updated)
                WHERE sequence = ?
                """, arguments: [time, conversation])
    }

    static func revision(_ conversation: Int64, _ db: Database) throws -> Int {
        try Int.fetchOne(
            db, sql: "SELECT revision FROM conversations WHERE sequence = ?",
            arguments: [conversation]) ?? 0
    }

    /// - Throws: ``APIError`` 404, or 400 for a leaf that is none of its messages.
    package func change(_ id: String, owner: String, _ change: ConversationChange) async throws
        -> StoredConversation
    {
        try await pool.write { db in
            let conversation = try Self.find(id, owner, db)
            let sequence = conversation.sequence
            if let title = change.title {
                try Self.set("title", title, sequence, db)
            }
            if let pinned = change.pinned { try Self.set("pinned", pinned, sequence, db) }
            if let settings = change.settings {
                try Self.set("settings", settings.json.text(), sequence, db)
            }
            if let message = change.activeLeaf {
                let leaf = try Self.newestLeaf(message, sequence, db)
                try Self.set("active_leaf", leaf, sequence, db)
            }
            try Self.touch(sequence, db)
            return try Self.find(id, owner, db)
        }
    }

    static func set(
        _ column: String, _ value: any DatabaseValueConvertible, _ conversation: Int64,
        _ db: Database
    ) throws {
        try db.execute(
            sql: "UPDATE conversations SET \(column) = ? WHERE sequence = ?",
            arguments: [value, conversation])
    }

    /// The end of the branch that the newest answer to each message goes along.
    private static func newestLeaf(_ id: String, _ conversation: Int64, _ db: Database) throws
        -> String
    {
        let leaf = try String.fetchOne(
            db,
            sql: """
                WITH RECURSIVE branch (sequence, id) AS (
                    SELECT sequence, id FROM messages WHERE id = ? AND conversation = ?
                    UNION ALL
                    SELECT m.sequence, m.id FROM messages m JOIN branch b
                    ON m.sequence = (SELECT sequence FROM messages WHERE parent = b.sequence
                        ORDER BY created DESC, sequence DESC LIMIT 1)
                )
                SELECT id FROM branch ORDER BY sequence DESC LIMIT 1
                """, arguments: [id, conversation])
        guard let leaf else {
            throw APIError.invalid("active_leaf", "is '\(id)', no message of this conversation")
        }
        return leaf
    }

    // MARK: - Deleting

    /// Hides a conversation; it can be restored for a while.
    /// - Returns: When it is gone for good, and its run.
    package func delete(_ id: String, owner: String) async throws -> (until: Double, run: String?) {
        let time = now()
        let run = try await pool.write { db in
            let conversation = try Self.find(id, owner, db)
            try Self.set("deleted", time, conversation.sequence, db)
            return conversation.activeRun
        }
        return (time + restorableSeconds, run)
    }

    /// - Throws: ``APIError`` 404 if it was not deleted or too long ago.
    package func restore(_ id: String, owner: String) async throws -> StoredConversation {
        let limit = now() - restorableSeconds
        return try await pool.write { db in
            let conversation = try Self.find(id, owner, db, deleted: true)
            try db.execute(
                sql: """
                    UPDATE conversations SET deleted = NULL, revision = revision + 1
                    WHERE sequence = ? AND deleted >= ?
                    """, arguments: [conversation.sequence, limit])
            // Still hidden, hence not found, if it was too late.
            return try Self.find(id, owner, db)
        }
    }

    /// Removes for good what was deleted longer ago than it can be restored.
    package func purge() async throws {
        let limit = now() - restorableSeconds
        try await pool.write { db in
            try db.execute(sql: "DELETE FROM conversations WHERE deleted < ?", arguments: [limit])
        }
    }
}

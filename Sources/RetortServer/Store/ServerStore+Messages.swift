// SPDX-License-Identifier: Apache-2.0

import GRDB
import RetortJSON

extension ServerStore {
    /// Adds a user's message and shows the branch that it ends.
    /// - Throws: ``APIError`` 404, or 400 for a parent that is no answer of this conversation.
    package func addMessage(_ id: String, owner: String, parent: String?, content: String)
        async throws -> (message: StoredMessage, revision: Int)
    {
        let time = now()
        var message = StoredMessage(
            id: Identifier.make("m_"), parent: parent, role: .user, content: content, created: time)
        message.status = .complete
        let new = message
        return try await pool.write { db in
            let conversation = try Self.find(id, owner, db)
            try Self.insert(new, conversation.sequence, db)
            if conversation.title == nil {
                try Self.set("title", Self.title(content), conversation.sequence, db)
            }
            try Self.set("active_leaf", new.id, conversation.sequence, db)
            try Self.touch(conversation.sequence, db, time: time)
            return (new, try Self.revision(conversation.sequence, db))
        }
    }

    /// The first line, at most 60 characters of it.
    static func title(_ content: String) -> String {
        let line =
            content.split(whereSeparator: \.isNewline)
            .first { $0.contains { !$0.isWhitespace } } ?? ""
        let words = line.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return String(words.prefix(60))
    }

    /// - Returns: Its place.
    @discardableResult
    static func insert(_ message: StoredMessage, _ conversation: Int64, _ db: Database) throws
        -> Int64
    {
        var parent: Int64?
        if let id = message.parent {
            let role: StoredMessage.Role = message.role == .user ? .assistant : .user
            parent = try Int64.fetchOne(
                db,
                sql: "SELECT sequence FROM messages WHERE id = ? AND conversation = ? AND role = ?",
                arguments: [id, conversation, role.rawValue])
            guard parent != nil else {
                throw APIError.invalid(
                    "parent", "is '\(id)', no \(role.rawValue) message of this conversation")
            }
        }
        try db.execute(
            sql: """
                INSERT INTO messages (id, conversation, parent, role, content, reasoning, created,
                    status, finish_reason, error_message, error_code, model, usage, timings, cost)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                message.id, conversation, parent, message.role.rawValue, message.content,
                message.reasoning, message.created, message.status.rawValue, message.finishReason,
                message.failure?.message, message.failure?.code, message.model,
                message.usage.columnText, message.timings.columnText, message.cost.columnText,
            ])
        return db.lastInsertedRowID
    }

    static func message(_ id: String, _ db: Database) throws -> StoredMessage {
        guard
            let row = try Row.fetchOne(
                db, sql: StoredMessage.select + " WHERE m.id = ?", arguments: [id])
        else { throw APIError.notFound("there is no message \(id)", param: "id") }
        return try StoredMessage(row)
    }
}

extension JSONValue {
    /// As a column keeps it.
    var columnText: String? { isNull ? nil : text() }
}

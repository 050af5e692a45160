// SPDX-License-Identifier: Apache-2.0
//
// A run's texts are kept beside its message until it ends, so that saving it every second does not
// touch the search index. What a crash leaves behind is what was saved last.

import GRDB
import HTTPTypes
import RetortJSON

/// A run that begins.
package struct RunStart: Sendable {
    package enum Place: Sendable {
        /// A new answer to this message of the user.
        case answer(String)
        /// This answer goes on.
        case continuation(String)
    }

    package var place: Place
    package var model: String?

    package init(_ place: Place, model: String?) {
        self.place = place
        self.model = model
    }
}

/// How a run ended.
package struct RunEnd: Sendable {
    package var status: StoredMessage.Status
    package var finishReason: String?
    package var failure: StoredMessage.Failure?
    package var content: String
    package var reasoning: String
    package var model: String?
    package var usage = JSONValue.null
    package var timings = JSONValue.null
    package var cost = JSONValue.null

    package init(
        _ status: StoredMessage.Status, finishReason: String? = nil, content: String,
        reasoning: String
    ) {
        self.status = status
        self.finishReason = finishReason
        self.content = content
        self.reasoning = reasoning
    }
}

extension ServerStore {
    /// Begins a run: its message is there from now on.
    /// - Throws: ``APIError`` 404, 409 if the conversation has one, 400 for a message that cannot be
    ///   answered or gone on with.
    package func beginRun(_ id: String, owner: String, _ start: RunStart) async throws -> (
        run: String, message: StoredMessage, revision: Int
    ) {
        let time = now()
        let run = Identifier.make("r_")
        return try await pool.write { db in
            let conversation = try Self.find(id, owner, db)
            if let active = conversation.activeRun { throw APIError.runActive(active) }
            let messageID: String
            switch start.place {
            case .answer(let parent):
                var message = StoredMessage(
                    id: Identifier.make("m_"), parent: parent, role: .assistant, content: "",
                    created: time)
                message.reasoning = ""
                message.status = .streaming
                message.model = start.model
                try Self.insert(message, conversation.sequence, db)
                messageID = message.id
            case .continuation(let id):
                try db.execute(
                    sql: """
                        UPDATE messages SET status = 'streaming', finish_reason = NULL,
                            error_message = NULL, error_code = NULL, model = coalesce(?, model)
                        WHERE id = ? AND conversation = ? AND role = 'assistant'
                            AND (finish_reason IN ('length', 'stopped', 'context')
                                OR status = 'error')
                        """, arguments: [start.model, id, conversation.sequence])
                guard db.changesCount == 1 else {
                    throw APIError.invalid(
                        "continue", "is '\(id)', no answer of this conversation that was cut short")
                }
                messageID = id
            }
            try db.execute(
                sql: """
                    INSERT INTO runs (id, conversation, message, content, reasoning, started)
                    SELECT ?, conversation, sequence, content, coalesce(reasoning, ''), ?
                    FROM messages WHERE id = ?
                    """, arguments: [run, time, messageID])
            try Self.set("active_leaf", messageID, conversation.sequence, db)
            try Self.touch(conversation.sequence, db, time: time)
            return (
                run, try Self.message(messageID, db), try Self.revision(conversation.sequence, db)
            )
        }
    }

    /// Keeps what was made so far.
    package func saveRun(_ run: String, content: String, reasoning: String) async throws {
        try await pool.write { db in
            try db.execute(
                sql: "UPDATE runs SET content = ?, reasoning = ? WHERE id = ?",
                arguments: [content, reasoning, run])
        }
    }

    /// Ends a run.
    /// - Throws: ``APIError`` 404 if there is no such run any more.
    package func endRun(_ run: String, _ end: RunEnd) async throws -> (
        message: StoredMessage, revision: Int
    ) {
        let time = now()
        return try await pool.write { db in
            try Self.end(run, end, time, db)
        }
    }

    private static func end(_ run: String, _ end: RunEnd, _ time: Double, _ db: Database) throws
        -> (
            message: StoredMessage, revision: Int
        )
    {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT r.conversation, m.id FROM runs r JOIN messages m ON m.sequence = r.message
                WHERE r.id = ?
                """, arguments: [run])
        guard let row else { throw APIError.notFound("there is no run \(run)", param: "id") }
        let (conversation, message): (Int64, String) = (row["conversation"], row["id"])
        try db.execute(sql: "DELETE FROM runs WHERE id = ?", arguments: [run])
        try db.execute(
            sql: """
                UPDATE messages SET content = ?, reasoning = ?, status = ?, finish_reason = ?,
                    error_message = ?, error_code = ?, model = coalesce(?, model),
                    usage = coalesce(?, usage), timings = coalesce(?, timings),
                    cost = coalesce(?, cost)
                WHERE id = ?
                """,
            arguments: [
                end.content, end.reasoning, end.status.rawValue, end.finishReason,
                end.failure?.message, end.failure?.code, end.model, end.usage.columnText,
                end.timings.columnText, end.cost.columnText, message,
            ])
        try touch(conversation, db, time: time)
        return (try Self.message(message, db), try revision(conversation, db))
    }

    /// Ends the runs that a server left behind which did not stop properly. For a server that
    /// begins: no other may work on the file.
    /// - Returns: How many there were.
    @discardableResult
    package func recoverRuns() throws -> Int {
        let time = now()
        return try pool.write { db in
            let rows = try Row.fetchAll(db, sql: "SELECT id, content, reasoning FROM runs")
            for row in rows {
                var end = RunEnd(
                    .error, content: row.text("content"), reasoning: row.text("reasoning"))
                end.failure = .serverRestarted
                _ = try Self.end(row.text("id"), end, time, db)
            }
            return rows.count
        }
    }
}

extension StoredMessage.Failure {
    static let serverRestarted = Self(
        message: "the server was stopped while it wrote this answer; go on with it to get the rest",
        code: "server_restarted")
}

extension APIError {
    static func runActive(_ run: String) -> APIError {
        APIError(
            .conflict, "this conversation has an answer in the making; wait for it or stop it",
            param: run, code: "run_active")
    }
}

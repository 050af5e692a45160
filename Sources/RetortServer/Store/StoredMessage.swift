// SPDX-License-Identifier: Apache-2.0

import GRDB
import RetortJSON

/// A message of a conversation's tree.
package struct StoredMessage: Sendable, Equatable {
    package enum Role: String, Sendable { case user, assistant }
    package enum Status: String, Sendable { case streaming, complete, stopped, error }

    package struct Failure: Sendable, Equatable {
        package var message: String
        package var code: String
    }

    package var id: String
    package var parent: String?
    package var role: Role
    package var content: String
    /// Nil for the user's.
    package var reasoning: String?
    package var created: Double
    package var status = Status.complete
    package var finishReason: String?
    package var failure: Failure?
    /// The run that writes it.
    package var run: String?
    package var model: String?
    package var usage = JSONValue.null
    package var timings = JSONValue.null
    package var cost = JSONValue.null
    /// Its place in the database.
    var sequence: Int64 = 0

    init(id: String, parent: String?, role: Role, content: String, created: Double) {
        self.id = id
        self.parent = parent
        self.role = role
        self.content = content
        self.created = created
    }

    /// A row of ``select``.
    init(_ row: Row) throws {
        sequence = row["sequence"]
        id = row["id"]
        parent = row["parent_id"]
        guard let role = Role(rawValue: row.text("role")),
            let status = Status(rawValue: row.text("status"))
        else { throw ServerError("the message \(row.text("id")) has an unknown role or status") }
        self.role = role
        self.status = status
        run = row["run_id"]
        // While it is being made, its texts are the run's.
        content = row["run_content"] ?? row.text("content")
        reasoning = row["run_reasoning"] ?? row["reasoning"]
        created = row["created"]
        finishReason = row["finish_reason"]
        if let code = row["error_code"] as String? {
            failure = Failure(message: row.text("error_message"), code: code)
        }
        model = row["model"]
        usage = try Self.json(row["usage"])
        timings = try Self.json(row["timings"])
        cost = try Self.json(row["cost"])
    }

    static let select = """
        SELECT m.*, p.id AS parent_id, r.id AS run_id, r.content AS run_content,
            r.reasoning AS run_reasoning
        FROM messages m LEFT JOIN messages p ON p.sequence = m.parent
            LEFT JOIN runs r ON r.message = m.sequence
        """

    private static func json(_ text: String?) throws -> JSONValue {
        guard let text else { return .null }
        return try JSONValue(parsing: text)
    }

    package var json: JSONValue {
        [
            "id": .string(id), "parent": .text(parent), "role": .string(role.rawValue),
            "content": .string(content), "reasoning": .text(reasoning), "created": .double(created),
            "status": .string(status.rawValue), "finish_reason": .text(finishReason),
            "error": failure.map { ["message": .string($0.message), "code": .string($0.code)] }
                ?? .null,
            "run": .text(run), "model": .text(model), "usage": usage, "timings": timings,
            "cost": cost,
        ]
    }
}

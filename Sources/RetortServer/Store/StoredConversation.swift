// SPDX-License-Identifier: Apache-2.0

import GRDB
import RetortJSON

/// A conversation; its messages are there where they were asked for.
package struct StoredConversation: Sendable, Equatable {
    package var id: String
    package var title: String?
    package var pinned: Bool
    package var created: Double
    package var updated: Double
    package var revision: Int
    package var messageCount: Int
    package var activeRun: String?
    /// Text around a match.
    package var snippet: String?
    package var settings: ChatSettings
    package var activeLeaf: String?
    /// Every message of every branch, parents first.
    package var tree: [StoredMessage] = []
    /// Its place in the database.
    var sequence: Int64

    /// A row of ``select``.
    init(_ row: Row) throws {
        sequence = row["sequence"]
        id = row["id"]
        title = row["title"]
        pinned = row["pinned"]
        created = row["created"]
        updated = row["updated"]
        revision = row["revision"]
        messageCount = row["message_count"]
        activeRun = row["run_id"]
        settings = try ChatSettings(stored: row.text("settings"))
        activeLeaf = row["active_leaf"]
    }

    static let select = """
        SELECT c.*, r.id AS run_id,
            (SELECT count(*) FROM messages WHERE conversation = c.sequence) AS message_count
        FROM conversations c LEFT JOIN runs r ON r.conversation = c.sequence
        """

    /// The messages from the first one to `id`; empty if it is not there.
    func branch(to id: String?) -> [StoredMessage] {
        let byID = Dictionary(tree.map { ($0.id, $0) }) { first, _ in first }
        var branch: [StoredMessage] = []
        var next = id
        while let id = next, let message = byID[id], branch.count < tree.count {
            branch.append(message)
            next = message.parent
        }
        return branch.reversed()
    }

    func message(_ id: String, _ role: StoredMessage.Role) -> StoredMessage? {
        tree.first { $0.id == id && $0.role == role }
    }

    package var summary: JSONValue { .object(summaryObject) }

    private var summaryObject: JSONObject {
        JSONObject([
            ("id", .string(id)), ("title", .text(title)), ("pinned", .bool(pinned)),
            ("created", .double(created)), ("updated", .double(updated)),
            ("revision", .count(revision)), ("messages", .count(messageCount)),
            ("active_run", .text(activeRun)), ("snippet", .text(snippet)),
        ])
    }

    package var json: JSONValue {
        var object = summaryObject
        object["settings"] = settings.json
        object["active_leaf"] = .text(activeLeaf)
        object["tree"] = .array(tree.map(\.json))
        return .object(object)
    }
}

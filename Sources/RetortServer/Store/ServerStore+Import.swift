// SPDX-License-Identifier: Apache-2.0

import GRDB
import RetortJSON

/// A conversation of an export, checked.
package struct ImportedConversation: Sendable {
    var title: String?
    var pinned: Bool
    var created: Double
    var updated: Double
    var settings: ChatSettings
    var activeLeaf: String?
    /// Parents first. Ids are new.
    var tree: [StoredMessage]
}

extension ServerStore {
    /// Takes conversations in, all or none.
    package func take(_ items: [ImportedConversation], owner: String) async throws
        -> [StoredConversation]
    {
        try await pool.write { db in
            var taken: [StoredConversation] = []
            for item in items {
                let id = Identifier.make("c_")
                try db.execute(
                    sql: """
                        INSERT INTO conversations (id, owner, title, pinned, created, updated,
                            settings, active_leaf) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                        """,
                    arguments: [
                        id, owner, item.title, item.pinned, item.created, item.updated,
                        item.settings.json.text(), item.activeLeaf,
                    ])
                let sequence = db.lastInsertedRowID
                for message in item.tree { try Self.insert(message, sequence, db) }
                taken.append(try Self.find(id, owner, db))
            }
            return taken
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The tables. A migration that was released is never changed: a new one follows it.

import GRDB

extension ServerStore {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 keys") { db in try db.execute(sql: keys) }
        migrator.registerMigration("2 conversations") { db in try db.execute(sql: conversations) }
        migrator.registerMigration("3 search") { db in try db.execute(sql: search) }
        return migrator
    }

    private static let keys = """
        CREATE TABLE keys (
            id TEXT PRIMARY KEY NOT NULL,
            name TEXT NOT NULL,
            -- The first letters, for lists. The key itself is nowhere.
            prefix TEXT NOT NULL,
            hash BLOB NOT NULL UNIQUE,
            scopes TEXT NOT NULL,
            created REAL NOT NULL,
            revoked REAL,
            last_used REAL,
            requests_per_minute INTEGER CHECK (requests_per_minute > 0),
            tokens_per_day INTEGER CHECK (tokens_per_day > 0)
        ) STRICT;
        CREATE TABLE usage (
            key TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
            -- Days since 1970-01-01, UTC.
            day INTEGER NOT NULL,
            requests INTEGER NOT NULL,
            prompt_tokens INTEGER NOT NULL,
            cached_tokens INTEGER NOT NULL,
            completion_tokens INTEGER NOT NULL,
            PRIMARY KEY (key, day)
        ) STRICT, WITHOUT ROWID;
        """

    private static let conversations = """
        CREATE TABLE settings (
            -- A key's id, empty where the server has no keys.
            owner TEXT PRIMARY KEY NOT NULL,
            value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE conversations (
            sequence INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            owner TEXT NOT NULL,
            title TEXT,
            pinned INTEGER NOT NULL DEFAULT 0,
            created REAL NOT NULL,
            updated REAL NOT NULL,
            revision INTEGER NOT NULL DEFAULT 1,
            settings TEXT NOT NULL,
            active_leaf TEXT,
            deleted REAL
        ) STRICT;
        CREATE INDEX conversations_in_order
            ON conversations (owner, pinned DESC, updated DESC, sequence DESC)
            WHERE deleted IS NULL;
        CREATE TABLE messages (
            -- Grows along every branch, and from an older to a newer answer.
            sequence INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            conversation INTEGER NOT NULL REFERENCES conversations (sequence) ON DELETE CASCADE,
            parent INTEGER REFERENCES messages (sequence) ON DELETE CASCADE,
            role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
            content TEXT NOT NULL,
            reasoning TEXT,
            created REAL NOT NULL,
            status TEXT NOT NULL CHECK (status IN ('streaming', 'complete', 'stopped', 'error')),
            finish_reason TEXT,
            error_message TEXT,
            error_code TEXT,
            model TEXT,
            usage TEXT,
            timings TEXT,
            cost TEXT
        ) STRICT;
        CREATE INDEX messages_of_conversation ON messages (conversation);
        CREATE INDEX messages_of_parent ON messages (parent);
        -- Answers in the making with their texts so far; a row goes with the run's end.
        CREATE TABLE runs (
            id TEXT PRIMARY KEY NOT NULL,
            conversation INTEGER NOT NULL UNIQUE
                REFERENCES conversations (sequence) ON DELETE CASCADE,
            message INTEGER NOT NULL UNIQUE REFERENCES messages (sequence) ON DELETE CASCADE,
            content TEXT NOT NULL,
            reasoning TEXT NOT NULL,
            started REAL NOT NULL
        ) STRICT;
        """

    private static let search = """
        CREATE VIRTUAL TABLE titles USING fts5 (
            title, content = 'conversations', content_rowid = 'sequence', prefix = '2 3',
            tokenize = 'unicode61 remove_diacritics 2');
        CREATE TRIGGER title_added AFTER INSERT ON conversations BEGIN
            INSERT INTO titles (rowid, title) VALUES (new.sequence, new.title);
        END;
        CREATE TRIGGER title_removed AFTER DELETE ON conversations BEGIN
            INSERT INTO titles (titles, rowid, title) VALUES ('delete', old.sequence, old.title);
        END;
        CREATE TRIGGER title_changed AFTER UPDATE OF title ON conversations BEGIN
            INSERT INTO titles (titles, rowid, title) VALUES ('delete', old.sequence, old.title);
            INSERT INTO titles (rowid, title) VALUES (new.sequence, new.title);
        END;
        CREATE VIRTUAL TABLE texts USING fts5 (
            content, content = 'messages', content_rowid = 'sequence', prefix = '2 3',
            tokenize = 'unicode61 remove_diacritics 2');
        CREATE TRIGGER text_added AFTER INSERT ON messages BEGIN
            INSERT INTO texts (rowid, content) VALUES (new.sequence, new.content);
        END;
        CREATE TRIGGER text_removed AFTER DELETE ON messages BEGIN
            INSERT INTO texts (texts, rowid, content) VALUES ('delete', old.sequence, old.content);
        END;
        CREATE TRIGGER text_changed AFTER UPDATE OF content ON messages BEGIN
            INSERT INTO texts (texts, rowid, content) VALUES ('delete', old.sequence, old.content);
            INSERT INTO texts (rowid, content) VALUES (new.sequence, new.content);
        END;
        """
}

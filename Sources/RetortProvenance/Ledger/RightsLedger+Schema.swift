// SPDX-License-Identifier: Apache-2.0
//
// The tables. A migration that was released is never changed: a new one follows it.

import GRDB

extension RightsLedger {
    /// "RTRL": tells a ledger from other SQLite files.
    static let applicationID: Int64 = 0x5254_524C

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 ledger") { db in
            try db.execute(sql: tables)
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
        }
        // A text may have several names, and come from several sources into several shards.
        migrator.registerMigration("2 names of works") { db in try db.execute(sql: names) }
        return migrator
    }

    private static let names = """
        CREATE TABLE name (
            name TEXT NOT NULL,
            artefact INTEGER NOT NULL REFERENCES artefact (id),
            PRIMARY KEY (name, artefact)
        ) STRICT, WITHOUT ROWID;
        ALTER TABLE edge ADD COLUMN source BLOB REFERENCES source (hash);
        """

    // Hashes are 32 bytes, times seconds since 1970, details and rights JSON.
    private static let tables = """
        CREATE TABLE source (
            hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
            name TEXT NOT NULL,
            licence TEXT NOT NULL,
            url TEXT,
            rights TEXT NOT NULL,
            created REAL NOT NULL
        ) STRICT;
        CREATE INDEX source_url ON source (url) WHERE url IS NOT NULL;
        CREATE TABLE artefact (
            id INTEGER PRIMARY KEY,
            hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            size INTEGER,
            created REAL NOT NULL,
            path TEXT,
            source BLOB REFERENCES source (hash),
            -- Of a work's normalised text: finds it where case, spaces and marks differ.
            text_hash BLOB,
            details TEXT
        ) STRICT;
        CREATE INDEX artefact_name ON artefact (name);
        CREATE INDEX artefact_path ON artefact (path) WHERE path IS NOT NULL;
        CREATE INDEX artefact_source ON artefact (source) WHERE source IS NOT NULL;
        CREATE INDEX artefact_text ON artefact (text_hash) WHERE text_hash IS NOT NULL;
        -- A sample is no row: a work's edge to a shard says which samples are its.
        CREATE TABLE edge (
            origin INTEGER NOT NULL REFERENCES artefact (id),
            target INTEGER NOT NULL REFERENCES artefact (id),
            how TEXT NOT NULL,
            details TEXT,
            PRIMARY KEY (origin, target, how)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX edge_target ON edge (target);
        -- What said whether a source may be mined, as it was read.
        CREATE TABLE evidence (
            source BLOB NOT NULL REFERENCES source (hash),
            protocol TEXT NOT NULL,
            url TEXT NOT NULL,
            fetched REAL NOT NULL,
            snapshot BLOB NOT NULL REFERENCES snapshot (hash),
            verdict TEXT NOT NULL CHECK (verdict IN ('reserved', 'permitted', 'silent')),
            reason TEXT NOT NULL,
            PRIMARY KEY (source, protocol, url, fetched)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE snapshot (
            hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
            -- NULL where only the hash came, with a model's lineage.
            bytes BLOB
        ) STRICT;
        -- What the gate said of a run, and who went on against it and why.
        CREATE TABLE decision (
            id INTEGER PRIMARY KEY,
            artefact INTEGER NOT NULL REFERENCES artefact (id),
            verdict TEXT NOT NULL,
            record TEXT NOT NULL,
            created REAL NOT NULL,
            -- With a model from elsewhere.
            imported INTEGER NOT NULL,
            UNIQUE (artefact, record)
        ) STRICT;
        -- Files that were hashed, so that they are not read again while they stay the same.
        CREATE TABLE seen (
            path TEXT PRIMARY KEY,
            size INTEGER NOT NULL,
            modified REAL NOT NULL,
            inode INTEGER NOT NULL,
            hash BLOB NOT NULL CHECK (length(hash) = 32)
        ) STRICT, WITHOUT ROWID;
        """
}

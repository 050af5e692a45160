// SPDX-License-Identifier: Apache-2.0
//
// The tables. A migration that was released is never changed: a new one follows it.

import GRDB

extension RequestCache {
    /// "RTRC": tells a cache from other SQLite files.
    static let applicationID: Int64 = 0x5254_5243

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 requests") { db in
            try db.execute(sql: requests)
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
        }
        return migrator
    }

    // Amounts are picodollars, times seconds since 1970.
    private static let requests = """
        CREATE TABLE requests (
            sequence INTEGER PRIMARY KEY,
            hash TEXT NOT NULL UNIQUE,
            model TEXT NOT NULL,
            sample INTEGER NOT NULL,
            -- What was hashed.
            request TEXT NOT NULL,
            state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'failed')),
            created REAL NOT NULL,
            finished REAL,
            -- Who sends it now, until when nobody else does, and what is set aside for it.
            owner TEXT,
            lease_until REAL,
            reserved INTEGER NOT NULL DEFAULT 0,
            -- Whose lease ran out last, and what was then counted as perhaps spent.
            lost_owner TEXT,
            lost INTEGER NOT NULL DEFAULT 0,
            leases INTEGER NOT NULL DEFAULT 0,
            -- Perhaps charged, for tries whose answer did not arrive.
            uncertain INTEGER NOT NULL DEFAULT 0,
            cost INTEGER NOT NULL DEFAULT 0,
            -- Whether its price was known: 'usage' by the tokens counted, 'bound' at most.
            cost_basis TEXT CHECK (cost_basis IN ('usage', 'bound')),
            response BLOB,
            finish_reason TEXT,
            prompt_tokens INTEGER,
            cached_tokens INTEGER,
            completion_tokens INTEGER,
            reasoning_tokens INTEGER,
            source TEXT CHECK (source IN ('online', 'batch')),
            failure_kind TEXT,
            failure TEXT,
            CHECK ((state = 'done') = (response IS NOT NULL)),
            CHECK ((state = 'failed') = (failure IS NOT NULL))
        ) STRICT;
        CREATE INDEX requests_leased ON requests (lease_until) WHERE owner IS NOT NULL;
        CREATE INDEX requests_failed ON requests (sequence) WHERE state = 'failed';
        -- One row: the sums, so that a budget need not add up all requests before each.
        CREATE TABLE ledger (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            cost INTEGER NOT NULL,
            uncertain INTEGER NOT NULL,
            reserved INTEGER NOT NULL
        ) STRICT;
        INSERT INTO ledger VALUES (1, 0, 0, 0);
        CREATE TRIGGER request_changed AFTER UPDATE OF cost, uncertain, reserved ON requests
        BEGIN
            UPDATE ledger SET cost = cost + new.cost - old.cost,
                uncertain = uncertain + new.uncertain - old.uncertain,
                reserved = reserved + new.reserved - old.reserved;
        END;
        """
}

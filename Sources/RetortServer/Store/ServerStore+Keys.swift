// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import GRDB

extension ServerStore {
    /// Makes a key.
    /// - Returns: The key, which cannot be had again, and what is kept of it.
    /// - Throws: ``ServerError`` for a name that is empty or too long, or a limit that is not above 0.
    public func addKey(
        name: String, scopes: Set<KeyScope> = [.api, .app], requestsPerMinute: Int? = nil,
        tokensPerDay: Int? = nil
    ) throws -> (key: String, stored: StoredKey) {
        guard !name.isEmpty, name.count <= 100 else {
            throw ServerError("a key's name has 1 to 100 characters, this one has \(name.count)")
        }
        guard !scopes.isEmpty else { throw ServerError("the key may do nothing; give it a scope") }
        for limit in [requestsPerMinute, tokensPerDay] {
            if let limit, limit < 1 { throw ServerError("a limit is \(limit), expected 1 or more") }
        }
        let secret = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
        let key =
            "rt-"
            + secret.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
        let id = Identifier.make("key_")
        let time = now()
        let stored = try pool.write { db in
            try db.execute(
                sql: """
                    INSERT INTO keys (id, name, prefix, hash, scopes, created, requests_per_minute,
                        tokens_per_day) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    id, name, String(key.prefix(9)), Self.hash(key),
                    KeyScope.allCases.filter(scopes.contains).map(\.rawValue).joined(
                        separator: " "),
                    time, requestsPerMinute, tokensPerDay,
                ])
            return try Self.key(id, db)
        }
        return (key, stored)
    }

    static func hash(_ key: String) -> Data { Data(SHA256.hash(data: Data(key.utf8))) }

    private static func key(_ id: String, _ db: Database) throws -> StoredKey {
        guard
            let row = try Row.fetchOne(db, sql: "SELECT * FROM keys WHERE id = ?", arguments: [id])
        else {
            throw ServerError("there is no key \(id); `retort keys list` shows those there are")
        }
        return StoredKey(row)
    }

    /// All keys, the oldest first; revoked ones too.
    public func keys() throws -> [StoredKey] {
        try pool.read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM keys ORDER BY created, id").map {
                StoredKey($0)
            }
        }
    }

    /// Revokes a key; once more changes nothing.
    /// - Throws: ``ServerError`` if there is none with this id.
    @discardableResult
    public func revokeKey(_ id: String) throws -> StoredKey {
        let time = now()
        return try pool.write { db in
            _ = try Self.key(id, db)
            try db.execute(
                sql: "UPDATE keys SET revoked = ? WHERE id = ? AND revoked IS NULL",
                arguments: [time, id])
            return try Self.key(id, db)
        }
    }

    /// A key's use by day, the newest first. Days are counted from 1970.
    public func usage(of key: String) throws -> [(day: Int, usage: KeyUsage)] {
        try pool.read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM usage WHERE key = ? ORDER BY day DESC", arguments: [key]
            ).map { ($0["day"], Self.usage($0)) }
        }
    }

    private static func usage(_ row: Row) -> KeyUsage {
        var usage = KeyUsage()
        usage.requests = row["requests"]
        usage.promptTokens = row["prompt_tokens"]
        usage.cachedTokens = row["cached_tokens"]
        usage.completionTokens = row["completion_tokens"]
        return usage
    }

    /// What a key did on a day and was not written yet.
    struct UsageEntry: Hashable {
        var key: String
        var day: Int
    }

    /// Writes what was counted, in one transaction, and reads the keys and what they used on a day.
    func synchronizeKeys(
        _ counted: [UsageEntry: KeyUsage], lastUsed: [String: Double], day: Int
    ) async throws -> (keys: [StoredKey], used: [String: KeyUsage]) {
        guard !counted.isEmpty || !lastUsed.isEmpty else {
            return try await pool.read { db in try Self.keysAndUsage(day, db) }
        }
        return try await pool.write { db in
            for (entry, usage) in counted { try Self.add(usage, entry, db) }
            for (key, time) in lastUsed {
                try db.execute(
                    sql: "UPDATE keys SET last_used = ? WHERE id = ?", arguments: [time, key])
            }
            return try Self.keysAndUsage(day, db)
        }
    }

    private static func add(_ usage: KeyUsage, _ entry: UsageEntry, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO usage SELECT id, ?, ?, ?, ?, ? FROM keys WHERE id = ?
                ON CONFLICT (key, day) DO UPDATE SET
                    requests = requests + excluded.requests,
                    prompt_tokens = prompt_tokens + excluded.prompt_tokens,
                    cached_tokens = cached_tokens + excluded.cached_tokens,
                    completion_tokens = completion_tokens + excluded.completion_tokens
                """,
            arguments: [
                entry.day, usage.requests, usage.promptTokens, usage.cachedTokens,
                usage.completionTokens, entry.key,
            ])
    }

    private static func keysAndUsage(_ day: Int, _ db: Database) throws -> (
        keys: [StoredKey], used: [String: KeyUsage]
    ) {
        let keys = try Row.fetchAll(db, sql: "SELECT * FROM keys ORDER BY created, id")
        let rows = try Row.fetchAll(db, sql: "SELECT * FROM usage WHERE day = ?", arguments: [day])
        let used = rows.map { ($0.text("key"), Self.usage($0)) }
        return (keys.map { StoredKey($0) }, Dictionary(used) { first, _ in first })
    }
}

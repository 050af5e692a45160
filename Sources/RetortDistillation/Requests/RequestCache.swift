// SPDX-License-Identifier: Apache-2.0
//
// Answers that were paid for. One SQLite file: an answer that was committed survives the process and
// the machine's power, and several processes may work on it.

import Foundation
import GRDB
import RetortStorage

/// Keeps each request's answer, who is asking for it now and what all of them cost.
public final class RequestCache: Sendable {
    let pool: DatabasePool
    let path: String
    /// Seconds since 1970.
    let now: @Sendable () -> Double

    /// Opens or makes the file.
    /// - Parameter now: Seconds since 1970; nil takes the machine's clock. Processes that share a
    ///   cache must agree on it within a few seconds.
    /// - Throws: ``DistillationError``: `foreign` if it is something else or of a newer version,
    ///   `damaged`, or `storage`.
    public init(path: String, now: (@Sendable () -> Double)? = nil) throws(DistillationError) {
        self.path = path
        self.now = now ?? { Date().timeIntervalSince1970 }
        do {
            let file = URL(fileURLWithPath: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            // Prompts may be private. SQLite gives its other files the same mode.
            if !FileManager.default.fileExists(atPath: path) {
                _ = FileManager.default.createFile(
                    atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
            }
            pool = try DatabaseFile(
                path, migrator: Self.migrator, applicationID: Self.applicationID
            ).open()
        } catch DatabaseFile.Refusal.foreign {
            throw DistillationError(
                .foreign,
                "\(path) is a database of another program; name a request cache or a new file")
        } catch DatabaseFile.Refusal.newer {
            throw DistillationError(
                .foreign,
                "\(path) was written by a newer retort; update this one or name another cache")
        } catch {
            throw Self.explained(error, path)
        }
    }

    /// Closes the file, which is then whole by itself unless another process has it open. Nothing
    /// can be read or written then.
    public func close() throws(DistillationError) {
        do {
            // Not while others read; the log then stays beside the file.
            _ = try? pool.writeWithoutTransaction { db in try db.checkpoint(.truncate) }
            try pool.close()
        } catch {
            throw Self.explained(error, path)
        }
    }

    /// Reads all pages and checks that they fit together; takes as long as reading the file.
    /// - Throws: ``DistillationError`` of kind `damaged`.
    public func verify() async throws(DistillationError) {
        let result = try await read { db in try String.fetchOne(db, sql: "PRAGMA quick_check") }
        guard result == "ok" else { throw Self.damaged(path) }
    }

    // MARK: Access

    /// Writes in one transaction, even when this task was cancelled: an answer that came is kept.
    func write<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value)
        async throws(DistillationError) -> Value
    {
        let pool = pool
        do {
            return try await Task { try await pool.write(body) }.value
        } catch {
            throw Self.explained(error, path)
        }
    }

    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value)
        async throws(DistillationError) -> Value
    {
        let pool = pool
        do {
            return try await Task { try await pool.read(body) }.value
        } catch {
            throw Self.explained(error, path)
        }
    }

    private static func damaged(_ path: String) -> DistillationError {
        DistillationError(
            .damaged,
            "\(path) is damaged; take a copy of it, then restore a backup, or save what can be read"
                + " with sqlite3's .recover")
    }

    private static func explained(_ error: any Error, _ path: String) -> DistillationError {
        if let error = error as? DistillationError { return error }
        guard let error = error as? DatabaseError else {
            return DistillationError(.storage, "the cache \(path) cannot be opened or written")
        }
        switch error.resultCode {
        case .SQLITE_NOTADB:
            return DistillationError(
                .foreign, "\(path) is no SQLite file; name a request cache or a new file")
        case .SQLITE_CORRUPT: return damaged(path)
        case .SQLITE_FULL:
            return DistillationError(
                .storage, "the disk that holds \(path) is full; make room and go on")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return DistillationError(
                .storage, "another process holds \(path) for too long; end it and go on")
        default:
            return DistillationError(
                .storage,
                "the cache \(path) cannot be used: \(error.message ?? "\(error.resultCode)")")
        }
    }
}

extension RequestCache {
    /// What the connection that writes was set to, for tests.
    package func pragmas() async throws(DistillationError) -> (
        journalMode: String?, synchronous: Int?
    ) {
        do {
            return try await pool.writeWithoutTransaction { db in
                (
                    try String.fetchOne(db, sql: "PRAGMA journal_mode"),
                    try Int.fetchOne(db, sql: "PRAGMA synchronous")
                )
            }
        } catch {
            throw Self.explained(error, path)
        }
    }
}

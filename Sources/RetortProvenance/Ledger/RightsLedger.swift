// SPDX-License-Identifier: Apache-2.0
//
// What models were made of. One SQLite file: a record that was committed survives the process and the
// machine's power, and several processes may write at the same time. Records are added and never
// changed; only where a file was seen last is.

import Foundation
import GRDB

/// Keeps sources, works, shards, runs and models, and what came from what.
public final class RightsLedger: Sendable {
    /// The file's usual name, beside the directories of runs.
    public static let fileName = "ledger.sqlite"

    let pool: DatabasePool
    public let path: String
    /// Seconds since 1970.
    let now: @Sendable () -> Double

    /// Opens the file, or makes it.
    /// - Parameters:
    ///   - create: Whether a file that is not there is made; a question to a ledger should say no.
    ///   - now: Seconds since 1970; nil takes the machine's clock.
    /// - Throws: ``ProvenanceError`` if there is none, or it is something else, damaged, of a newer
    ///   version or not writable. A file of a newer version is left as it is.
    public init(path: String, create: Bool = true, now: (@Sendable () -> Double)? = nil)
        throws(ProvenanceError)
    {
        self.path = path
        self.now = now ?? { Date().timeIntervalSince1970 }
        do {
            if !FileManager.default.fileExists(atPath: path) {
                guard create else {
                    throw ProvenanceError(
                        "there is no ledger \(path)", expected: "what a run recorded",
                        advice: "name it, or record something first")
                }
                try FileManager.default.createDirectory(
                    at: URL(fileURLWithPath: path).deletingLastPathComponent(),
                    withIntermediateDirectories: true)
            }
            pool = try Self.patiently { try Self.open(path) }
        } catch {
            throw Self.explained(error, path)
        }
    }

    private static func open(_ path: String) throws -> DatabasePool {
        // Before SQLite may write into a file that is not ours.
        try checkOrigin(path)
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(30)
        let pool = try DatabasePool(path: path, configuration: configuration)
        // Opening chose NORMAL, with which the last commits are lost with the power.
        try pool.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA synchronous = FULL") }
        try migrator.migrate(pool)
        return pool
    }

    /// Where several processes open a new file at once, each changes its journal's kind and makes the
    /// tables. SQLite then says at once that it is busy, without the patience that it was given, or
    /// that the tables are there.
    private static func patiently<Value>(_ body: () throws -> Value) throws -> Value {
        var patience = 100
        while true {
            do { return try body() } catch let error as DatabaseError {
                let mayPass: [ResultCode] = [
                    .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_ERROR, .SQLITE_CONSTRAINT,
                ]
                // What does not pass costs half a second.
                patience -= [.SQLITE_BUSY, .SQLITE_LOCKED].contains(error.resultCode) ? 1 : 10
                guard patience > 0, mayPass.contains(error.resultCode) else { throw error }
                Thread.sleep(forTimeInterval: 0.05)
            }
        }
    }

    /// The ledger of a directory of runs: what `RETORT_LEDGER` names, else the file beside `output`.
    public static func defaultPath(
        output: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> String {
        if let path = environment["RETORT_LEDGER"], !path.isEmpty { return path }
        let folder = URL(fileURLWithPath: output).standardizedFileURL.deletingLastPathComponent()
        return folder.appendingPathComponent(fileName).path
    }

    /// - Throws: ``ProvenanceError`` for a file that is neither empty nor a ledger that can be read.
    private static func checkOrigin(_ path: String) throws {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard let size = attributes?[.size] as? Int, size > 0 else { return }
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(30)
        let migrator = migrator
        let (id, tables, isNewer) = try DatabaseQueue(path: path, configuration: configuration).read
        {
            db in
            (
                try Int64.fetchOne(db, sql: "PRAGMA application_id") ?? 0,
                try Int.fetchOne(
                    db,
                    sql: """
                        SELECT count(*) FROM sqlite_schema
                        WHERE name NOT LIKE 'grdb_%' AND name NOT LIKE 'sqlite_%'
                        """) ?? 0,
                try migrator.hasBeenSuperseded(db)
            )
        }
        guard id == applicationID || (id == 0 && tables == 0) else {
            throw ProvenanceError(
                "\(path) is a database of another program", expected: "a ledger or a new file",
                advice: "name another file")
        }
        guard !isNewer else {
            throw ProvenanceError(
                "\(path) was written by a newer retort", expected: "a ledger of version 1",
                advice: "update this retort, or name another ledger; nothing was changed")
        }
    }

    /// Closes the file, which is then whole by itself unless another process has it open. Nothing
    /// can be read or written then.
    public func close() throws(ProvenanceError) {
        do {
            // Not while others read; the log then stays beside the file.
            _ = try? pool.writeWithoutTransaction { db in try db.checkpoint(.truncate) }
            try pool.close()
        } catch {
            throw Self.explained(error, path)
        }
    }

    // MARK: Access

    func write<Value>(_ body: (Database) throws -> Value) throws(ProvenanceError) -> Value {
        do { return try pool.write(body) } catch { throw Self.explained(error, path) }
    }

    func read<Value>(_ body: (Database) throws -> Value) throws(ProvenanceError) -> Value {
        do { return try pool.read(body) } catch { throw Self.explained(error, path) }
    }

    private static func explained(_ error: any Error, _ path: String) -> ProvenanceError {
        if let error = error as? ProvenanceError { return error }
        guard let error = error as? DatabaseError else {
            return ProvenanceError(
                "the ledger \(path) cannot be opened or written",
                advice: "check that its folder may be written")
        }
        switch error.resultCode {
        case .SQLITE_NOTADB:
            return ProvenanceError(
                "\(path) is no SQLite file", expected: "a ledger or a new file",
                advice: "name another file")
        case .SQLITE_CORRUPT:
            return ProvenanceError(
                "\(path) is damaged",
                advice: "take a copy of it, then restore a backup, or save what can be read with"
                    + " sqlite3's .recover")
        case .SQLITE_FULL:
            return ProvenanceError(
                "the disk that holds \(path) is full", advice: "make room and go on")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return ProvenanceError(
                "another process holds \(path) for too long", advice: "end it and go on")
        default:
            return ProvenanceError(
                "the ledger \(path) cannot be used: \(error.message ?? "\(error.resultCode)")",
                advice: "check that its folder may be written")
        }
    }
}

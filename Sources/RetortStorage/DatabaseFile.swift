// SPDX-License-Identifier: Apache-2.0
//
// The one way in which Retort's SQLite files are opened: the rights ledger, the request cache, the server's
// store. Nothing is written into a file of another program or of a newer version; a commit survives the power;
// several processes may open a new file at the same moment.

import Foundation
import GRDB

/// A file, and what must hold of it.
package struct DatabaseFile {
    /// Why a file is left alone.
    package enum Refusal: Error {
        /// A database of another program.
        case foreign
        /// A later version of Retort wrote it.
        case newer
    }

    private let path: String
    private let migrator: DatabaseMigrator
    /// In the file's head; nil takes any database for ours.
    private let applicationID: Int64?
    private let foreignKeys: Bool
    /// Seconds that a connection waits for another's transaction.
    private let patience: TimeInterval

    package init(
        _ path: String, migrator: DatabaseMigrator, applicationID: Int64? = nil,
        foreignKeys: Bool = false, patience: TimeInterval = 30
    ) {
        self.path = path
        self.migrator = migrator
        self.applicationID = applicationID
        self.foreignKeys = foreignKeys
        self.patience = patience
    }

    /// - Throws: ``Refusal``, or GRDB's error.
    package func open() throws -> DatabasePool {
        // Where several processes open a new file at once, each changes its journal's kind and makes the
        // tables. SQLite then says at once that it is busy, without the patience that it was given, or
        // that the tables are there.
        let patience = Duration.seconds(patience)
        let clock = ContinuousClock()
        let end = clock.now + max(patience, .seconds(5))
        // What does not pass costs half a second.
        var tries = 10
        while true {
            let start = clock.now
            do { return try openOnce() } catch let error as DatabaseError {
                switch error.resultCode {
                case .SQLITE_BUSY, .SQLITE_LOCKED:
                    // SQLite itself has waited already, or others did not let go.
                    if clock.now - start >= patience || clock.now >= end { throw error }
                case .SQLITE_ERROR, .SQLITE_CONSTRAINT:
                    tries -= 1
                    if tries == 0 { throw error }
                default: throw error
                }
                Thread.sleep(forTimeInterval: 0.05)
            }
        }
    }

    private func openOnce() throws -> DatabasePool {
        // Before SQLite may write into a file that is not ours.
        try check()
        var configuration = Configuration()
        configuration.foreignKeysEnabled = foreignKeys
        configuration.busyMode = .timeout(patience)
        let pool = try DatabasePool(path: path, configuration: configuration)
        // Opening chose NORMAL, with which the last commits are lost with the power.
        try pool.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA synchronous = FULL") }
        try migrator.migrate(pool)
        return pool
    }

    private func check() throws {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard let size = attributes?[.size] as? Int, size > 0 else { return }
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(patience)
        try DatabaseQueue(path: path, configuration: configuration).read { db in
            if let applicationID {
                let id = try Int64.fetchOne(db, sql: "PRAGMA application_id") ?? 0
                let tables =
                    try Int.fetchOne(
                        db,
                        sql: """
                            SELECT count(*) FROM sqlite_schema
                            WHERE name NOT LIKE 'grdb_%' AND name NOT LIKE 'sqlite_%'
                            """) ?? 0
                guard id == applicationID || (id == 0 && tables == 0) else {
                    throw Refusal.foreign
                }
            }
            if try migrator.hasBeenSuperseded(db) { throw Refusal.newer }
        }
    }
}

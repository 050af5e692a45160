// SPDX-License-Identifier: Apache-2.0
//
// What the server keeps: keys and their use, the app's conversations, answers in the making. One
// SQLite file. A write that was acknowledged survives the process and the machine's power.

import Foundation
import GRDB
import RetortStorage

/// The server's database.
public final class ServerStore: Sendable {
    let pool: DatabasePool
    /// Seconds since 1970.
    let now: @Sendable () -> Double
    /// How long a deleted conversation can be restored, in seconds.
    let restorableSeconds: Double

    /// Opens or makes the file and brings it to the newest schema.
    /// - Parameter now: Seconds since 1970; nil takes the machine's clock.
    /// - Throws: ``ServerError`` if it cannot be opened, is no database of this server or is of a
    ///   newer version.
    public init(
        path: String, restorableSeconds: Double = 600,
        now: (@Sendable () -> Double)? = nil
    ) throws(ServerError) {
        self.now = now ?? { WallClock.seconds }
        self.restorableSeconds = restorableSeconds
        do {
            let file = URL(fileURLWithPath: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            // Texts of conversations and hashes of keys are their owner's alone. SQLite gives its
            // other files the same mode.
            if !FileManager.default.fileExists(atPath: path) {
                _ = FileManager.default.createFile(
                    atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
            }
            // `retort keys` writes while the server runs.
            pool = try DatabaseFile(
                path, migrator: Self.migrator, foreignKeys: true, patience: 5
            ).open()
        } catch DatabaseFile.Refusal.newer {
            throw ServerError(
                "\(path) was written by a newer retort; update this one or name another --database")
        } catch {
            throw ServerError("the database \(path) cannot be opened: \(error)")
        }
    }

    /// `$RETORT_HOME/server.sqlite`, else `$XDG_DATA_HOME/retort/server.sqlite`, else
    /// `~/.local/share/retort/server.sqlite`.
    /// - Throws: ``ServerError`` if there is not even a home folder.
    public static func standardPath(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(ServerError) -> String {
        if let home = environment["RETORT_HOME"], !home.isEmpty {
            return URL(fileURLWithPath: home).appendingPathComponent("server.sqlite").path
        }
        if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") {
            return "\(data)/retort/server.sqlite"
        }
        if let home = environment["HOME"], !home.isEmpty {
            return "\(home)/.local/share/retort/server.sqlite"
        }
        throw ServerError("nowhere to keep the database: set RETORT_HOME to a folder, or HOME")
    }

    /// Closes the file. Nothing can be read or written then.
    public func close() throws { try pool.close() }
}

extension Row {
    /// A column that the schema says is there.
    func text(_ column: String) -> String { self[column] as String? ?? "" }
}

extension ServerStore {
    /// What the connection that writes was set to, for tests.
    package func pragmas() async throws -> (
        journalMode: String?, synchronous: Int?, foreignKeys: Int?
    ) {
        try await pool.writeWithoutTransaction { db in
            (
                try String.fetchOne(db, sql: "PRAGMA journal_mode"),
                try Int.fetchOne(db, sql: "PRAGMA synchronous"),
                try Int.fetchOne(db, sql: "PRAGMA foreign_keys")
            )
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// What models were made of. One SQLite file: a record that was committed survives the process and the
// machine's power, and several processes may write at the same time. Records are added and never
// changed; only where a file was seen last is.

import Foundation
import GRDB
import RetortStorage

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
            pool = try DatabaseFile(
                path, migrator: Self.migrator, applicationID: Self.applicationID, foreignKeys: true
            ).open()
        } catch DatabaseFile.Refusal.foreign {
            throw ProvenanceError(
                "\(path) is a database of another program", expected: "a ledger or a new file",
                advice: "name another file")
        } catch DatabaseFile.Refusal.newer {
            throw ProvenanceError(
                "\(path) was written by a newer retort", expected: "a ledger that this one knows",
                advice: "update this retort, or name another ledger; nothing was changed")
        } catch {
            throw Self.explained(error, path)
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

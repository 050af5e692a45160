// SPDX-License-Identifier: Apache-2.0

import GRDB
import RetortStorage
import TestSupport
import Testing

@Suite("Shared database files") struct DatabaseFileTests {
    @Test("a file that another keeps locked is waited for once, with the patience asked for")
    func locked() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("d.sqlite")
        let other = try DatabaseQueue(path: path)
        try other.write { db in try db.execute(sql: "CREATE TABLE t (a INTEGER) STRICT") }
        let file = DatabaseFile(path, migrator: DatabaseMigrator(), patience: 0.2)
        let clock = ContinuousClock()
        try other.inDatabase { db in
            try db.execute(sql: "BEGIN EXCLUSIVE")
            let start = clock.now
            let error = #expect(throws: DatabaseError.self) { try file.open() }
            #expect(error?.resultCode == .SQLITE_BUSY)
            let waited = clock.now - start
            #expect(waited >= .seconds(0.2) && waited < .seconds(10), "\(waited)")
            try db.execute(sql: "COMMIT")
        }
        try file.open().close()
    }
}

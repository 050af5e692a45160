// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortGuard
import RetortJSON
import TestSupport
import Testing

@Suite("Audit logs") struct AuditLogTests {
    private let folder: TemporaryFolder
    private let log: AuditLog

    init() throws {
        folder = try TemporaryFolder()
        log = try AuditLog(path: folder.path("audit"))
        for number in 1...5 {
            try log.append(
                kind: "alert",
                ["key": .string("k\(number)"), "score": .double(0.5 + Double(number) / 100)],
                time: Double(number) * 1000.5)
        }
    }

    private var lines: [String] {
        get throws {
            try String(contentsOfFile: log.path, encoding: .utf8).split(separator: "\n").map(
                String.init)
        }
    }

    private func write(_ lines: [String]) throws {
        try (lines.joined(separator: "\n") + "\n").write(
            toFile: log.path, atomically: true, encoding: .utf8)
    }

    /// What verification says of changed lines; appending must be refused alike.
    private func complaint(_ lines: [String]) throws -> String {
        try write(lines)
        let error = #expect(throws: GuardError.self) { try log.verify() }
        #expect(throws: GuardError.self) { try log.append(kind: "note", .null, time: 0) }
        #expect(try self.lines == lines)
        return error?.description ?? ""
    }

    @Test("entries come back in order, and the chain holds")
    func whole() throws {
        var entries: [AuditLog.Entry] = []
        let (head, isBehind) = try log.verify { entries.append($0) }
        #expect(head.count == 5)
        #expect(!isBehind)
        #expect(entries.map(\.sequence) == [1, 2, 3, 4, 5])
        #expect(entries[2].body["key"]?.stringValue == "k3")
        #expect(entries[2].time == 3001.5)
        let mode = try FileManager.default.attributesOfItem(atPath: log.path)[.posixPermissions]
        #expect((mode as? NSNumber)?.intValue == 0o600)
    }

    @Test("an entry that was changed is found", arguments: 0..<5)
    func changed(index: Int) throws {
        var lines = try lines
        lines[index] = lines[index].replacing("\"score\":0.", with: "\"score\":1.")
        #expect(try complaint(lines).contains(":\(index + 1): the line was changed"))
    }

    @Test("an entry that was removed is found, also the last", arguments: 0..<5)
    func removed(index: Int) throws {
        var lines = try lines
        lines.remove(at: index)
        let text = try complaint(lines)
        #expect(text.contains(index == 4 ? "removed from its end" : "removed, inserted or moved"))
    }

    @Test("entries that were moved are found", arguments: 0..<4)
    func moved(index: Int) throws {
        var lines = try lines
        lines.swapAt(index, index + 1)
        #expect(try complaint(lines).contains("moved"))
    }

    @Test("an entry that was inserted is found, also a copy")
    func inserted() throws {
        var lines = try lines
        lines.insert(lines[2], at: 3)
        #expect(try complaint(lines).contains("inserted"))
    }

    @Test("an entry that was forged with a hash of its own is found by what follows it")
    func forged() throws {
        var lines = try lines
        let other = try AuditLog(path: folder.path("other"))
        for number in 1...3 {
            try other.append(kind: "alert", ["key": .string("forged\(number)")], time: 1)
        }
        let forged = try String(contentsOfFile: other.path, encoding: .utf8)
            .split(separator: "\n").map(String.init)
        lines[0] = forged[0]
        #expect(try complaint(lines).contains("removed, inserted or moved"))
        // The whole of it, in place of the log: the head has another hash.
        #expect(try complaint(forged).contains("end"))
        #expect(try complaint(forged + [forged[2]]).contains("removed, inserted or moved"))
    }

    @Test(
        "a log that was written anew as a whole is found by a head noted elsewhere, or by the key")
    func rewritten() throws {
        let head = try log.verify().head
        let keyPath = folder.path("key")
        try SketchSecret.generate().write(to: keyPath)
        let signedPath = folder.path("signed")
        let signed = try AuditLog(path: signedPath, keyPath: keyPath)
        try signed.append(kind: "alert", ["key": "a"], time: 1)
        #expect(try signed.verify().head.count == 1)
        for path in [log.path, signedPath] {
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.removeItem(atPath: path + ".head")
            let unsigned = try AuditLog(path: path)
            for _ in 0..<5 { try unsigned.append(kind: "note", .null, time: 2) }
        }
        #expect(try log.verify().head.count == 5)
        #expect(throws: GuardError.self) { try log.verify(anchor: head) }
        let error = #expect(throws: GuardError.self) { try signed.verify() }
        #expect(error?.description.contains("not signed") == true)
    }

    @Test("a log that is cut in an entry is found, and one without its head refused")
    func cut() throws {
        let text = try String(contentsOfFile: log.path, encoding: .utf8)
        try text.dropLast(20).description.write(
            toFile: log.path, atomically: true, encoding: .utf8)
        let error = #expect(throws: GuardError.self) { try log.verify() }
        #expect(error?.description.contains("cut in the middle") == true)
        try text.write(toFile: log.path, atomically: true, encoding: .utf8)
        try FileManager.default.removeItem(atPath: log.headPath)
        #expect(throws: GuardError.self) { try log.verify() }
    }

    @Test("an older head is told and mended: the writing was interrupted between the two")
    func behind() throws {
        let old = try String(contentsOfFile: log.headPath, encoding: .utf8)
        try log.append(kind: "note", .null, time: 0)
        try old.write(toFile: log.headPath, atomically: true, encoding: .utf8)
        #expect(try log.verify().isBehind)
        try log.append(kind: "note", .null, time: 0)
        let (head, isBehind) = try log.verify()
        #expect(head.count == 7)
        #expect(!isBehind)
    }

    @Test("what an operator decided last counts, until its date")
    func appeals() throws {
        func decide(_ key: String, _ until: Double?) throws {
            try log.append(
                kind: "appeal", Appeals.body(key: key, until: until, reason: "r", by: nil), time: 1)
        }
        try decide("a", 100)
        try decide("b", 100)
        try decide("b", nil)
        let appeals = try Appeals(log)
        #expect(appeals.isExempt("a", at: 99))
        #expect(!appeals.isExempt("a", at: 100))
        #expect(!appeals.isExempt("b", at: 99))
        #expect(!appeals.isExempt("c", at: 99))
    }
}

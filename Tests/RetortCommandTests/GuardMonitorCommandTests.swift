// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import TestSupport
import Testing

@Suite struct GuardMonitorCommandTests {
    private let folder: TemporaryFolder
    private let log: String
    private let truth: [String: String]

    init() throws {
        folder = try TemporaryFolder()
        log = folder.path("log.jsonl")
        let path = folder.path("truth.jsonl")
        let run = try CommandRun([
            "guard", "simulate", "--seed", "8", "--honest", "1", "--extracting", "1", "--shares",
            "0.5", "--requests", "600", "-o", log, "--truth", path,
        ])
        #expect(run.status == 0)
        var truth: [String: String] = [:]
        for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
            let value = try JSONValue(parsing: String(line))
            truth[value["key"]?.stringValue ?? ""] = value["extraction"]?.stringValue ?? ""
        }
        self.truth = truth
    }

    private func monitor(_ more: String...) throws -> (run: CommandRun, alerts: [JSONValue]) {
        let run = try CommandRun(["guard", "monitor", "--log", log, "--json"] + more)
        return (
            run, try run.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        )
    }

    @Test("alerts are objects, of keys that extract alone")
    func alerts() throws {
        let (run, alerts) = try monitor("--window", "600")
        #expect(run.status == 0)
        #expect(run.errors.contains("lines/s"))
        #expect(alerts.count == truth.values.count { !$0.isEmpty })
        for alert in alerts {
            #expect(truth[alert["key"]?.stringValue ?? ""]?.isEmpty == false)
            #expect(alert["score"]?.doubleValue ?? 0 >= 0.5)
            #expect(alert["action"]?.stringValue?.isEmpty == false)
            #expect(alert["evidence"]?.arrayValue?.isEmpty == false)
        }
    }

    @Test("a granted appeal exempts a key, and an audit log that was changed is refused")
    func audit() throws {
        let path = folder.path("audit")
        let (_, alerts) = try monitor("--window", "600", "--audit", path)
        let key = try #require(alerts.first?["key"]?.stringValue)
        let appeal = try CommandRun([
            "guard", "appeal", "--audit", path, "--key", key, "--grant", "--until", "2030-01-01",
            "--reason", "a test",
        ])
        #expect(appeal.status == 0)
        let (run, left) = try monitor("--window", "600", "--audit", path)
        #expect(left.count == alerts.count - 1)
        #expect(run.errors.contains("\(key) would be told but is exempt"))
        #expect(try CommandRun(["guard", "audit", "verify", path]).status == 0)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacing("a test", with: "a tale").write(
            toFile: path, atomically: true, encoding: .utf8)
        let verified = try CommandRun(["guard", "audit", "verify", path])
        #expect(verified.isOneLineError)
        #expect(verified.errors.contains("was changed"))
        #expect(try monitor("--audit", path).run.isOneLineError)
    }

    @Test("a log that is cut is used up to there, and one that is none refused")
    func damaged() throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: log))
        try bytes.dropLast(100).write(to: URL(fileURLWithPath: log))
        let (run, _) = try monitor()
        #expect(run.status == 0)
        #expect(run.errors.contains("cut in the middle"))
        try Data("secret\n".utf8).write(to: URL(fileURLWithPath: log))
        let none = try monitor().run
        #expect(none.isOneLineError)
        #expect(!none.errors.contains("secret"))
    }
}

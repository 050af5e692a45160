// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import HummingbirdTesting
import RetortGuard
import RetortJSON
import RetortServer
import TestSupport
import Testing

@Suite("The operator's page", .timeLimit(.minutes(1))) struct OperatorRouteTests {
    private struct Desk {
        let folder: TemporaryFolder
        let audit: AuditLog
        let desk: GuardDesk

        /// A log with honest keys and one that extracts.
        init() throws {
            folder = try TemporaryFolder()
            let simulator = TrafficSimulator(seed: 4)
            var lines = ""
            for key in [
                TrafficSimulator.Key(name: "honest", benign: .chat, requests: 1500),
                TrafficSimulator.Key(
                    name: "thief", benign: .chat, extraction: .elicitation, share: 1,
                    requests: 1500),
            ] {
                simulator.forEachRequest(of: key) { lines += $0.line + "\n" }
            }
            let path = folder.path("requests.jsonl")
            try lines.write(toFile: path, atomically: true, encoding: .utf8)
            audit = try AuditLog(path: folder.path("audit.jsonl"))
            desk = try GuardDesk(GuardDesk.Options(log: path, audit: audit))
        }
    }

    private func decide(_ keys: [String], _ action: String, _ more: [(String, JSONValue)] = [])
        -> JSONValue
    {
        var object = JSONObject([
            ("keys", .array(keys.map { .string($0) })), ("action", .string(action)),
            ("reason", "looked at it"),
        ])
        for (name, value) in more { object[name] = value }
        return .object(object)
    }

    @Test(
        "an operator sees alerts, decides, and what was decided holds at once and is written down")
    func decisions() async throws {
        let desk = try Desk()
        let backend = try ScriptedBackend(saying: ["four"])
        try await AppRun.with(backend, desk: desk.desk) { app in
            let info = try await app.send(.get, "/info").json
            #expect(info["operator"] == true)
            let report = try await app.send(.get, "/guard/report").json
            let alerts = try #require(report["alerts"]?.arrayValue)
            #expect(alerts.map { $0["key"] } == ["thief"])
            #expect(report["requests"] == 3000 && report["keys"] == 2)
            func ask() async throws -> (status: Int, code: JSONValue) {
                let response = try await app.client.post(
                    "/v1/chat/completions",
                    ["messages": [["role": "user", "content": "hi"]]])
                return (response.status.code, try response.json().at("error", "code"))
            }
            // Without keys a client is its address.
            func action(_ word: String) async throws -> Int {
                try await app.send(
                    .post, "/guard/decisions", decide(["127.0.0.1", "::1"], word)
                ).status
            }
            #expect(try await ask().status == 200)
            #expect(try await action("block") == 200)
            let blocked = try await ask()
            #expect(blocked.status == 403 && blocked.code == "key_blocked")
            #expect(try await action("slow") == 200)
            #expect(try await ask().status == 200)
            let slowed = try await ask()
            #expect(slowed.status == 429 && slowed.code == "key_slowed")
            #expect(try await action("grant_appeal") == 200)
            #expect(try await ask().status == 200)
            let journal = try await app.send(.get, "/guard/journal").json
            #expect(journal["count"] == 6)
            #expect(journal.at("entries", "0", "kind") == "appeal")
            #expect(journal.at("entries", "5", "body", "action") == "block")
            // Another server on the same files goes on with what was decided.
            let answered = try await app.send(
                .post, "/guard/decisions",
                decide(["thief"], "hide_thoughts", [("alert", alerts[0])]))
            #expect(answered.json["count"] == 8)
            let again = try await app.send(.get, "/guard/report").json
            #expect(again.at("measures", "thief") == "hide_thoughts")
        }
        #expect(try Measures(desk.audit).actions == ["thief": .hideThoughts])
    }

    @Test("what cannot be decided is refused")
    func refusals() async throws {
        let desk = try Desk()
        try await AppRun.with(try ScriptedBackend(saying: []), desk: desk.desk) { app in
            for (body, param) in [
                (decide([], "block"), "keys"), (decide(["a"], "shoot"), "action"),
                (decide(["a"], "grant_appeal", [("days", 0)]), "days"),
                (decide(["a"], "block", [("reason", " ")]), "reason"),
                (decide(["a"], "block", [("reason", .null)]), "reason"),
            ] {
                let answer = try await app.send(.post, "/guard/decisions", body)
                #expect(answer.status == 400 && answer.param == param)
            }
            #expect(try await app.send(.get, "/guard/journal?limit=0").status == 400)
            #expect(try await app.send(.get, "/guard/journal").json["count"] == 0)
        }
    }

    @Test("keys that are no administrators', and servers without a log, have no such page")
    func access() async throws {
        let desk = try Desk()
        let backend = try ScriptedBackend(saying: [])
        try await AppRun.with(backend, keys: true, desk: desk.desk) { app in
            #expect(try await app.send(.get, "/info").json["operator"] == false)
            for path in ["/guard/report", "/guard/journal"] {
                #expect(try await app.send(.get, path).status == 403)
            }
            let answer = try await app.send(.post, "/guard/decisions", decide(["a"], "block"))
            #expect(answer.status == 403)
        }
        try await AppRun.with(backend) { app in
            let info = try await app.send(.get, "/info").json
            #expect(info["operator"] == false)
            #expect(try await app.send(.get, "/guard/report").status == 404)
        }
    }

    @Test("an audit log that was tampered with is told, and nothing is decided on it")
    func tampered() async throws {
        let desk = try Desk()
        let path = desk.audit.path
        try await AppRun.with(try ScriptedBackend(saying: []), desk: desk.desk) { app in
            for key in ["a", "b"] {
                let answer = try await app.send(.post, "/guard/decisions", decide([key], "block"))
                #expect(answer.status == 200)
            }
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try text.replacing("\"a\"", with: "\"c\"")
                .write(toFile: path, atomically: true, encoding: .utf8)
            for answer in [
                try await app.send(.get, "/guard/journal"),
                try await app.send(.get, "/guard/report"),
                try await app.send(.post, "/guard/decisions", decide(["a"], "lift")),
            ] {
                #expect(answer.status == 500 && answer.code == "guard_log")
            }
        }
        #expect(throws: GuardError.self) {
            try GuardDesk(
                GuardDesk.Options(log: desk.folder.path("requests.jsonl"), audit: desk.audit))
        }
    }
}

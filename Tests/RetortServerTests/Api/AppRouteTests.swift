// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import RetortJSON
import RetortServer
import Testing

@Suite("Conversations of the web app", .timeLimit(.minutes(1)))
struct AppRouteTests {
    private static let defaults: JSONValue = [
        "model": nil, "system": nil, "temperature": nil, "top_p": nil, "top_k": nil, "min_p": nil,
        "max_tokens": nil, "seed": nil, "stop": [], "thinking": nil, "thinking_budget": nil,
    ]

    private func backend() throws -> ScriptedBackend { try ScriptedBackend(saying: ["four"]) }

    @Test("Information tells whether a key is needed and whether this one is valid")
    func info() async throws {
        try await AppRun.with(try backend()) { app in
            let info = try await app.send(.get, "/info").json
            #expect(
                info == [
                    "name": "Retort", "version": "1.2.3", "key_required": false,
                    "authenticated": true, "user": nil, "default_model": "test", "corpus": false,
                    "operator": false,
                ])
        }
        try await AppRun.with(try backend(), keys: true) { app in
            #expect(try await app.send(.get, "/info").json["user"] == "me")
            var other = app
            other.key = nil
            let info = try await other.send(.get, "/info").json
            #expect(info["key_required"] == true)
            #expect(info["authenticated"] == false)
            #expect(info["default_model"] == .null)
            for path in ["/models", "/settings", "/conversations", "/nothing"] {
                let answer = try await other.send(.get, path)
                #expect(answer.status == 401)
                #expect(answer.code == "invalid_api_key")
            }
        }
    }

    @Test("Models have what is known of them; what is not is null")
    func models() async throws {
        try await AppRun.with(
            try ScriptedBackend(template: ScriptedBackend.thinkingTemplate, saying: [])
        ) { app in
            let model = try await app.send(.get, "/models").json.at("models", "0")
            #expect(model["id"] == "test")
            #expect(model["name"] == "Test Model")
            #expect(model["loaded"] == true)
            #expect(model["bytes"] == 1000)
            #expect(model["quantisation"] == "Q8_0")
            #expect(model["parameters"] == .null)
            #expect(model["context"] == 4096)
            #expect(model["thinking"] == true)
            #expect(model["thinking_optional"] == false)
            #expect(model["defaults"]?.objectValue?.count == 5)
        }
        try await AppRun.with(try backend(), isLoaded: false) { app in
            let model = try await app.send(.get, "/models").json.at("models", "0")
            #expect(model["loaded"] == false)
            #expect(model["context"] == .null)
            #expect(model["thinking"] == .null)
        }
    }

    @Test("Settings are what new conversations begin with")
    func settings() async throws {
        try await AppRun.with(try backend()) { app in
            #expect(try await app.send(.get, "/settings").json["settings"] == Self.defaults)
            let put = try await app.send(
                .put, "/settings", ["settings": ["seed": 5, "stop": ["a", "b"], "extra": 1]])
            var expected = try #require(Self.defaults.objectValue)
            expected["seed"] = 5
            expected["stop"] = .array(["a", "b"])
            #expect(put.json["settings"] == .object(expected))
            let made = try await app.send(.post, "/conversations", [:])
            #expect(made.status == 201)
            #expect(made.json["settings"] == .object(expected))
            let own = try await app.send(.post, "/conversations", ["settings": ["top_k": 3]])
            #expect(own.json.at("settings", "seed") == .null)
            #expect(own.json.at("settings", "top_k") == 3)
        }
    }

    @Test(
        "Settings out of bounds are refused by name",
        arguments: [
            ("temperature", JSONValue.double(2.1)), ("top_p", 0), ("top_p", 1.1), ("top_k", -1),
            ("min_p", -0.1), ("max_tokens", 0), ("seed", .integer(1 << 53)), ("seed", 1.5),
            ("stop", ["a", "b", "c", "d", "e"]), ("stop", [""]), ("thinking", "yes"),
            ("thinking_budget", -1), ("model", 1),
            ("system", .string(String(repeating: "x", count: 100_001))),
        ] as [(String, JSONValue)])
    func bounds(name: String, value: JSONValue) async throws {
        try await AppRun.with(try backend()) { app in
            let body: JSONValue = ["settings": .object(JSONObject([(name, value)]))]
            let answer = try await app.send(.put, "/settings", body)
            #expect(answer.status == 400)
            #expect(answer.code == "invalid_value")
            #expect(answer.param?.hasPrefix("settings.\(name)") == true)
        }
    }

    @Test("A conversation is made, read, changed, deleted and restored")
    func conversation() async throws {
        try await AppRun.with(try backend()) { app in
            let made = try await app.send(.post, "/conversations", nil)
            #expect(made.status == 201)
            let id = try #require(made.json["id"]?.stringValue)
            #expect(
                made.json.objectValue?.keys == [
                    "id", "title", "pinned", "created", "updated", "revision", "messages",
                    "active_run", "snippet", "settings", "active_leaf", "tree",
                ])
            #expect(made.json["title"] == .null)
            #expect(made.json["created"]?.doubleValue == app.clock.seconds)
            let question = try await app.ask("What is 2 + 2?", in: id)
            let run = try await app.generate(["parent": .string(question)], in: id)
            _ = try await app.events(run)
            let changed = try await app.send(
                .patch, "/conversations/\(id)",
                [
                    "title": "Sums", "pinned": true, "settings": ["seed": 1],
                    "active_leaf": .string(question),
                ])
            #expect(changed.status == 200)
            #expect(changed.json["title"] == "Sums")
            #expect(changed.json["pinned"] == true)
            #expect(changed.json["messages"] == 2)
            #expect(changed.json["tree"] == nil)
            let read = try await app.send(.get, "/conversations/\(id)").json
            #expect(read.at("settings", "seed") == 1)
            // No leaf stands for the newest below it.
            #expect(read["active_leaf"] == read.at("tree", "1", "id"))
            let deleted = try await app.send(.delete, "/conversations/\(id)")
            #expect(deleted.json["id"] == .string(id))
            #expect(
                deleted.json["restorable_until"]?.doubleValue == app.clock.seconds + 600)
            #expect(try await app.send(.get, "/conversations/\(id)").status == 404)
            let restored = try await app.send(.post, "/conversations/\(id)/restore")
            #expect(restored.json["title"] == "Sums")
            _ = try await app.send(.delete, "/conversations/\(id)")
            app.clock.advance(601)
            let late = try await app.send(.post, "/conversations/\(id)/restore")
            #expect(late.status == 404)
            #expect(late.code == "not_found")
        }
    }

    @Test("Lists come in parts and are searched")
    func list() async throws {
        try await AppRun.with(try backend()) { app in
            for index in 0..<3 {
                _ = try await app.ask(.string("apple \(index)"), in: try await app.conversation())
                app.clock.advance(1)
            }
            let first = try await app.send(.get, "/conversations?limit=2").json
            #expect(first.at("conversations", "0", "title") == "apple 2")
            let cursor = try #require(first["next_cursor"]?.stringValue)
            let second = try await app.send(.get, "/conversations?limit=2&cursor=\(cursor)").json
            #expect(second["conversations"]?.arrayValue?.count == 1)
            #expect(second["next_cursor"] == .null)
            let found = try await app.send(.get, "/conversations?query=APP+%31").json
            #expect(found["conversations"]?.arrayValue?.count == 1)
            #expect(found.at("conversations", "0", "snippet") == "apple 1")
            for query in ["limit=0", "limit=201", "limit=x", "cursor=x"] {
                let answer = try await app.send(.get, "/conversations?\(query)")
                #expect(answer.status == 400)
                #expect(answer.code == "invalid_value")
            }
        }
    }

    @Test("Messages are checked")
    func messages() async throws {
        try await AppRun.with(try backend()) { app in
            let id = try await app.conversation()
            let path = "/conversations/\(id)/messages"
            let bodies: [JSONValue] = [
                [:], ["content": ""], ["content": " \n"], ["content": 1],
                ["content": .string(String(repeating: "x", count: 1_000_001))],
            ]
            for body in bodies {
                let answer = try await app.send(.post, path, body)
                #expect(answer.status == 400)
                #expect(answer.code == "invalid_value")
                #expect(answer.param == "content")
            }
            let orphan = try await app.send(.post, path, ["content": "x", "parent": "m_none"])
            #expect(orphan.param == "parent")
            let nowhere = try await app.send(
                .post, "/conversations/c_none/messages", ["content": "x"])
            #expect(nowhere.status == 404)
            #expect(nowhere.param == "id")
            let added = try await app.send(.post, path, ["content": "x"])
            #expect(added.json["revision"] == 2)
            #expect(
                added.json["message"]?.objectValue?.keys == [
                    "id", "parent", "role", "content", "reasoning", "created", "status",
                    "finish_reason", "error", "run", "model", "usage", "timings", "cost",
                ])
        }
    }

    @Test("Another key's conversations are not there")
    func owners() async throws {
        try await AppRun.with(try backend(), keys: true) { app in
            let id = try await app.store.create(owner: "key_other").id
            let requests: [(HTTPRequest.Method, String, JSONValue?)] = [
                (.get, "", nil), (.patch, "", ["pinned": true]), (.delete, "", nil),
                (.post, "/restore", nil), (.get, "/export", nil),
                (.post, "/messages", ["content": "x"]), (.post, "/generate", ["parent": "m_1"]),
            ]
            for (method, path, body) in requests {
                let answer = try await app.send(method, "/conversations/\(id)\(path)", body)
                #expect(answer.status == 404, "\(method) \(path)")
                #expect(answer.code == "not_found")
            }
            let list = try await app.send(.get, "/conversations").json["conversations"]
            #expect(list?.arrayValue?.isEmpty == true)
        }
    }

    @Test("An export is taken back with new ids, all branches and nothing lost")
    func export() async throws {
        try await AppRun.with(
            try ScriptedBackend(
                template: ScriptedBackend.thinkingTemplate, saying: ["hm", "</think>", "four"])
        ) { app in
            let id = try await app.conversation()
            let question = try await app.ask("Zwei \"plus\" zwei?", in: id)
            for _ in 0..<2 {
                _ = try await app.events(
                    try await app.generate(["parent": .string(question)], in: id))
            }
            _ = try await app.ask("other", in: id)
            let answer = try await app.send(.get, "/conversations/\(id)/export?format=json")
            #expect(
                answer.response.headers[.contentDisposition]
                    == "attachment; filename=\"zwei-plus-zwei.json\"")
            #expect(answer.json["format"] == "retort-conversations")
            #expect(answer.json["version"] == 1)
            let taken = try await app.send(.post, "/conversations/import", answer.json)
            #expect(taken.status == 201)
            let copy = try #require(taken.json.at("conversations", "0", "id").stringValue)
            #expect(copy != id)
            let (old, new) = (try await app.tree(id), try await app.tree(copy))
            #expect(old.count == 4)
            let ids = Set((old + new).compactMap { $0["id"]?.stringValue })
            #expect(ids.count == 8)
            func without(_ message: JSONValue) -> JSONValue {
                var object = message.objectValue ?? JSONObject()
                for name in ["id", "parent"] { object[name] = nil }
                return .object(object)
            }
            #expect(old.map(without) == new.map(without))
            #expect(
                new.map { $0["parent"] } == [.null, new[0]["id"], new[0]["id"], .null])
            let read = try await app.send(.get, "/conversations/\(copy)").json
            #expect(read["active_leaf"] == new[3]["id"])
            _ = try await app.send(
                .patch, "/conversations/\(id)", ["active_leaf": old[2]["id"] ?? .null])
            let text = try await app.send(.get, "/conversations/\(id)/export?format=markdown")
            #expect(
                text.response.headers[.contentType] == "text/markdown; charset=utf-8")
            #expect(
                text.response.text == """
                    # Zwei "plus" zwei?

                    ## You

                    Zwei "plus" zwei?

                    ## test

                    <details><summary>Thought for 0 s</summary>

                    hm

                    </details>

                    four

                    """)
            #expect(try await app.send(.get, "/conversations/\(id)/export?format=x").status == 400)
        }
    }

    @Test("What is no export is refused whole")
    func imports() async throws {
        try await AppRun.with(try backend()) { app in
            func message(_ id: String, _ parent: JSONValue, _ role: JSONValue) -> JSONValue {
                [
                    "id": .string(id), "parent": parent, "role": role, "content": "x",
                    "created": 1,
                ]
            }
            let trees: [JSONValue] = [
                [message("a", "b", "assistant")], [message("a", nil, "assistant")],
                [message("a", nil, "user"), message("b", "a", "user")],
                [message("a", nil, "user"), message("a", nil, "user")],
                [message("a", nil, "system")], [["id": "a", "role": "user"]], ["x"],
            ]
            let good: JSONValue = [
                "title": "t", "created": 1, "updated": 2, "tree": [message("a", nil, "user")],
            ]
            for tree in trees {
                let bad: JSONValue = ["title": "t", "created": 1, "updated": 2, "tree": tree]
                let answer = try await app.send(
                    .post, "/conversations/import",
                    ["format": "retort-conversations", "version": 1, "conversations": [good, bad]])
                #expect(answer.status == 400, "\(tree.text())")
                #expect(answer.param?.hasPrefix("conversations[1].tree[") == true)
            }
            for body in [
                ["format": "x"], ["format": "retort-conversations", "version": 2],
                ["format": "retort-conversations", "version": 1],
            ] as [JSONValue] {
                #expect(try await app.send(.post, "/conversations/import", body).status == 400)
            }
            #expect(
                try await app.send(.get, "/conversations").json["conversations"]?.arrayValue == [])
        }
    }

    @Test("Other sites' pages, other types and wrong bodies are refused")
    func guards() async throws {
        try await AppRun.with(try backend()) { app in
            func post(_ body: String, _ headers: HTTPFields) async throws -> AppRun.Answer {
                AppRun.Answer(
                    response: try await app.client.executeRequest(
                        uri: "/api/conversations", method: .post, headers: headers,
                        body: ByteBuffer(string: body)))
            }
            let foreign = try await post(
                "{}", [.contentType: "application/json", .origin: "https://evil.example"])
            #expect(foreign.status == 403)
            #expect(foreign.code == "wrong_origin")
            #expect(foreign.response.headers[.accessControlAllowOrigin] == nil)
            #expect(
                try await post("{}", [.contentType: "application/json", .origin: "null"]).status
                    == 403)
            #expect(
                try await app.send(.get, "/info", headers: [.origin: "http://a.example"]).status
                    == 403)
            let plain = try await post("{}", [.contentType: "text/plain"])
            #expect(plain.status == 415)
            #expect(plain.code == "unsupported_media_type")
            #expect(try await post("{}", [:]).status == 415)
            for body in ["{", "[]", "\"x\""] {
                let answer = try await post(body, [.contentType: "application/json"])
                #expect(answer.status == 400)
                #expect(answer.code == "invalid_json")
            }
            let port = try #require(app.client.port)
            try await RawConnection.with(port: port) { exchange in
                try await exchange.send(
                    "POST /api/conversations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 4194305\r\n\r\n"
                )
                #expect(try await exchange.read(until: "body_too_large"))
                #expect(exchange.received.hasPrefix("HTTP/1.1 413"))
            }
            try await RawConnection.with(port: port) { exchange in
                try await exchange.send(
                    "GET /api/info HTTP/1.1\r\nHost: chat.localhost:8080\r\nOrigin: https://chat.localhost:8080\r\n\r\n"
                )
                #expect(try await exchange.read(until: "\r\n\r\n"))
                #expect(exchange.received.hasPrefix("HTTP/1.1 200"))
            }
            let wrong = try await app.send(.put, "/conversations", [:])
            #expect(wrong.status == 405)
            #expect(wrong.code == "method_not_allowed")
            #expect(wrong.response.headers[.allow] == "GET, HEAD, OPTIONS, POST")
            let info = try await app.send(.get, "/info").response
            #expect(info.headers[.cacheControl] == "no-store")
            #expect(info.headers[.xContentTypeOptions] == "nosniff")
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import HummingbirdTesting
import RetortEngine
import RetortGuard
import RetortJSON
import RetortServer
import RetortTemplates
import TestSupport
import Testing

/// Every key is valid and names its client; `admin` is an administrator.
private struct NamedKeys: KeyVerifier {
    func needsKey() -> Bool { true }

    func verify(_ key: String) -> ClientIdentity? {
        var client = ClientIdentity(id: key, label: key)
        client.isAdministrator = key == "admin"
        return client
    }
}

private func header(_ key: String, _ more: [HTTPField.Name: String] = [:]) -> HTTPFields {
    var fields: HTTPFields = [.authorization: "Bearer \(key)"]
    for (name, value) in more { fields[name] = value }
    return fields
}

@Suite("What the guard does in the server") struct GuardTests {
    private let key = WatermarkKey(
        identifier: "wm-1",
        parameters: WatermarkParameters(scheme: .gumbel, secret: .philox(77)))

    private func rules(_ text: String) throws -> GuardRules {
        try GuardRules(
            try GuardPolicy(try JSONValue(parsing: text)), keys: try WatermarkKeyRing([key]))
    }

    private static let thought = [
        "First", " come words about weather. ", "Then the total of totals is the total.",
        " Birds fly over the quiet harbour. ", "Nothing else matters here. ",
        "Lamps glow along seven narrow streets. ", "Somebody counts coins beneath trees. ",
        "Rivers carry leaves past old mills. ", "Clouds gather above distant hills tonight.",
        "</think>", "\n\n", "Four", ".",
    ]

    private func backend(_ texts: [String] = thought) throws -> ScriptedBackend {
        try ScriptedBackend(template: ScriptedBackend.thinkingTemplate, saying: texts)
    }

    private func ask(_ more: [(String, JSONValue)] = []) -> JSONValue {
        var object = JSONObject([
            ("messages", [["role": "user", "content": "hi"]]), ("temperature", 1),
        ])
        for (name, value) in more { object[name] = value }
        return .object(object)
    }

    @Test("a policy marks by key and by route, and lets clients out only where it may")
    func marks() async throws {
        let off = [try #require(HTTPField.Name("X-Retort-Watermark")): "off"]
        let rules = try rules(
            """
            {"watermark": "on", "routes": {"completions": {"watermark": "off"}},
             "keys": {"free": {"watermark": "enforced"}, "paid": {"watermark": "off"}}}
            """)
        let backend = try backend()
        try await withServer(backend, keys: NamedKeys(), rules: rules) { [key] client in
            func check(
                _ name: String, _ path: String, _ body: JSONValue, isOff: Bool,
                _ expected: WatermarkParameters?
            ) async throws {
                let response = try await client.post(
                    path, body, headers: header(name, isOff ? off : [:]))
                #expect(response.status == .ok)
                let used = backend.requests.last?.generation.sampling.watermark
                #expect(used == expected, "\(name) \(path) \(isOff)")
            }
            let chat = "/v1/chat/completions"
            let mark = key.parameters
            try await check("any", chat, ask(), isOff: false, mark)
            try await check("any", chat, ask(), isOff: true, nil)
            try await check("paid", chat, ask(), isOff: false, nil)
            try await check("free", chat, ask(), isOff: false, mark)
            try await check("free", chat, ask(), isOff: true, mark)
            let text: JSONValue = ["prompt": "hi", "temperature": 1]
            try await check("any", "/v1/completions", text, isOff: false, nil)
            // Whom the key is enforced on has it on every route.
            try await check("free", "/v1/completions", text, isOff: true, mark)
            let message: JSONValue = [
                "messages": [["role": "user", "content": "hi"]], "max_tokens": 50,
            ]
            try await check("any", "/v1/messages", message, isOff: false, mark)
            try await check("any", "/v1/responses", ["input": "hi"], isOff: false, mark)
            // The most likely tokens are marked by green lists, or an enforced mark could be evaded.
            let greedy = ask([("temperature", 0)])
            try await check("free", chat, greedy, isOff: false, key.using(.greenList).parameters)
            try await check("any", chat, greedy, isOff: false, mark)
        }
    }

    @Test(
        "thoughts are hidden or summarised in every API",
        arguments: ["none", "summary"], [false, true])
    func thoughts(policy: String, isStreamed: Bool) async throws {
        let rules = try rules(#"{"thoughts": "\#(policy)"}"#)
        try await withServer(try backend(), rules: rules) { client in
            let stream = JSONValue.bool(isStreamed)
            let requests: [(String, JSONValue)] = [
                ("/v1/chat/completions", ask([("stream", stream)])),
                ("/v1/messages", ask([("stream", stream), ("max_tokens", 50)])),
                ("/v1/responses", ["input": "hi", "stream": stream]),
                ("/v1/completions", ["prompt": "<user>hi<assistant><think>\n", "stream": stream]),
            ]
            for (path, body) in requests {
                let response = try await client.post(path, body)
                #expect(response.status == .ok)
                #expect(response.text.contains("Four"), "\(path)")
                #expect(!response.text.contains("Nothing else"), "\(path)")
                #expect(!response.text.contains("First"), "\(path)")
                #expect(
                    response.text.contains("the total of totals") == (policy == "summary"),
                    "\(path)")
            }
            guard !isStreamed else { return }
            let json = try await client.post("/v1/chat/completions", ask()).json()
            let message = json.at("choices", "0", "message")
            #expect(message["content"] == "Four.")
            #expect(
                json.at("usage", "completion_tokens_details", "reasoning_tokens") == 10)
        }
    }

    @Test("log-probabilities do not spell out a hidden thought", arguments: [false, true])
    func logprobs(isStreamed: Bool) async throws {
        try await withServer(try backend(), rules: try rules(#"{"thoughts": "none"}"#)) { client in
            let response = try await client.post(
                "/v1/completions",
                [
                    "prompt": "<user>hi<assistant><think>\n", "logprobs": 1,
                    "stream": .bool(isStreamed),
                ])
            #expect(response.status == .ok && response.text.contains("Four"))
            #expect(!response.text.contains("First") && !response.text.contains("harbour"))
        }
    }

    @Test("a thought that is cut off is not shown either")
    func unfinished() async throws {
        let backend = try backend(["First", " the secret"])
        try await withServer(backend, rules: try rules(#"{"thoughts": "none"}"#)) { client in
            let response = try await client.post("/v1/chat/completions", ask())
            #expect(response.status == .ok && !response.text.contains("secret"))
        }
    }

    @Test("logprobs and several answers are refused to keys that may not have them")
    func limits() async throws {
        let rules = try rules(#"{"keys": {"free": {"logprobs": false, "max_n": 1}}}"#)
        try await withServer(try backend(), keys: NamedKeys(), rules: rules) { client in
            for (path, body) in [
                ("/v1/chat/completions", ask([("logprobs", true)])),
                ("/v1/chat/completions", ask([("n", 2)])),
                ("/v1/completions", ["prompt": "hi", "logprobs": 1]),
                ("/v1/completions", ["prompt": "hi", "n": 2]),
            ] as [(String, JSONValue)] {
                let refused = try await client.post(path, body, headers: header("free"))
                #expect(refused.status == .forbidden)
                #expect(try refused.json().at("error", "code") == "not_allowed")
                #expect(try await client.post(path, body, headers: header("paid")).status == .ok)
            }
        }
    }

    @Test("detection tells clients the verdict and administrators the rest")
    func detection() async throws {
        // A token of the scripted model is a byte.
        let tokens = try marked(200)
        let text = String(decoding: tokens.map { UInt8($0) }, as: UTF8.self)
        let rules = try rules(#"{"watermark": "on"}"#)
        try await withServer(try backend(), keys: NamedKeys(), rules: rules) { client in
            func detect(_ text: String, _ name: String) async throws -> JSONValue {
                let response = try await client.post(
                    "/v1/guard/detect", ["text": .string(text)], headers: header(name))
                #expect(response.status == .ok)
                return try response.json()
            }
            let coarse = try await detect(text, "any")
            #expect(coarse == ["object": "guard.detection", "verdict": "marked"])
            let full = try await detect(text, "admin")
            #expect(full["verdict"] == "marked" && full["key"] == "wm-1")
            #expect((full["p_value"]?.doubleValue ?? 1) < 1e-7)
            #expect(full["keys"]?.arrayValue?.count == 2)
            let plain = String(repeating: "Nobody marked these letters. ", count: 3)
            #expect(try await detect(plain, "any")["verdict"] != "marked")
            #expect(try await detect("short", "any")["verdict"] == "too_short")
        }
        try await withServer(try backend()) { client in
            let response = try await client.post("/v1/guard/detect", ["text": "x"])
            #expect(response.status == .notFound)
        }
    }

    /// Marked tokens among printable ASCII.
    private func marked(_ count: Int) throws -> [Int32] {
        var parameters = SamplingParameters()
        parameters.temperature = 1
        parameters.seed = 1
        parameters.watermark = key.parameters
        let sampler = try Sampler(parameters: parameters, vocabSize: 128)
        return try (0..<count).map { _ in
            var logits = (0..<128).map { Float((32..<127).contains($0) ? 0 : -50) }
            return try logits.withUnsafeMutableBufferPointer { try sampler.next($0) }
        }
    }

    @Test(
        "the asked share of answers ends with the account's number, and what programs read does not"
    )
    func canaries() async throws {
        let mint = CanaryMint(secret: .generate())
        let policy = try GuardPolicy(
            try JSONValue(parsing: #"{"keys": {"thief": {"canaries": 1}}, "thoughts": "none"}"#))
        #expect(throws: GuardError.self) { try GuardRules(policy, keys: nil) }
        let rules = try GuardRules(policy, keys: nil, canaries: mint)
        let line = mint.line(account: "thief")
        try await withServer(try backend(), keys: NamedKeys(), rules: rules) { client in
            for isStreamed in [false, true] {
                let body = ask([("stream", .bool(isStreamed))])
                let thief = try await client.post(
                    "/v1/chat/completions", body, headers: header("thief"))
                #expect(thief.text.contains(mint.number(account: "thief")))
                let honest = try await client.post(
                    "/v1/chat/completions", body, headers: header("honest"))
                #expect(!honest.text.contains("(ref. "))
            }
            let plain = try await client.post(
                "/v1/chat/completions", ask(), headers: header("thief")
            ).json().at("choices", "0", "message", "content")
            #expect(plain.stringValue == "Four." + line)
            let tool: JSONValue = [
                "type": "function", "function": ["name": "f", "parameters": ["type": "object"]],
            ]
            let called = try await client.post(
                "/v1/chat/completions", ask([("tools", [tool])]), headers: header("thief"))
            #expect(called.status == .ok && !called.text.contains("(ref. "))
        }
        let cut = try ScriptedBackend(
            template: ScriptedBackend.thinkingTemplate, saying: Self.thought, finish: .length)
        try await withServer(cut, keys: NamedKeys(), rules: rules) { client in
            let response = try await client.post(
                "/v1/chat/completions", ask(), headers: header("thief"))
            #expect(response.status == .ok && !response.text.contains("(ref. "))
        }
    }

    @Test("a policy that marks without a key is refused") func noKey() throws {
        var policy = GuardPolicy()
        policy.routes["chat"] = GuardPolicy.Rule()
        policy.routes["chat"]?.watermark = .enforced
        #expect(throws: GuardError.self) { try GuardRules(policy, keys: nil) }
    }

    @Test("a log has a line for each request, which the monitor reads, and no text")
    func log() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("requests.jsonl")
        let writer = try RequestLogWriter(path: path, secret: .generate()) { error in
            Issue.record(error)
        }
        let rules = try GuardRules(
            try GuardPolicy(try JSONValue(parsing: #"{"keys": {"free": {"thoughts": "none"}}}"#)),
            keys: nil, log: writer)
        try await withServer(try backend(), keys: NamedKeys(), rules: rules) { client in
            let question: JSONValue = [
                ["role": "system", "content": "Be brief."],
                ["role": "user", "content": "What about elephants?"],
            ]
            let chat = ask([("messages", question), ("n", 2), ("temperature", 0.5)])
            let requests: [(String, String, JSONValue)] = [
                ("paid", "/v1/chat/completions", chat),
                ("free", "/v1/messages", ask([("max_tokens", 50)])),
                ("paid", "/v1/completions", ["prompt": "Once there were elephants"]),
            ]
            for (name, path, body) in requests {
                let response = try await client.post(path, body, headers: header(name))
                #expect(response.status == .ok)
            }
        }
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(!text.contains("elephants") && !text.contains("brief") && !text.contains("127.0"))
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect((mode as? NSNumber)?.intValue == 0o600)
        var records: [RequestRecord] = []
        var log = RequestLog()
        try log.read(path: path) { records.append($0) }
        try #require(records.count == 3)
        #expect(records.map(\.key) == ["paid", "free", "paid"])
        #expect(records.map(\.route) == ["chat", "messages", "completions"])
        #expect(records.map(\.n) == [2, 1, 1])
        #expect(records[0].completionTokens == 2 * records[1].completionTokens)
        #expect(records.map(\.thoughts) == ["full", "none", "full"])
        #expect(records[0].temperature == 0.5 && records[0].model == "test")
        #expect(records[0].sketch != records[1].sketch && records[0].sketch != records[2].sketch)
    }
}

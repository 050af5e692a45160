// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortClient
import RetortJSON
import TestSupport
import Testing

@Suite("What a client is told")
struct SettingTests {
    @Test(
        "Base addresses are taken in every common spelling",
        arguments: [
            ("https://api.deepseek.com/v1", "https://api.deepseek.com/v1", "api.deepseek.com"),
            ("https://api.deepseek.com/v1/", "https://api.deepseek.com/v1", "api.deepseek.com"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1:8080"),
            (
                "https://x.org/v1/chat/completions/", "https://x.org/v1", "x.org"
            ),
        ])
    func endpoints(text: String, base: String, host: String) throws {
        let endpoint = try ChatEndpoint(parsing: text)
        #expect(endpoint.description == base)
        #expect(endpoint.host == host)
    }

    @Test(
        "What is no base address is refused and not repeated",
        arguments: [
            "", "SECRET", "ftp://SECRET.org", "https://", "https://user:SECRET@x.org/v1",
            "https://x.org/v1?key=SECRET", "https://x.org/#SECRET", "https://x.org/ SECRET",
        ])
    func badEndpoints(text: String) {
        let error = #expect(throws: ClientError.self) { _ = try ChatEndpoint(parsing: text) }
        #expect(error?.kind == .invalidSetting)
        #expect(error?.description.contains("SECRET") == false)
    }

    @Test("Keys come from the environment and from files, and never show")
    func keys() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("key")
        try Data("sk-SECRET\n".utf8).write(to: URL(fileURLWithPath: path))
        let fromFile = try APIKey(file: path)
        let fromEnvironment = try APIKey(
            environmentVariable: "KEY", environment: ["KEY": " sk-SECRET "])
        #expect(fromFile == fromEnvironment)
        #expect("\(fromFile)" == "<key>")
        var dumped = ""
        dump(fromFile, to: &dumped)
        let configuration = ChatClientConfiguration(
            endpoint: try ChatEndpoint(parsing: "https://x.org"), key: fromFile)
        dump(configuration, to: &dumped)
        #expect(!"\(dumped) \(String(reflecting: fromFile)) \(configuration)".contains("SECRET"))
    }

    @Test("What is no key is refused and not repeated")
    func badKeys() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("key")
        try Data("SECRET ä key".utf8).write(to: URL(fileURLWithPath: path))
        let long = folder.path("long")
        try Data(repeating: 65, count: 20_000).write(to: URL(fileURLWithPath: long))
        for make in [
            { _ = try APIKey(file: path) }, { _ = try APIKey(file: long) },
            { _ = try APIKey(file: folder.path("none")) }, { _ = try APIKey("SECRET\nX: y") },
            { _ = try APIKey("") },
            { _ = try APIKey(environmentVariable: "KEY", environment: [:]) },
        ] as [() throws -> Void] {
            let error = #expect(throws: ClientError.self) { try make() }
            #expect(error?.kind == .invalidSetting)
            #expect(error?.description.contains("SECRET") == false)
        }
    }

    @Test("A request's body has what was set and nothing else")
    func body() throws {
        var request = ChatCompletionRequest(
            model: "m", messages: [ChatMessage(.system, "s"), ChatMessage(.user, "u")])
        #expect(
            JSONValue.object(request.body).text()
                == #"{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"u"}]}"#
        )
        request.temperature = 0.5
        request.topP = 0.9
        request.maximumTokens = 100
        request.tokenLimitField = .maxCompletionTokens
        request.seed = 7
        request.count = 2
        request.stop = ["a"]
        request.logprobs = true
        request.topLogprobs = 5
        request.extra = JSONObject([("top_k", 20)])
        try request.check()
        #expect(
            JSONValue.object(request.body).text().hasSuffix(
                #""temperature":0.5,"top_p":0.9,"max_completion_tokens":100,"seed":7,"n":2,"stop":["a"],"logprobs":true,"top_logprobs":5,"top_k":20}"#
            ))
        #expect(request.mostPromptTokens >= request.promptBytes)
    }

    private static let badChanges: [@Sendable (inout ChatCompletionRequest) -> Void] = [
        { $0.model = "" }, { $0.messages = [] }, { $0.temperature = -1 },
        { $0.temperature = .nan }, { $0.topP = 0 }, { $0.maximumTokens = 0 },
        { $0.maximumTokens = .max }, { $0.count = 0 }, { $0.topLogprobs = 21 },
        { $0.extra["stream"] = true }, { $0.extra["model"] = "x" },
    ]

    @Test("Requests that nobody takes are refused before they are sent", arguments: badChanges)
    func mistakes(change: @Sendable (inout ChatCompletionRequest) -> Void) {
        var request = ChatCompletionRequest(model: "m", messages: [ChatMessage(.user, "u")])
        change(&request)
        #expect(throws: ClientError.self) { try request.check() }
    }
}

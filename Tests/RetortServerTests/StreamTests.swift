// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import RetortEngine
import RetortJSON
import RetortServer
import Testing

private let path = "/v1/chat/completions"
private let streamed = "{\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"

extension String {
    /// The part between two texts.
    fileprivate func part(after start: String, before end: String) -> String? {
        guard let from = range(of: start),
            let to = range(of: end, range: from.upperBound..<endIndex)
        else { return nil }
        return String(self[from.upperBound..<to.lowerBound])
    }
}

@Suite struct StreamTests {
    private func waiting() throws -> ScriptedBackend {
        try ScriptedBackend { request, _ in
            var steps = ScriptedBackend.steps(request, ["one", " two", " three"])
            steps.insert(.wait, at: 4)
            return steps
        }
    }

    @Test("a resumable answer goes on without its client, and is read on from any event")
    func resume() async throws {
        let backend = try waiting()
        try await withServer(backend) { client in
            let id = try await RawConnection.with(port: try #require(client.port)) { exchange in
                try await exchange.send(
                    RawExchange.post(path, streamed, headers: "X-Retort-Resumable: true\r\n"))
                #expect(try await exchange.read(until: " two"))
                #expect(exchange.received.contains("id: 1\ndata: "))
                return try #require(
                    exchange.received.lowercased().part(after: "x-request-id: ", before: "\r\n"))
            }
            backend.open()
            let all = try await client.get("/v1/streams/\(id)")
            #expect(all.status == .ok)
            #expect(all.events.count == 6)
            #expect(all.events.last == "[DONE]")
            let rest = try await client.get("/v1/streams/\(id)?from=4")
            #expect(rest.events == Array(all.events.dropFirst(4)))
            #expect(rest.text.contains("id: 5\ndata: "))
            let lastEvent = HTTPField.Name("Last-Event-ID") ?? .eTag
            let after = try await client.get("/v1/streams/\(id)?from=1", headers: [lastEvent: "5"])
            #expect(after.events == ["[DONE]"])
            // The answer's own id is a name of the stream as well.
            let own = try JSONValue(parsing: all.events[0]).at("id").stringValue
            #expect(try await client.get("/v1/streams/\(own ?? "")?from=9").events.isEmpty)
            #expect(try await client.get("/v1/streams/\(id)?from=x").status == .badRequest)
        }
    }

    @Test("a resumable answer that nobody comes back for is cancelled")
    func grace() async throws {
        let backend = try waiting()
        try await withServer(backend, { $0.resumeGrace = .milliseconds(30) }) { client in
            try await RawConnection.with(port: try #require(client.port)) { exchange in
                try await exchange.send(
                    RawExchange.post(path, streamed, headers: "X-Retort-Resumable: true\r\n"))
                #expect(try await exchange.read(until: " two"))
            }
            await backend.waitForCancellation()
        }
    }

    @Test("DELETE ends an answer where it stands, and its client hears the end")
    func cancel() async throws {
        let backend = try waiting()
        try await withServer(backend) { client in
            try await RawConnection.with(port: try #require(client.port)) { exchange in
                try await exchange.send(RawExchange.post(path, streamed))
                #expect(try await exchange.read(until: " two"))
                let id = try #require(
                    exchange.received.lowercased().part(after: "x-request-id: ", before: "\r\n"))
                let response = try await client.send(
                    "/v1/streams/\(id)", "", method: .delete)
                #expect(try response.json().at("state") == "stopping")
                #expect(try await exchange.read(until: "data: [DONE]"))
                #expect(exchange.received.contains("\"finish_reason\":\"stop\""))
            }
            await backend.waitForCancellation()
        }
    }

    @Test("the thought of an answer can be ended by another request")
    func answerNow() async throws {
        let backend = try waiting()
        try await withServer(backend) { client in
            try await RawConnection.with(port: try #require(client.port)) { exchange in
                try await exchange.send(RawExchange.post(path, streamed))
                #expect(try await exchange.read(until: " two"))
                let id = try #require(
                    exchange.received.part(after: "\"id\":\"", before: "\""))
                let response = try await client.send("/v1/streams/\(id)/answer", "")
                #expect(try response.json().at("state") == "answering")
                #expect(backend.endedThoughts == 1)
                backend.open()
                #expect(try await exchange.read(until: "data: [DONE]"))
            }
        }
    }

    @Test(
        "a stream is found by its own client alone, and not at all once it is too old",
        arguments: [
            ("/v1/streams/req_unknown", HTTPRequest.Method.get),
            ("/v1/streams/req_unknown", .delete),
            ("/v1/streams/req_unknown/answer", .post),
        ])
    func unknown(uri: String, method: HTTPRequest.Method) async throws {
        try await withServer(try ScriptedBackend(saying: ["a"])) { client in
            let response = try await client.send(uri, "", method: method)
            #expect(response.status == .notFound)
            #expect(try response.json().at("error", "param") == "id")
        }
    }

    @Test("streams are forgotten by age and by size")
    func forgotten() async throws {
        let changes: [(inout ServerConfiguration) -> Void] = [
            { $0.streamRetention = .zero }, { $0.streamMemoryBytes = 100 },
        ]
        for change in changes {
            try await withServer(try ScriptedBackend(saying: ["a"]), change) { client in
                let response = try await client.send(path, streamed)
                let id = try #require(try response.chunks().first?.at("id").stringValue)
                #expect(try await client.get("/v1/streams/\(id)").status == .notFound)
            }
        }
    }
}

/// What llama-server was seen to do and clients stumble over.
@Suite struct WireDefectTests {
    private let hello: JSONValue = ["messages": [["role": "user", "content": "hi"]]]

    private func with(_ name: String, _ value: JSONValue) -> JSONValue {
        var object = hello.objectValue ?? JSONObject()
        object[name] = value
        return .object(object)
    }

    @Test("malformed JSON is 400, which clients do not repeat, not 500")
    func malformed() async throws {
        try await withServer(try ScriptedBackend(saying: ["a"])) { client async throws in
            #expect(try await client.send(path, "{nope").status == .badRequest)
        }
    }

    @Test("no messages is 400 and generates nothing")
    func noMessages() async throws {
        let backend = try ScriptedBackend(saying: ["a"])
        try await withServer(backend) { client async throws in
            #expect(try await client.post(path, ["messages": []]).status == .badRequest)
            #expect(backend.requests.isEmpty)
        }
    }

    @Test("GET on a path for POST is 405 with Allow, not 404")
    func wrongMethod() async throws {
        try await withServer(try ScriptedBackend(saying: ["a"])) { client in
            let response = try await client.get(path)
            #expect(response.status == .methodNotAllowed)
            #expect(response.headers[.allow]?.contains("POST") == true)
        }
    }

    @Test("an error's code is a word or null, and param is there")
    func errorShape() async throws {
        try await withServer(try ScriptedBackend(saying: ["a"])) { client in
            let error = try await client.post(path, with("temperature", 9)).json().at("error")
            #expect(error.objectValue?.keys == ["message", "type", "param", "code"])
            #expect(error.at("code").stringValue != nil)
            let json = try await client.send(path, "{").json().at("error")
            #expect(json["param"] == .null)
        }
    }

    @Test("n answers need no n slots")
    func twoAnswers() async throws {
        try await withServer(try ScriptedBackend(saying: ["a"])) { client in
            let response = try await client.post(path, with("n", 2))
            #expect(response.status == .ok)
            #expect(try response.json().at("choices").arrayValue?.count == 2)
        }
    }

    @Test("the first chunk's content is a text, logprobs and message have their refusal")
    func nulls() async throws {
        try await withServer(try ScriptedBackend(saying: ["a"])) { client in
            var object = with("logprobs", true).objectValue ?? JSONObject()
            let whole = try await client.post(path, .object(object)).json().at("choices", "0")
            #expect(whole.at("logprobs").objectValue?.keys == ["content", "refusal"])
            #expect(whole.at("logprobs", "content", "0")["id"] == nil)
            #expect(whole.at("message")["refusal"] == .null)
            object["stream"] = true
            let chunks = try await client.post(path, .object(object)).chunks()
            #expect(chunks.first?.at("choices", "0", "delta", "content") == "")
        }
    }

    @Test("a completion echoes its prompt with log-probabilities in the old shape")
    func echo() async throws {
        try await withServer(try ScriptedBackend(saying: ["b"])) { client in
            let choice = try await client.post(
                "/v1/completions", ["prompt": "a", "echo": true, "logprobs": 1, "max_tokens": 1]
            ).json().at("choices", "0")
            #expect(choice.at("text") == "ab")
            #expect(
                choice.at("logprobs").objectValue?.keys
                    == ["tokens", "token_logprobs", "top_logprobs", "text_offset"])
        }
    }

    @Test("events of a response are numbered and say where they belong")
    func numberedEvents() async throws {
        try await withServer(try ScriptedBackend(saying: ["a"])) { client in
            let response = try await client.post("/v1/responses", ["input": "x", "stream": true])
            let events = try response.chunks()
            #expect(events.enumerated().allSatisfy { $1.at("sequence_number").intValue == $0 })
            let deltas = events.filter { $0.at("type") == "response.output_text.delta" }
            #expect(!deltas.isEmpty)
            #expect(deltas.allSatisfy { $0.at("output_index") == 0 && $0.at("content_index") == 0 })
        }
    }
}

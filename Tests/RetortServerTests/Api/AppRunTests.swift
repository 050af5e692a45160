// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import HummingbirdTesting
import RetortEngine
import RetortJSON
import RetortServer
import Testing

@Suite("Answers of the web app", .timeLimit(.minutes(1)))
struct AppRunTests {
    private static let thinking = ["417", " · ", "386", "</think>", "160", "962"]

    private func thinker() throws -> ScriptedBackend {
        try ScriptedBackend(template: ScriptedBackend.thinkingTemplate, saying: Self.thinking)
    }

    @Test("An answer's events are numbered, complete and those of its message")
    func events() async throws {
        try await AppRun.with(try thinker()) { app in
            let id = try await app.conversation()
            let question = try await app.ask("417 · 386?", in: id)
            let begun = try await app.send(
                .post, "/conversations/\(id)/generate", ["parent": .string(question)])
            #expect(begun.status == 201)
            #expect(begun.json.at("message", "status") == "streaming")
            #expect(begun.json.at("message", "content") == "")
            let run = try #require(begun.json["run"]?.stringValue)
            #expect(begun.json.at("message", "run") == .string(run))
            let events = try await app.events(run)
            #expect(events.map(\.id) == Array(1...events.count))
            let names = events.map(\.name)
            #expect(names.first == "started")
            #expect(names.last == "done")
            #expect(names.contains("queued") && names.contains("prefill"))
            #expect(events[0].data["base"] == ["reasoning": "", "content": ""])
            let thought = text(events, "reasoning")
            #expect(thought == "417 · 386")
            #expect(text(events, "content") == "160962")
            let end = try #require(names.firstIndex(of: "reasoning_end"))
            #expect(events[end].data["tokens"] == 4)
            #expect(!names[end...].contains("reasoning"))
            #expect(!names[...end].contains("content"))
            let message = try #require(events.last?.data["message"])
            #expect(message["content"] == "160962")
            #expect(message["reasoning"] == .string(thought))
            #expect(message["status"] == "complete")
            #expect(message["finish_reason"] == "stop")
            #expect(message["run"] == .null)
            #expect(message["model"] == "test")
            #expect(message.at("usage", "completion_tokens") == 6)
            #expect(message.at("usage", "reasoning_tokens") == 4)
            #expect(message.at("usage", "cached_tokens") == 3)
            #expect(message.at("cost", "cpu_seconds").doubleValue == 3)
            #expect(message["cost"]?.objectValue?.count == 4)
            #expect(message.at("cost", "price") == .null)
            #expect(message["timings"]?.objectValue?.count == 8)
            let conversation = try await app.send(.get, "/conversations/\(id)").json
            #expect(conversation.at("tree", "1") == message)
            #expect(conversation["active_leaf"] == message["id"])
            #expect(conversation["active_run"] == .null)
            #expect(conversation["revision"] == events.last?.data["revision"])
        }
    }

    @Test("With a price of the machine each answer has one, and going on with it adds up")
    func price() async throws {
        let price = try MachinePrice(perHour: 0.96, currency: "EUR")
        try await AppRun.with(try ScriptedBackend(saying: ["a"], finish: .length), price: price) {
            app in
            let id = try await app.conversation()
            let question = try await app.ask("x", in: id)
            let run = try await app.generate(["parent": .string(question)], in: id)
            let first = try #require(try await app.events(run).last?.data["message"])
            #expect(first.at("cost", "currency") == "EUR")
            // 1.5 seconds of an hour
            #expect(first.at("cost", "price").doubleValue == 0.96 * 1.5 / 3600)
            let answer = try #require(first["id"])
            let more = try await app.generate(["continue": answer], in: id)
            let second = try #require(try await app.events(more).last?.data["message"])
            #expect(second["id"] == answer)
            #expect(second.at("cost", "price").doubleValue == 2 * 0.96 * 1.5 / 3600)
            #expect(second.at("cost", "cpu_seconds").doubleValue == 6)
        }
        for perHour in [-1, .infinity, .nan] {
            #expect(throws: ServerError.self) {
                try MachinePrice(perHour: perHour, currency: "EUR")
            }
        }
        for currency in ["", "eur", "EURO", "<b>"] {
            #expect(throws: ServerError.self) { try MachinePrice(perHour: 1, currency: currency) }
        }
    }

    private func text(_ events: [RunEvent], _ name: String) -> String {
        events.filter { $0.name == name }.compactMap { $0.data["text"]?.stringValue }.joined()
    }

    @Test("Events can be read again from any place, by query or header")
    func resume() async throws {
        try await AppRun.with(try thinker()) { app in
            let id = try await app.conversation()
            let question = try await app.ask("x", in: id)
            let run = try await app.generate(["parent": .string(question)], in: id)
            let all = try await app.events(run)
            let rest = try await app.events(run, from: 4)
            #expect(rest.map(\.id) == Array(5...all.count))
            #expect(rest.map(\.data) == all[4...].map(\.data))
            #expect(try await app.events(run, from: all.count).isEmpty)
            #expect(try await app.events(run, from: 1_000_000).isEmpty)
            let response = try await app.send(
                .get, "/runs/\(run)/events?from=1", headers: [.init("Last-Event-ID")!: "6"]
            ).response
            #expect(try RunEvent.read(response.text).first?.id == 7)
            #expect(response.headers[.contentType]?.hasPrefix("text/event-stream") == true)
            #expect(response.headers[.cacheControl] == "no-store")
            #expect(response.headers[.init("X-Accel-Buffering")!] == "no")
            for from in ["-1", "x"] {
                let answer = try await app.send(.get, "/runs/\(run)/events?from=\(from)")
                #expect(answer.status == 400)
                #expect(answer.code == "invalid_value")
                #expect(answer.param == "from")
            }
            #expect(try await app.send(.get, "/runs/r_none/events").status == 404)
        }
    }

    @Test("The engine is asked as by the chat API: system prompt, branch, sampling, stops, budget")
    func request() async throws {
        let backend = try thinker()
        try await AppRun.with(backend) { app in
            let settings: JSONValue = [
                "system": "Be brief.", "temperature": 0.5, "top_p": 0.9, "top_k": 5, "min_p": 0.1,
                "max_tokens": 100, "seed": -2, "stop": ["END"], "thinking_budget": 12,
            ]
            let id = try #require(
                try await app.send(.post, "/conversations", ["settings": settings])
                    .json["id"]?.stringValue)
            let first = try await app.ask("One?", in: id)
            _ = try await app.events(try await app.generate(["parent": .string(first)], in: id))
            let reply = try #require(try await app.tree(id).last?["id"])
            _ = try await app.ask("left?", in: id, parent: reply)
            let right = try await app.ask("right?", in: id, parent: reply)
            let overlay: JSONValue = ["temperature": 0.25, "top_k": nil, "max_tokens": nil]
            let run = try await app.generate(
                ["parent": .string(right), "settings": overlay], in: id)
            _ = try await app.events(run)
            let requests = backend.requests
            #expect(requests.count == 2)
            func prompt(_ index: Int) -> String {
                backend.decode(requests[index].generation.prompt)
            }
            #expect(prompt(0) == "<system>Be brief.<user>One?<assistant><think>\n")
            #expect(
                prompt(1)
                    == "<system>Be brief.<user>One?<assistant>160962<user>right?<assistant><think>\n"
            )
            let sampling = requests[0].generation.sampling
            #expect(sampling.temperature == 0.5)
            #expect(sampling.topP == 0.9)
            #expect(sampling.topK == 5)
            #expect(sampling.minP == 0.1)
            #expect(sampling.seed == UInt64(bitPattern: -2))
            #expect(requests[0].generation.stopStrings == ["END"])
            #expect(requests[0].generation.maximumTokens == 100)
            #expect(requests[0].thinkingBudget == 12)
            #expect(requests[1].generation.sampling.temperature == 0.25)
            #expect(requests[1].generation.sampling.topK == SamplingParameters().topK)
            #expect(requests[1].generation.maximumTokens == nil)
            // The overlay is the run's alone.
            let kept = try await app.send(.get, "/conversations/\(id)").json["settings"]
            #expect(kept?["temperature"] == 0.5)
        }
    }

    /// Says a thought, waits, then answers.
    private func waiting() throws -> ScriptedBackend {
        try ScriptedBackend(template: ScriptedBackend.thinkingTemplate) { request, _ in
            var steps = ScriptedBackend.steps(request, Self.thinking)
            steps.insert(.wait, at: 3)
            return steps
        }
    }

    @Test("A run goes on when nobody listens, one at a time in a conversation")
    func unattended() async throws {
        let backend = try waiting()
        try await AppRun.with(backend) { app in
            let id = try await app.conversation()
            let question = try await app.ask("x", in: id)
            let run = try await app.generate(["parent": .string(question)], in: id)
            let second = try await app.send(
                .post, "/conversations/\(id)/generate", ["parent": .string(question)])
            #expect(second.status == 409)
            #expect(second.code == "run_active")
            #expect(second.param == run)
            #expect(
                try await app.send(.get, "/conversations").json.at(
                    "conversations", "0", "active_run")
                    == .string(run))
            // What was said is in the database before the end.
            while try await app.tree(id).last?["reasoning"] != "417" {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(try await app.tree(id).last?["status"] == "streaming")
            backend.open()
            while try await app.tree(id).last?["status"] != "complete" {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(try await app.tree(id).last?["content"] == "160962")
            let events = try await app.events(run)
            #expect(events.contains { $0.name == "progress" })
        }
    }

    @Test("Stop ends a run, its text is kept and can be gone on with")
    func stop() async throws {
        let backend = try waiting()
        try await AppRun.with(backend) { app in
            let id = try await app.conversation()
            let question = try await app.ask("x", in: id)
            let run = try await app.generate(["parent": .string(question)], in: id)
            while try await app.tree(id).last?["reasoning"] != "417" {
                try await Task.sleep(for: .milliseconds(5))
            }
            let stopped = try await app.send(.post, "/runs/\(run)/stop")
            #expect(stopped.json == ["run": .string(run), "state": "stopping"])
            let events = try await app.events(run)
            #expect(events.last?.name == "done")
            let message = try #require(events.last?.data["message"])
            #expect(message["status"] == "stopped")
            #expect(message["finish_reason"] == "stopped")
            #expect(message["reasoning"] == "417")
            #expect(message["error"] == .null)
            #expect(try await app.send(.post, "/runs/\(run)/stop").json["state"] == "ended")
            #expect(try await app.send(.post, "/runs/\(run)/answer-now").json["state"] == "ended")
            backend.open()
            let more = try await app.generate(["continue": message["id"] ?? .null], in: id)
            let continued = try await app.events(more)
            #expect(continued.first?.data["base"] == ["reasoning": "417", "content": ""])
            let result = try #require(continued.last?.data["message"])
            #expect(result["id"] == message["id"])
            #expect(result["reasoning"] == "417417 · 386")
            #expect(result["content"] == "160962")
            #expect(result["status"] == "complete")
            let prompt = backend.decode(backend.requests[1].generation.prompt)
            #expect(prompt == "<user>x<assistant><think>\n417")
            #expect(try await app.tree(id).count == 2)
            // A complete answer is not gone on with.
            let again = try await app.send(
                .post, "/conversations/\(id)/generate", ["continue": message["id"] ?? .null])
            #expect(again.status == 400)
            #expect(again.param == "continue")
        }
    }

    @Test("Answer-now ends the thought, and says when there is none")
    func answerNow() async throws {
        let backend = try waiting()
        try await AppRun.with(backend) { app in
            let id = try await app.conversation()
            let question = try await app.ask("x", in: id)
            let run = try await app.generate(["parent": .string(question)], in: id)
            let answer = try await app.send(.post, "/runs/\(run)/answer-now")
            #expect(answer.json == ["run": .string(run), "state": "thinking"])
            while backend.endedThoughts == 0 { try await Task.sleep(for: .milliseconds(5)) }
            backend.open()
            _ = try await app.events(run)
        }
        let plain = try ScriptedBackend { request, _ in
            [.wait] + ScriptedBackend.steps(request, ["a"])
        }
        try await AppRun.with(plain) { app in
            let id = try await app.conversation()
            let question = try await app.ask("x", in: id)
            let run = try await app.generate(["parent": .string(question)], in: id)
            while plain.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            var state: JSONValue?
            repeat {
                state = try await app.send(.post, "/runs/\(run)/answer-now").json["state"]
            } while state == "thinking"
            #expect(state == "answering")
            plain.open()
            _ = try await app.events(run)
        }
    }

    @Test(
        "An answer that ends for want of tokens says which",
        arguments: [(JSONValue.integer(3), "length"), (.null, "context"), (5000, "context")])
    func lengths(limit: JSONValue, reason: String) async throws {
        let backend = try ScriptedBackend(saying: ["a", "b", "c"], finish: .length)
        try await AppRun.with(backend) { app in
            let id = try await app.conversation()
            let question = try await app.ask("x", in: id)
            let run = try await app.generate(
                ["parent": .string(question), "settings": ["max_tokens": limit]], in: id)
            let message = try await app.events(run).last?.data["message"]
            #expect(message?["finish_reason"] == .string(reason))
            #expect(message?["status"] == "complete")
        }
    }

    @Test("A failing engine ends the run with an error that keeps the text")
    func failure() async throws {
        let backend = try ScriptedBackend { request, _ in
            var steps = ScriptedBackend.steps(request, ["half"])
            steps[steps.count - 1] = .event(.failed(EngineError("out of memory")))
            return steps
        }
        try await AppRun.with(backend) { app in
            let id = try await app.conversation()
            let question = try await app.ask("x", in: id)
            let run = try await app.generate(["parent": .string(question)], in: id)
            let last = try #require(try await app.events(run).last)
            #expect(last.name == "error")
            #expect(last.data.at("error", "code") == "generation_failed")
            #expect(last.data["message"]?["content"] == "half")
            #expect(last.data["message"]?["status"] == "error")
            #expect(
                last.data.at("message", "error")
                    == ["message": "out of memory", "code": "generation_failed"])
        }
    }

    @Test("A model that is not loaded is loaded by the run; what is wrong then is the run's error")
    func loading() async throws {
        try await AppRun.with(try thinker(), isLoaded: false) { app in
            let id = try await app.conversation()
            let question = try await app.ask("x", in: id)
            let run = try await app.generate(["parent": .string(question)], in: id)
            let events = try await app.events(run)
            #expect(events[1].name == "loading")
            #expect(events[1].data == ["done": 0, "total": 1000])
            #expect(events.last?.name == "done")
        }
        let small = try ScriptedBackend(contextLength: 10, saying: ["a"])
        try await AppRun.with(small, isLoaded: false) { app in
            let id = try await app.conversation()
            let question = try await app.ask("0123456789", in: id)
            let run = try await app.generate(["parent": .string(question)], in: id)
            let last = try await app.events(run).last
            #expect(last?.name == "error")
            #expect(last?.data.at("error", "code") == "context_length_exceeded")
        }
    }

    @Test("What cannot be answered leaves no message behind")
    func refusals() async throws {
        let backend = try ScriptedBackend(contextLength: 40, saying: ["a"])
        try await AppRun.with(backend) { app in
            let id = try await app.conversation()
            let question = try await app.ask("x", in: id)
            let long = try await app.ask(.string(String(repeating: "x", count: 60)), in: id)
            let cases: [(JSONValue, Int, String, String?)] = [
                (["parent": .string(long)], 400, "context_length_exceeded", "messages"),
                (["parent": "m_none"], 400, "invalid_value", "parent"),
                (["continue": .string(question)], 400, "invalid_value", "continue"),
                ([:], 400, "invalid_value", "parent"),
                (
                    ["parent": .string(question), "continue": "m_none"], 400, "invalid_value",
                    "continue"
                ),
                (
                    ["parent": .string(question), "settings": ["top_p": 0]], 400, "invalid_value",
                    "settings.top_p"
                ),
                (
                    ["parent": .string(question), "settings": ["model": "none"]], 404,
                    "model_not_found", "model"
                ),
            ]
            for (body, status, code, param) in cases {
                let answer = try await app.send(.post, "/conversations/\(id)/generate", body)
                #expect(answer.status == status, "\(body.text())")
                #expect(answer.code == code)
                #expect(answer.param == param)
            }
            backend.refuse(.queueIsFull(waiting: 9, retryAfter: 7))
            let full = try await app.send(
                .post, "/conversations/\(id)/generate", ["parent": .string(question)])
            #expect(full.status == 429)
            #expect(full.code == "queue_full")
            #expect(full.response.headers[.retryAfter] == "7")
            #expect(try await app.tree(id).count == 2)
            #expect(try await app.send(.get, "/conversations/\(id)").json["active_run"] == .null)
        }
    }

    @Test("Deleting a conversation stops its run")
    func delete() async throws {
        let backend = try waiting()
        try await AppRun.with(backend) { app in
            let id = try await app.conversation()
            let question = try await app.ask("x", in: id)
            let run = try await app.generate(["parent": .string(question)], in: id)
            #expect(try await app.send(.delete, "/conversations/\(id)").status == 200)
            #expect(try await app.events(run).last?.data.at("message", "status") == "stopped")
            await backend.waitForCancellation()
        }
    }

    @Test("Another key's runs are not there, and answers count to the key")
    func keys() async throws {
        try await AppRun.with(try thinker(), keys: true) { app in
            let id = try await app.conversation()
            let question = try await app.ask("x", in: id)
            let run = try await app.generate(["parent": .string(question)], in: id)
            _ = try await app.events(run)
            try await app.keys.synchronize()
            let stored = try #require(try app.store.keys().first)
            let usage = try #require(try app.store.usage(of: stored.id).first?.usage)
            // Reading and writing messages is free.
            #expect(usage.requests == 1)
            #expect(usage.completionTokens == 6)
            #expect(usage.cachedTokens == 3)
            #expect(usage.promptTokens == "<user>x<assistant><think>\n".utf8.count)
            var other = app
            other.key = "rt-wrong"
            #expect(try await other.send(.get, "/runs/\(run)/events").status == 401)
        }
    }

    @Test("An answer that the server broke off is an error with its text, not the user's stop")
    func brokenOff() async throws {
        let backend = try ScriptedBackend(saying: ["half"], finish: .cancelled)
        try await AppRun.with(backend) { app in
            let id = try await app.conversation()
            let question = try await app.ask("x", in: id)
            let run = try await app.generate(["parent": .string(question)], in: id)
            let last = try #require(try await app.events(run).last)
            #expect(last.name == "error")
            #expect(last.data.at("message", "error", "code") == "server_restarted")
            #expect(last.data.at("message", "content") == "half")
        }
    }

    @Test("A key's scopes and its requests in a minute are kept to")
    func limits() async throws {
        try await AppRun.with(try thinker(), keys: true) { app in
            var app = app
            let programs = try app.store.addKey(name: "programs", scopes: [.api]).key
            let people = try app.store.addKey(
                name: "people", scopes: [.app], requestsPerMinute: 1
            ).key
            try await app.keys.synchronize()
            app.key = programs
            let refused = try await app.send(.get, "/conversations")
            #expect(refused.status == 403)
            #expect(refused.code == "insufficient_scope")
            let models = try await app.client.get(
                "/v1/models", headers: [.authorization: "Bearer \(programs)"])
            #expect(models.status == .ok)
            let other = try await app.client.get(
                "/v1/models", headers: [.authorization: "Bearer \(people)"])
            #expect(other.status == .forbidden)
            app.key = people
            let id = try await app.conversation()
            let question = try await app.ask("x", in: id)
            let run = try await app.generate(["parent": .string(question)], in: id)
            _ = try await app.events(run)
            let again = try await app.send(
                .post, "/conversations/\(id)/generate", ["parent": .string(question)])
            #expect(again.status == 429)
            #expect(again.code == "rate_limit_exceeded")
            #expect(again.response.headers[.retryAfter] == "60")
            #expect(try await app.tree(id).count == 2)
        }
    }
}

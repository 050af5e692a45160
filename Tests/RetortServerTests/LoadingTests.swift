// SPDX-License-Identifier: Apache-2.0
//
// What streams say while their model is loaded.

import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import RetortServer
import Synchronization
import Testing

/// A model that is loaded, or turns out to be broken, when the test says so.
private final class SlowModel: ModelProvider {
    private struct State {
        var result: Result<Void, ModelFault>?
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let backend: any GenerationBackend
    private let state = Mutex(State())

    init(_ backend: any GenerationBackend) { self.backend = backend }

    func load(_ result: Result<Void, ModelFault>) {
        let waiting = state.withLock { state in
            state.result = result
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func lease(_ name: String?) async throws(ModelFault) -> ModelLease {
        await withCheckedContinuation { continuation in
            let isLoaded = state.withLock { state in
                if state.result == nil { state.waiting.append(continuation) }
                return state.result != nil
            }
            if isLoaded { continuation.resume() }
        }
        if case .failure(let fault) = state.withLock({ $0.result }) { throw fault }
        return ModelLease(id: "slow", backend: backend)
    }

    func models() -> [ModelDescription] { [ModelDescription(id: "slow", created: 0)] }
    func loaded() -> [(id: String, backend: any GenerationBackend)] { [] }
    func isReady() -> Bool { false }
    func stop(finishing: Bool) async {}
}

@Suite(.timeLimit(.minutes(1))) struct LoadingTests {
    private static let messages = "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"

    private func withModel(
        _ backend: any GenerationBackend,
        _ body: @escaping @Sendable (Int, SlowModel) async throws -> Void
    ) async throws {
        let model = SlowModel(backend)
        var configuration = ServerConfiguration()
        configuration.port = 0
        configuration.keepAliveInterval = .milliseconds(20)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let server = RetortServer(configuration: configuration, provider: model, logger: logger)
        try await server.application().test(.live) { client in
            try await body(try #require(client.port), model)
        }
    }

    @Test(
        "a stream is kept alive while its model is loaded, and then has the answer",
        arguments: [
            ("/v1/chat/completions", "{\"stream\":true,\(messages)}", "data: [DONE]"),
            ("/v1/completions", "{\"stream\":true,\"prompt\":\"hi\"}", "data: [DONE]"),
            (
                "/v1/messages", "{\"stream\":true,\"max_tokens\":9,\(messages)}",
                "event: message_stop"
            ),
            ("/v1/responses", "{\"stream\":true,\"input\":\"hi\"}", "event: response.completed"),
        ])
    func keptAlive(path: String, body: String, end: String) async throws {
        try await withModel(try ScriptedBackend(saying: ["late"])) { port, model in
            try await RawConnection.with(port: port) { exchange in
                try await exchange.send(RawExchange.post(path, body))
                #expect(try await exchange.read(until: ": keep-alive\n\n"))
                #expect(exchange.received.hasPrefix("HTTP/1.1 200"))
                #expect(!exchange.received.contains("data: "))
                model.load(.success(()))
                #expect(try await exchange.read(until: end))
                #expect(exchange.received.contains("late"))
            }
        }
    }

    @Test(
        "a model that turns out to be broken is told in the stream",
        arguments: [
            ("/v1/chat/completions", "{\"stream\":true,\(messages)}", "data: {\"error\":"),
            ("/v1/messages", "{\"stream\":true,\"max_tokens\":9,\(messages)}", "event: error\n"),
        ])
    func broken(path: String, body: String, event: String) async throws {
        try await withModel(try ScriptedBackend(saying: ["late"])) { port, model in
            try await RawConnection.with(port: port) { exchange in
                try await exchange.send(RawExchange.post(path, body))
                #expect(try await exchange.read(until: ": keep-alive\n\n"))
                model.load(.failure(.broken("it has no weights")))
                // The chunk of length zero: the end of the response.
                #expect(try await exchange.read(until: "\r\n0\r\n\r\n"))
                #expect(exchange.received.contains(event))
                #expect(exchange.received.contains("it has no weights"))
                #expect(!exchange.received.contains("[DONE]"))
            }
        }
    }

    @Test("who is gone before the model is loaded gets no answer made")
    func gone() async throws {
        let backend = try ScriptedBackend { request, _ in
            var steps = ScriptedBackend.steps(request, ["one", " two"])
            steps.insert(.wait, at: 3)
            return steps
        }
        try await withModel(backend) { port, model in
            try await RawConnection.with(port: port) { exchange in
                try await exchange.send(
                    RawExchange.post("/v1/chat/completions", "{\"stream\":true,\(Self.messages)}"))
                #expect(try await exchange.read(until: ": keep-alive\n\n"))
            }
            model.load(.success(()))
            await backend.waitForCancellation()
        }
    }
}

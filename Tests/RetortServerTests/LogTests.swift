// SPDX-License-Identifier: Apache-2.0
//
// What a log must never have, whatever clients send.

import HTTPTypes
import HummingbirdTesting
import Logging
import RetortEngine
import RetortServer
import Synchronization
import Testing

/// Everything that was logged, at every level.
private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    var text: String { lines.withLock { $0.joined(separator: "\n") } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
}

private struct Recorder: LogHandler {
    let lines: Lines
    var logLevel = Logger.Level.trace
    var metadata = Logger.Metadata()

    init(_ lines: Lines) { self.lines = lines }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        lines.add("\(event.level) \(event.message) \(all)")
    }
}

@Suite(.timeLimit(.minutes(1))) struct LogTests {
    private static let key = "sk-0123456789abcdefghij"
    private static let secret = "Xylophone"

    private func withLog(
        _ backend: any GenerationBackend,
        _ body: @escaping @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws -> String {
        let lines = Lines()
        var configuration = ServerConfiguration()
        configuration.port = 0
        let server = RetortServer(
            configuration: configuration, provider: SingleModel(backend: backend),
            keys: try KeyList(Self.key), logger: Logger(label: "test") { _ in Recorder(lines) })
        try await server.application().test(.live) { client in try await body(client) }
        return lines.text
    }

    @Test(
        "a log has each request's line, and neither prompts nor answers nor keys",
        arguments: [
            (
                "Bearer \(key)", "{\"messages\":[{\"role\":\"user\",\"content\":\"\(secret)\"}]}",
                200
            ),
            (
                "Bearer \(key)",
                "{\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"\(secret)\"}]}",
                200
            ),
            ("Bearer \(key)", "{\"messages\":[{\"role\":\"\(secret)\",\"content\":1}]}", 400),
            ("Bearer \(key)", "{\"messages\": \(secret)", 400),
            ("Bearer wrong-\(key)", "{\"messages\":[]}", 401),
        ])
    func secrets(authorization: String, body: String, status: Int) async throws {
        let text = try await withLog(try ScriptedBackend(saying: [Self.secret])) { client in
            let response = try await client.send(
                "/v1/chat/completions?key=\(Self.key)", body,
                headers: [.authorization: authorization])
            #expect(response.status.code == status)
        }
        #expect(text.contains("POST /v1/chat/completions \(status)"))
        #expect(!text.contains(Self.secret))
        #expect(!text.contains(Self.key))
    }

    @Test("an engine that fails is in the log with the request's id and without the prompt")
    func failure() async throws {
        let backend = try ScriptedBackend { _, _ in [.event(.failed(EngineError("no memory")))] }
        let text = try await withLog(backend) { client in
            let response = try await client.send(
                "/v1/chat/completions",
                "{\"messages\":[{\"role\":\"user\",\"content\":\"\(Self.secret)\"}]}",
                headers: [
                    .authorization: "Bearer \(Self.key)",
                    try #require(HTTPField.Name("X-Request-Id")): "mine-7",
                ])
            #expect(response.status == .internalServerError)
        }
        #expect(text.contains("error POST /v1/chat/completions 500"))
        #expect(text.contains("mine-7"))
        #expect(!text.contains(Self.secret))
    }
}

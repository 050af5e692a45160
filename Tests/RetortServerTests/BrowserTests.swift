// SPDX-License-Identifier: Apache-2.0
//
// What pages of other sites can make a browser do to a server without keys, and what a client does
// that wants to keep it busy.

import HTTPTypes
import HummingbirdTesting
import NIOCore
import RetortServer
import Testing

private let path = "/v1/chat/completions"
private let hello = "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"

/// Everyone may; keys are wanted all the same.
private struct AnyKey: KeyVerifier {
    func needsKey() -> Bool { true }
    func verify(_ key: String) -> ClientIdentity? { ClientIdentity(id: "any") }
}

@Suite struct BrowserTests {
    /// The status of a request with these fields.
    private func status(
        host: String, origin: String? = nil, keys: any KeyVerifier = OpenAccess(),
        _ change: @escaping (inout ServerConfiguration) -> Void = { _ in }
    ) async throws -> String {
        let backend = try ScriptedBackend(saying: ["a"])
        let received = ServerAnswer()
        try await withServer(backend, keys: keys, change) { client in
            let origin = origin.map { "Origin: \($0)\r\n" } ?? ""
            try await RawConnection.with(port: try #require(client.port)) { exchange in
                try await exchange.send(
                    "POST \(path) HTTP/1.1\r\nHost: \(host)\r\n\(origin)X-Api-Key: some-key\r\nConnection: close\r\nContent-Length: \(hello.utf8.count)\r\n\r\n\(hello)"
                )
                _ = try await exchange.read(until: "never")
                await received.set(exchange.received)
            }
        }
        let text = await received.text
        #expect(text.contains(" 403 ") == backend.requests.isEmpty)
        return String(text.dropFirst(9).prefix(3))
    }

    @Test(
        "without keys only names that are this machine's are answered to",
        arguments: [
            ("localhost", "200"), ("LOCALHOST:8080", "200"), ("127.0.0.1:8080", "200"),
            ("[::1]:8080", "200"), ("chat.localhost", "200"), ("192.168.1.2", "200"),
            ("evil.example", "403"), ("localhost.evil.example:8080", "403"),
            ("127.0.0.1.evil.example", "403"), ("evillocalhost", "403"),
        ])
    func rebinding(host: String, expected: String) async throws {
        #expect(try await status(host: host) == expected)
    }

    @Test("a name may be allowed, and with keys every name is")
    func allowedNames() async throws {
        #expect(try await status(host: "Box.lan:80") { $0.allowedHosts = ["box.lan"] } == "200")
        #expect(try await status(host: "other.lan") { $0.allowedHosts = ["box.lan"] } == "403")
        #expect(try await status(host: "chat.example", keys: AnyKey()) == "200")
    }

    @Test(
        "without keys a page of another site has nothing computed, whatever its request looks like",
        arguments: [
            ("http://localhost:8080", "200"), ("https://LOCALHOST:8080", "200"),
            ("http://evil.example", "403"), ("null", "403"), ("http://localhost:8081", "403"),
            ("http://localhost:8080/x", "403"), ("https://a.example", "200"),
        ])
    func foreignPage(origin: String, expected: String) async throws {
        let found = try await status(host: "localhost:8080", origin: origin) {
            $0.allowedOrigins = ["https://a.example"]
        }
        #expect(found == expected)
    }

    @Test("where all origins are allowed, or keys are needed, the origin does not matter")
    func anyOrigin() async throws {
        let all = try await status(host: "localhost", origin: "https://b.example") {
            $0.allowedOrigins = ["*"]
        }
        #expect(all == "200")
        let keyed = try await status(
            host: "localhost", origin: "https://b.example", keys: AnyKey())
        #expect(keyed == "200")
    }

    @Test("a head that comes byte by byte does not hold a connection for ever")
    func slowHead() async throws {
        try await withServer(
            try ScriptedBackend(saying: ["a"]), { $0.idleTimeout = .milliseconds(200) }
        ) { client in
            try await RawConnection.with(port: try #require(client.port)) {
                exchange async throws -> Void in
                // On a busy machine the server may have hung up before, which is what it shall do.
                try? await exchange.send("GET /health HTTP/1.1\r\nX-Slow: ")
                let outbound = exchange.outbound
                let writer = Task {
                    for _ in 0..<600 {
                        try await outbound.write(ByteBuffer(string: "a"))
                        try await Task.sleep(for: .milliseconds(50))
                    }
                }
                // Ends long before the writer does.
                #expect(try await !exchange.read(until: "never"))
                #expect(exchange.received.isEmpty)
                writer.cancel()
            }
        }
    }

    @Test("several requests on one connection are answered, the last one with a body")
    func reuse() async throws {
        try await withServer(
            try ScriptedBackend(saying: ["a"]), { $0.idleTimeout = .seconds(30) }
        ) { client in
            try await RawConnection.with(port: try #require(client.port)) { exchange in
                for _ in 0..<3 {
                    try await exchange.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                }
                try await exchange.send(RawExchange.post(path, hello))
                #expect(try await exchange.read(until: "chat.completion"))
            }
        }
    }

    @Test("bodies that are read at the same time have a limit together, and give it back")
    func bodyMemory() async throws {
        try await withServer(
            try ScriptedBackend(saying: ["a"]),
            {
                $0.bodyMemoryBytes = 100_000
                // On a busy machine the holder has to hold for long.
                $0.bodyTimeout = .seconds(600)
            }
        ) { client in
            let port = try #require(client.port)
            let head = "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 80000\r\n\r\n"
            let most = String(repeating: " ", count: 70_000)
            try await RawConnection.with(port: port) { holder in
                try await holder.send(head + most)
                // The first part is counted once it was read.
                var answer = ""
                for _ in 0..<500 where !answer.hasPrefix("HTTP/1.1 503") {
                    // A server that has refused the first part may be gone before the rest is sent, and
                    // before this end is closed: asked again then.
                    let asked = try? await RawConnection.with(port: port) { exchange in
                        try? await exchange.send(head + most)
                        try? await exchange.send(String(repeating: " ", count: 10_000))
                        _ = try? await exchange.read(until: "\r\n\r\n")
                        return exchange.received
                    }
                    answer = asked ?? ""
                }
                #expect(answer.hasPrefix("HTTP/1.1 503"))
                #expect(answer.lowercased().contains("retry-after: 5"))
            }
            // The holder went away and gave back what it had. Until that is noticed the server hangs up
            // on whoever asks, be it in the middle of the body.
            let padded = RawExchange.post(path, hello + String(repeating: " ", count: 90_000))
            var answer = ""
            for _ in 0..<500 where !answer.hasPrefix("HTTP/1.1 200") {
                let asked = try? await RawConnection.with(port: port) { exchange in
                    try? await exchange.send(padded)
                    _ = try? await exchange.read(until: "\r\n\r\n")
                    return exchange.received
                }
                answer = asked ?? ""
            }
            #expect(answer.hasPrefix("HTTP/1.1 200"))
        }
    }
}

/// Text that leaves the closure of a connection.
private actor ServerAnswer {
    private(set) var text = ""
    func set(_ text: String) { self.text = text }
}

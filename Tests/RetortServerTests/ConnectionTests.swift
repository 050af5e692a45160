// SPDX-License-Identifier: Apache-2.0
//
// What HTTP allows and what a client should never do, byte by byte.

import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import RetortEngine
import RetortJSON
import RetortServer
import Testing

private let hello = "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"
private let streamed = "{\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"
private let path = "/v1/chat/completions"

@Suite struct ConnectionTests {
    /// Says one word and then nothing until it is cancelled or opened.
    private func waiting() throws -> ScriptedBackend {
        try ScriptedBackend { request, _ in
            var steps = ScriptedBackend.steps(request, ["one", " two"])
            steps.insert(.wait, at: 3)
            return steps
        }
    }

    @Test("a client that goes away takes its request with it", arguments: [hello, streamed])
    func disconnect(body: String) async throws {
        let backend = try waiting()
        try await withServer(backend) { client in
            let port = try #require(client.port)
            try await RawConnection.with(port: port) { exchange in
                try await exchange.send(RawExchange.post(path, body))
                if body == streamed {
                    #expect(try await exchange.read(until: "\"one\""))
                } else {
                    while backend.requests.isEmpty { await Task.yield() }
                }
            }
            await backend.waitForCancellation()
        }
    }

    @Test("two requests on one connection are answered in order, also if the second came early")
    func pipelining() async throws {
        let backend = try ScriptedBackend { request, index in
            ScriptedBackend.steps(request, ["answer\(index)"])
        }
        try await withServer(backend) { client in
            try await RawConnection.with(port: try #require(client.port)) { exchange in
                let post = RawExchange.post(path, hello)
                try await exchange.send(post + post)
                #expect(try await exchange.read(until: "answer1"))
                let first = try #require(exchange.received.range(of: "answer0"))
                let second = try #require(exchange.received.range(of: "answer1"))
                #expect(first.lowerBound < second.lowerBound)
            }
        }
    }

    @Test("a body in chunks is read")
    func chunkedBody() async throws {
        try await withServer(try ScriptedBackend(saying: ["word"])) { client in
            try await RawConnection.with(port: try #require(client.port)) { exchange in
                let half = hello.utf8.count / 2
                let first = hello.prefix(half)
                let second = hello.dropFirst(half)
                try await exchange.send(
                    "POST \(path) HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n\(String(first.utf8.count, radix: 16))\r\n\(first)\r\n"
                )
                try await exchange.send(
                    "\(String(second.utf8.count, radix: 16))\r\n\(second)\r\n0\r\n\r\n")
                #expect(try await exchange.read(until: "word"))
            }
        }
    }

    @Test("a client that asks whether to go on is told so, unless its body is too long")
    func expectContinue() async throws {
        try await withServer(try ScriptedBackend(saying: ["word"]), { $0.maximumBodyBytes = 1024 })
        {
            client in
            let port = try #require(client.port)
            try await RawConnection.with(port: port) { exchange in
                try await exchange.send(
                    "POST \(path) HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: \(hello.utf8.count)\r\n\r\n"
                )
                #expect(try await exchange.read(until: "100 Continue\r\n\r\n"))
                try await exchange.send(hello)
                #expect(try await exchange.read(until: "word"))
            }
            try await RawConnection.with(port: port) { exchange in
                try await exchange.send(
                    "POST \(path) HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2000\r\n\r\n"
                )
                #expect(try await exchange.read(until: "body_too_large"))
                #expect(exchange.received.hasPrefix("HTTP/1.1 413"))
            }
        }
    }

    @Test(
        "a body over the limit is 413, whether its length is told or not", arguments: [true, false])
    func tooLong(tellsLength: Bool) async throws {
        try await withServer(try ScriptedBackend(saying: ["word"]), { $0.maximumBodyBytes = 1024 })
        {
            client in
            try await RawConnection.with(port: try #require(client.port)) { exchange in
                let body = String(repeating: " ", count: 2000)
                if tellsLength {
                    try await exchange.send(RawExchange.post(path, body))
                } else {
                    try await exchange.send(
                        "POST \(path) HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n\(body)\r\n0\r\n\r\n"
                    )
                }
                #expect(try await exchange.read(until: "body_too_large"))
                #expect(exchange.received.hasPrefix("HTTP/1.1 413"))
                #expect(try await !exchange.read(until: "never"))
            }
        }
    }

    @Test("after a refusal what still comes of the body is passed over, and the connection ends")
    func rest() async throws {
        try await withServer(
            try ScriptedBackend(saying: ["word"]),
            {
                $0.maximumBodyBytes = 1024
            }
        ) { client in
            try await RawConnection.with(port: try #require(client.port)) { exchange in
                try await exchange.send(
                    "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
                        + String(repeating: " ", count: 100_000)
                        + "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                // The second is not answered, and there is no reset.
                #expect(try await !exchange.read(until: "never"))
                #expect(exchange.received.contains("body_too_large"))
                #expect(exchange.received.lowercased().contains("connection: close"))
                #expect(exchange.received.components(separatedBy: "HTTP/1.1").count == 2)
            }
        }
    }

    @Test(
        "a long body that nobody wants is not read: the connection ends",
        arguments: [
            ("/nothing", "Content-Length: 100000", "404"),
            (path, "Content-Type: text/plain\r\nContent-Length: 100000", "415"),
            ("/v1/models", "Content-Length: 100000", "405"),
        ])
    func unwanted(path: String, header: String, status: String) async throws {
        try await withServer(try ScriptedBackend(saying: ["word"])) { client in
            try await RawConnection.with(port: try #require(client.port)) { exchange in
                try await exchange.send(
                    "POST \(path) HTTP/1.1\r\nHost: localhost\r\n\(header)\r\n\r\n")
                #expect(try await !exchange.read(until: "never"))
                #expect(exchange.received.hasPrefix("HTTP/1.1 \(status)"))
                #expect(exchange.received.lowercased().contains("connection: close"))
            }
        }
    }

    @Test("a body without an end is not read for ever after its answer")
    func endless() async throws {
        try await withServer(try ScriptedBackend(saying: ["word"])) { client in
            try await RawConnection.with(port: try #require(client.port)) { exchange in
                try await exchange.send(
                    "POST /nothing HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
                #expect(try await exchange.read(until: "not_found"))
                try await exchange.send("40000\r\n" + String(repeating: " ", count: 0x40000))
                #expect(try await !exchange.read(until: "never"))
            }
        }
    }

    @Test("a client that goes away in the middle of a body is no fault of the server")
    func brokenBody() async throws {
        try await withServer(try ScriptedBackend(saying: ["word"])) { client in
            try await RawConnection.with(port: try #require(client.port)) { exchange in
                try await exchange.send(
                    "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
            }
            var text = ""
            repeat {
                text = try await client.get("/metrics").text
            } while !text.contains("responses_total{status=\"4")
                && !text.contains("responses_total{status=\"5")
            #expect(text.contains("retort:http_responses_total{status=\"400\"} 1.0"))
            #expect(!text.contains("responses_total{status=\"5"))
        }
    }

    @Test("a body that does not come is 408 and ends the connection")
    func slowBody() async throws {
        try await withServer(
            try ScriptedBackend(saying: ["word"]), { $0.bodyTimeout = .milliseconds(50) }
        ) { client in
            try await RawConnection.with(port: try #require(client.port)) { exchange in
                try await exchange.send(
                    "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
                #expect(try await exchange.read(until: "request_timeout"))
                #expect(exchange.received.hasPrefix("HTTP/1.1 408"))
                #expect(try await !exchange.read(until: "never"))
            }
        }
    }

    @Test("headers over the limit are 400 and end the connection")
    func longHeaders() async throws {
        try await withServer(
            try ScriptedBackend(saying: ["word"]), { $0.maximumHeaderBytes = 2048 }
        ) { client in
            try await RawConnection.with(port: try #require(client.port)) { exchange in
                let value = String(repeating: "x", count: 4000)
                try await exchange.send(
                    "GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: \(value)\r\n\r\n")
                #expect(try await !exchange.read(until: "never"))
                #expect(exchange.received.hasPrefix("HTTP/1.1 4"))
                #expect(exchange.received.lowercased().contains("connection: close"))
            }
        }
    }

    @Test(
        "while nothing happens a stream sends comments, with the prompt's progress as it is known")
    func keepAlive() async throws {
        let backend = try ScriptedBackend { request, _ in
            [.event(.prompt(processed: 5, total: 20, cached: 0)), .wait]
                + ScriptedBackend.steps(request, ["done"])
        }
        try await withServer(backend) { client in
            try await RawConnection.with(port: try #require(client.port)) { exchange in
                try await exchange.send(RawExchange.post(path, streamed))
                #expect(try await exchange.read(until: ": prefill 5/20\n\n"))
                #expect(try await exchange.read(until: ": keep-alive\n\n"))
                backend.open()
                #expect(try await exchange.read(until: "data: [DONE]\n\n"))
            }
        }
    }

    @Test(
        "the prompt's progress comes as objects where the client asks",
        arguments: [
            "\"return_progress\":true", "\"stream_options\":{\"include_progress\":true}",
        ])
    func progress(member: String) async throws {
        try await withServer(try ScriptedBackend(saying: ["a"])) { client in
            let body = "{\(member),\(streamed.dropFirst())"
            let response = try await client.send(path, body)
            let progress = try response.chunks().compactMap { $0["prompt_progress"] }
            #expect(progress.first?.at("cache") == 3)
            #expect(progress.first?.at("processed") == progress.first?.at("total"))
        }
    }
}

@Suite struct HTTPTests {
    @Test(
        "a method that a path does not know is 405 and tells those it does",
        arguments: [
            ("/v1/chat/completions", HTTPRequest.Method.get, "OPTIONS, POST"),
            ("/v1/models", .post, "GET, HEAD, OPTIONS"),
            ("/v1/models/some/name", .delete, "GET, HEAD, OPTIONS"),
            ("/v1/streams/x", .put, "DELETE, GET, HEAD, OPTIONS"),
        ])
    func wrongMethod(path: String, method: HTTPRequest.Method, allow: String) async throws {
        try await withServer(try ScriptedBackend(saying: ["a"])) { client in
            let response = try await client.send(path, "{}", method: method)
            #expect(response.status == .methodNotAllowed)
            #expect(response.headers[.allow] == allow)
            #expect(try response.json().at("error", "code") == "method_not_allowed")
        }
    }

    @Test("an unknown path is 404 with an error's body")
    func unknownPath() async throws {
        try await withServer(try ScriptedBackend(saying: ["a"])) { client in
            let response = try await client.get("/v2/chat")
            #expect(response.status == .notFound)
            #expect(try response.json().at("error", "type") == "not_found_error")
        }
    }

    @Test("HEAD has the headers of GET and no body, OPTIONS the methods")
    func headAndOptions() async throws {
        try await withServer(try ScriptedBackend(saying: ["a"])) { client in
            let head = try await client.executeRequest(
                uri: "/v1/models", method: .head, headers: [:], body: nil)
            #expect(head.status == .ok)
            #expect(head.body.readableBytes == 0)
            #expect(head.headers[.contentType] == "application/json")
            let options = try await client.executeRequest(
                uri: "/v1/models", method: .options, headers: [:], body: nil)
            #expect(options.status == .noContent)
            #expect(options.headers[.allow] == "GET, HEAD, OPTIONS")
            #expect(options.headers[.accessControlAllowOrigin] == nil)
        }
    }

    @Test("every answer has an id, the client's if it brings one, and is not sniffed or stored")
    func headers() async throws {
        try await withServer(try ScriptedBackend(saying: ["a"])) { client in
            let own = HTTPField.Name("X-Request-Id") ?? .eTag
            let first = try await client.get("/v1/models")
            #expect(first.headers[own]?.hasPrefix("req_") == true)
            #expect(first.headers[.xContentTypeOptions] == "nosniff")
            #expect(first.headers[.cacheControl] == "no-store")
            let second = try await client.get("/nothing", headers: [own: "my-id_7"])
            #expect(second.headers[own] == "my-id_7")
            let third = try await client.get("/nothing", headers: [own: "a b<c>"])
            #expect(third.headers[own]?.hasPrefix("req_") == true)
        }
    }

    @Test("the header of a request is not gone on with after a fault in it")
    func faultyHeader() async throws {
        try await withServer(try ScriptedBackend(saying: ["a"])) { client in
            try await RawConnection.with(port: try #require(client.port)) { exchange in
                try await exchange.send("GE T /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                try await exchange.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                #expect(try await !exchange.read(until: "never"))
                #expect(exchange.received.hasPrefix("HTTP/1.1 400"))
                #expect(!exchange.received.contains("HTTP/1.1 200"))
            }
        }
    }

    @Test("other sites' pages may call only if their origin is listed")
    func origins() async throws {
        try await withServer(
            try ScriptedBackend(saying: ["a"]), { $0.allowedOrigins = ["https://a.example"] }
        ) { client in
            let allowed = try await client.executeRequest(
                uri: path, method: .options, headers: [.origin: "https://a.example"], body: nil)
            #expect(allowed.headers[.accessControlAllowOrigin] == "https://a.example")
            #expect(allowed.headers[.accessControlAllowMethods] == "OPTIONS, POST")
            #expect(allowed.headers[.vary] == "Origin")
            for origin in ["https://b.example", "https://a.example.b.example", "null"] {
                for method in [HTTPRequest.Method.options, .get] {
                    let other = try await client.executeRequest(
                        uri: path, method: method, headers: [.origin: origin], body: nil)
                    #expect(other.headers[.accessControlAllowOrigin] == nil)
                    #expect(other.headers[.accessControlAllowMethods] == nil)
                }
            }
        }
    }
}

/// One client with a limit of requests.
private struct LimitedKeys: KeyVerifier {
    func needsKey() -> Bool { true }

    func verify(_ key: String) -> ClientIdentity? {
        switch key {
        case "good-key": ClientIdentity(id: "good")
        case "busy-key": ClientIdentity(id: "busy")
        default: nil
        }
    }

    func admit(_ client: ClientIdentity) -> Admission {
        client.id == "busy" ? .refused(retryAfter: 11) : .admitted
    }
}

@Suite struct KeyTests {
    @Test(
        "a key is taken as Bearer in any case or as x-api-key, and its owner is the engine's client",
        arguments: [
            ("Authorization", "Bearer good-key", 200), ("Authorization", "bearer  good-key", 200),
            ("X-Api-Key", "good-key", 200), ("Authorization", "Basic good-key", 401),
            ("Authorization", "Bearer bad-key", 401), ("X-Api-Key", "", 401),
            ("X-Api-Key", "busy-key", 429),
        ])
    func keys(name: String, value: String, status: Int) async throws {
        let backend = try ScriptedBackend(saying: ["a"])
        try await withServer(backend, keys: LimitedKeys()) { client in
            let field = try #require(HTTPField.Name(name))
            let response = try await client.send(path, hello, headers: [field: value])
            #expect(response.status.code == status)
            switch status {
            case 200: #expect(backend.requests.first?.client == "good")
            case 401:
                #expect(try response.json().at("error", "code") == "invalid_api_key")
                #expect(try response.json().at("error", "type") == "authentication_error")
                #expect(!response.text.contains("bad-key"))
            default: #expect(response.headers[.retryAfter] == "11")
            }
        }
    }

    @Test("health needs no key, all else does")
    func openPaths() async throws {
        try await withServer(try ScriptedBackend(saying: ["a"]), keys: LimitedKeys()) {
            client async throws in
            #expect(try await client.get("/health").status == .ok)
            #expect(try await client.get("/v1/models").status == .unauthorized)
            #expect(try await client.get("/metrics").status == .unauthorized)
            #expect(try await client.get("/nothing").status == .unauthorized)
        }
    }

    @Test("a list of keys keeps hashes, knows its keys and refuses short ones")
    func keyList() throws {
        let list = try KeyList("# ours\n0123456789abcdef\n\n fedcba9876543210 \n")
        #expect(list.verify("0123456789abcdef")?.id == "key-1")
        #expect(list.verify("fedcba9876543210")?.id == "key-2")
        #expect(list.verify("0123456789abcdeF") == nil)
        #expect(list.verify("") == nil)
        #expect(!"\(list)".contains("0123456789abcdef"))
        #expect(throws: ServerError.self) { try KeyList("short") }
        #expect(throws: ServerError.self) { try KeyList("# none\n") }
    }

    @Test(
        "a server that others reach needs keys",
        arguments: [
            ("127.0.0.1", false, true), ("localhost", false, true), ("::1", false, true),
            ("127.1.2.3", false, true), ("0.0.0.0", false, false), ("0.0.0.0", true, true),
            ("127.evil.example", false, false), ("192.168.1.2", false, false), ("", true, false),
        ])
    func binding(host: String, hasKeys: Bool, isValid: Bool) {
        var configuration = ServerConfiguration()
        configuration.host = host
        if isValid {
            #expect(throws: Never.self) { try configuration.validate(hasKeys: hasKeys) }
        } else {
            #expect(throws: ServerError.self) { try configuration.validate(hasKeys: hasKeys) }
        }
    }

    @Test("values that cannot work are refused when the server is configured")
    func values() {
        for change: (inout ServerConfiguration) -> Void in [
            { $0.port = 70_000 }, { $0.maximumBodyBytes = 10 }, { $0.bodyTimeout = .zero },
            { $0.allowedOrigins = ["not an origin"] },
            { $0.tls = .init(certificateChain: "/nothing.pem", privateKey: "/nothing.key") },
        ] {
            var configuration = ServerConfiguration()
            change(&configuration)
            #expect(throws: ServerError.self) { try configuration.validate(hasKeys: false) }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// An OpenAI-compatible endpoint for tests, on bare sockets because it must be able to lie: promise
// lengths that it does not keep, close in the middle, say nothing.

import Foundation
import RetortJSON
import Synchronization

#if canImport(Darwin)
    private let streamSocket = SOCK_STREAM
    private let sendFlags: Int32 = 0
#else
    private let streamSocket = Int32(SOCK_STREAM.rawValue)
    private let sendFlags = Int32(MSG_NOSIGNAL)
#endif

public final class StandInTeacher: Sendable {
    public struct Request: Sendable {
        public let path: String
        /// Names in lower case.
        public let headers: [String: String]
        public let body: JSONValue

        public var isStream: Bool { body["stream"]?.boolValue ?? false }
        /// The last message.
        public var prompt: String {
            body["messages"]?.arrayValue?.last?["content"]?.stringValue ?? ""
        }
    }

    public struct Reply: Sendable {
        public var status = 200
        public var headers: [(String, String)] = []
        public var body: [UInt8] = []
        /// What Content-Length says; nil for none, so that the end of the connection is the end.
        public var promisedLength: Int?
        /// How much of the body is sent.
        public var sentLength: Int?
        /// Before anything is sent.
        public var delay: Duration = .zero
        /// Close without any answer.
        public var isSilent = false
        /// Send nothing more and keep the connection until the client ends it.
        public var hangs = false

        public init(status: Int = 200, headers: [(String, String)] = [], body: [UInt8] = []) {
            self.status = status
            self.headers = headers
            self.body = body
        }

        public static func text(
            _ text: String, status: Int = 200, type: String = "application/json",
            _ headers: (String, String)...
        ) -> Reply {
            Reply(
                status: status, headers: [("Content-Type", type)] + headers, body: Array(text.utf8))
        }

        /// A right answer in the form that was asked for.
        public static func answer(
            to request: Request, _ content: String, reasoning: String? = nil,
            finish: String = "stop", promptTokens: Int = 10, completionTokens: Int = 20,
            hasUsage: Bool = true
        ) -> Reply {
            let usage: JSONValue = [
                "prompt_tokens": .integer(Int64(promptTokens)),
                "completion_tokens": .integer(Int64(completionTokens)),
                "total_tokens": .integer(Int64(promptTokens + completionTokens)),
            ]
            let model = request.body["model"] ?? "teacher"
            if request.isStream {
                var chunks: [JSONValue] = [["role": "assistant", "content": ""]].map {
                    chunk(model, $0)
                }
                for piece in pieces(reasoning ?? "") {
                    chunks.append(chunk(model, ["reasoning_content": .string(piece)]))
                }
                for piece in pieces(content) {
                    chunks.append(chunk(model, ["content": .string(piece)]))
                }
                chunks.append(chunk(model, [:], finish: finish))
                if hasUsage {
                    chunks.append(["id": "a", "model": model, "choices": [], "usage": usage])
                }
                return stream(chunks.map { $0.text() } + ["[DONE]"])
            }
            var message = JSONObject([("role", "assistant"), ("content", .string(content))])
            message["reasoning_content"] = reasoning.map { .string($0) }
            var body = JSONObject([
                ("id", "a"), ("object", "chat.completion"), ("model", model),
                (
                    "choices",
                    [
                        [
                            "index": 0, "message": .object(message),
                            "finish_reason": .string(finish),
                        ]
                    ]
                ),
            ])
            if hasUsage { body["usage"] = usage }
            return .text(JSONValue.object(body).text())
        }

        /// Server-sent events with this data.
        public static func stream(_ events: [String]) -> Reply {
            .text(events.map { "data: \($0)\n\n" }.joined(), type: "text/event-stream")
        }

        private static func chunk(_ model: JSONValue, _ delta: JSONValue, finish: String? = nil)
            -> JSONValue
        {
            [
                "id": "a", "object": "chat.completion.chunk", "model": model,
                "choices": [
                    [
                        "index": 0, "delta": delta,
                        "finish_reason": finish.map { .string($0) } ?? .null,
                    ]
                ],
            ]
        }

        private static func pieces(_ text: String) -> [String] {
            stride(from: 0, to: text.count, by: 5).map { String(text.dropFirst($0).prefix(5)) }
        }
    }

    public typealias Handler = @Sendable (Request) -> Reply

    public let port: Int
    private let listener: Int32
    private let handler = Mutex<Handler>({ .answer(to: $0, "an answer") })
    private let log = Mutex<[Request]>([])
    private let faults = Mutex<[Reply]>([])

    public var address: String { "http://127.0.0.1:\(port)/v1" }
    /// Everything asked so far.
    public var requests: [Request] { log.withLock { $0 } }

    public init() throws {
        let listener = socket(AF_INET, streamSocket, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 128) == 0
                    && getsockname(listener, $0, &length) == 0
            }
        }
        guard isListening else { throw POSIXError(.EADDRNOTAVAIL) }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [self] in accept() }
    }

    public func answer(_ handler: @escaping Handler) { self.handler.withLock { $0 = handler } }

    /// Answers the next requests with these, in order, instead of the right answers.
    public func misbehave(_ replies: Reply...) { faults.withLock { $0 += replies } }

    public func misbehave(times: Int, _ reply: Reply) {
        faults.withLock { $0 += repeatElement(reply, count: times) }
    }

    /// Ends the listening thread, and with it the last reference to the server.
    public func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    deinit { close(listener) }

    private func accept() {
        while true {
            let connection = Foundation.accept(listener, nil, nil)
            guard connection >= 0 else { return }
            #if canImport(Darwin)
                var on: Int32 = 1
                setsockopt(
                    connection, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
            #endif
            Thread.detachNewThread { [self] in
                serve(connection)
                close(connection)
            }
        }
    }

    private func serve(_ connection: Int32) {
        guard let request = Self.read(connection) else { return }
        log.withLock { $0.append(request) }
        let fault = faults.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        let reply = fault ?? handler.withLock { $0 }(request)
        if reply.delay > .zero { usleep(UInt32(reply.delay / .microseconds(1))) }
        guard !reply.isSilent else { return }
        var head = "HTTP/1.1 \(reply.status) X\r\n"
        for (name, value) in reply.headers { head += "\(name): \(value)\r\n" }
        if let length = reply.promisedLength { head += "Content-Length: \(length)\r\n" }
        head += "Connection: close\r\n\r\n"
        let sent = min(reply.sentLength ?? reply.body.count, reply.body.count)
        guard Self.send(connection, Array(head.utf8) + reply.body[..<sent]) else { return }
        if reply.hangs {
            var buffer = [UInt8](repeating: 0, count: 256)
            while recv(connection, &buffer, buffer.count, 0) > 0 {}
        }
    }

    private static func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        let end = Array("\r\n\r\n".utf8)
        var bodyStart: Int?
        var headers: [String: String] = [:]
        var path = ""
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            if bodyStart == nil, bytes.count >= 4,
                let start = (0...(bytes.count - 4)).first(where: {
                    bytes[$0..<($0 + 4)].elementsEqual(end)
                })
            {
                bodyStart = start + 4
                // "\r\n" is one Character.
                let lines = String(decoding: bytes[..<start], as: UTF8.self).split(
                    separator: "\r\n")
                let words = lines.first?.split(separator: " ") ?? []
                guard words.count == 3 else { return nil }
                path = String(words[1])
                for line in lines.dropFirst() {
                    guard let colon = line.firstIndex(of: ":") else { continue }
                    headers[line[..<colon].lowercased()] =
                        line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
                }
            }
            let length = headers["content-length"].flatMap { Int($0) } ?? 0
            if let bodyStart, bytes.count >= bodyStart + length {
                let body = bytes[bodyStart..<(bodyStart + length)]
                return Request(
                    path: path, headers: headers, body: (try? JSONValue(parsing: body)) ?? .null)
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0, bytes.count < 16 << 20 else { return nil }
            bytes += buffer[..<count]
        }
    }

    private static func send(_ connection: Int32, _ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.send(connection, $0.baseAddress, $0.count, sendFlags)
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// An HTTP server for tests, on bare sockets because it must be able to lie: promise lengths that it
// does not keep, close in the middle, say nothing.

import Foundation
import Synchronization

#if canImport(Darwin)
    private let streamSocket = SOCK_STREAM
    private let sendFlags: Int32 = 0
#else
    private let streamSocket = Int32(SOCK_STREAM.rawValue)
    private let sendFlags = Int32(MSG_NOSIGNAL)
#endif

final class StandInServer: Sendable {
    struct Request: Sendable {
        let method: String
        /// Path and query as sent.
        let target: String
        /// Names in lower case.
        let headers: [String: String]

        var path: String { String(target.prefix { $0 != "?" }) }
    }

    struct Reply: Sendable {
        enum Ending: Sendable {
            case close
            /// Close as soon as this holds. An HTTP client may drop what it had buffered when the
            /// connection breaks; a test that counts bytes waits until they have been taken.
            case closeWhen(@Sendable () -> Bool)
            /// Send nothing more and keep the connection until the client ends it.
            case hang
            /// Send the rest of the body byte by byte, with pauses, until the client has enough.
            case trickle
        }

        var status = 200
        var headers: [(String, String)] = []
        var body: [UInt8] = []
        /// What Content-Length says; nil for the body's length.
        var promisedLength: Int?
        /// How much of the body is sent before the ending.
        var sentLength: Int?
        var ending = Ending.close
        /// Close without any answer.
        var isSilent = false

        static func json(_ text: String) -> Reply {
            Reply(headers: [("Content-Type", "application/json")], body: Array(text.utf8))
        }

        static func status(_ code: Int, _ headers: (String, String)...) -> Reply {
            Reply(status: code, headers: headers, body: Array("status \(code)".utf8))
        }

        static func redirect(to address: String, _ headers: (String, String)...) -> Reply {
            Reply(status: 302, headers: [("Location", address)] + headers)
        }
    }

    typealias Handler = @Sendable (Request) -> Reply

    let port: Int
    private let listener: Int32
    private let handler = Mutex<Handler>({ _ in .status(404) })
    private let log = Mutex<[Request]>([])

    var address: String { "http://127.0.0.1:\(port)" }
    /// Everything asked so far.
    var requests: [Request] { log.withLock { $0 } }

    init() throws {
        let listener = socket(AF_INET, streamSocket, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, $0, &length) == 0
            }
        }
        guard isListening else { throw POSIXError(.EADDRNOTAVAIL) }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [self] in accept() }
    }

    func answer(_ handler: @escaping Handler) { self.handler.withLock { $0 = handler } }

    /// Ends the listening thread, and with it the last reference to the server.
    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

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
        let reply = handler.withLock { $0 }(request)
        guard !reply.isSilent else { return }
        var head = "HTTP/1.1 \(reply.status) X\r\n"
        for (name, value) in reply.headers { head += "\(name): \(value)\r\n" }
        head += "Content-Length: \(reply.promisedLength ?? reply.body.count)\r\n"
        head += "Connection: close\r\n\r\n"
        let sent = min(reply.sentLength ?? reply.body.count, reply.body.count)
        guard Self.send(connection, Array(head.utf8) + reply.body[..<sent]) else { return }
        switch reply.ending {
        case .close: break
        case .closeWhen(let holds):
            // Ten seconds at most: a client that is broken must not hang the tests.
            for _ in 0..<5000 where !holds() { usleep(2000) }
        case .hang: Self.waitForEnd(connection)
        case .trickle:
            for byte in reply.body[sent...] {
                usleep(5000)
                guard Self.send(connection, [byte]) else { return }
            }
            Self.waitForEnd(connection)
        }
    }

    private static func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !String(decoding: bytes, as: UTF8.self).contains("\r\n\r\n") {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0, bytes.count < 65536 else { return nil }
            bytes += buffer[..<count]
        }
        // "\r\n" is one Character.
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count == 3 else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] =
                line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        return Request(method: String(words[0]), target: String(words[1]), headers: headers)
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

    private static func waitForEnd(_ connection: Int32) {
        var buffer = [UInt8](repeating: 0, count: 256)
        while recv(connection, &buffer, buffer.count, 0) > 0 {}
    }
}

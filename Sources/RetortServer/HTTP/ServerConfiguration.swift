// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOSSL
import RetortGuard
import RetortProvenance

/// How the server listens and what it takes.
public struct ServerConfiguration: Sendable {
    /// Certificate and key in PEM files.
    public struct TLSFiles: Sendable, Equatable {
        public var certificateChain: String
        public var privateKey: String

        public init(certificateChain: String, privateKey: String) {
            self.certificateChain = certificateChain
            self.privateKey = privateKey
        }
    }

    public var host = "127.0.0.1"
    /// 0 takes a free one.
    public var port = 8080
    public var tls: TLSFiles?
    /// Longest body of a request, in bytes.
    public var maximumBodyBytes = 16 << 20
    /// All header fields of a request together, in bytes.
    public var maximumHeaderBytes = 32 << 10
    /// The longest time that a body may take to arrive.
    public var bodyTimeout = Duration.seconds(60)
    /// Bytes of all bodies that are being read.
    public var bodyMemoryBytes = 512 << 20
    /// How long a connection may stay without a request; also how long one's head may take to arrive.
    public var idleTimeout = Duration.seconds(120)
    /// How long a client may go on sending after a response that ends the connection.
    public var closingTime = Duration.seconds(5)
    /// Silence of a stream after which a comment is sent.
    public var keepAliveInterval = Duration.seconds(5)
    /// How long a stream can be read again after its end.
    public var streamRetention = Duration.seconds(600)
    /// Bytes of all streams kept after their end, and of one stream.
    public var streamMemoryBytes = 32 << 20
    /// How long a resumable answer goes on without a reader.
    public var resumeGrace = Duration.seconds(60)
    /// How long answers may go on once the server was told to stop.
    public var shutdownGrace = Duration.seconds(30)
    /// Origins whose pages may call the API; `*` is all. Empty switches CORS off.
    public var allowedOrigins: [String] = []
    /// Names by which a server on loopback without keys may be asked for, beside `localhost` and
    /// addresses.
    public var allowedHosts: [String] = []
    /// Whose marks `/v1/guard/detect` looks for; nil leaves it out.
    public var watermarkKeys: WatermarkKeyRing?
    /// Where an operator looks and decides; nil leaves it out.
    public var guardDesk: GuardDesk?
    /// Where `/v1/provenance` looks, an index of bytes; nil leaves it out.
    public var corpus: CorpusIndex?
    /// The name in `Server`, nil for none.
    public var serverName: String? = "retort"

    public init() {}

    /// Whether only this machine reaches the server.
    public var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// Checks the values and that other machines need a key.
    /// - Throws: ``ServerError`` with what to change.
    public func validate(hasKeys: Bool) throws(ServerError) {
        guard (0...65_535).contains(port) else {
            throw ServerError("port \(port) is not within 0 … 65535")
        }
        guard !host.isEmpty else { throw ServerError("the host is empty; give an address") }
        guard isLoopback || hasKeys else {
            throw ServerError(
                "\(host) can be reached from other machines and there are no API keys; give some with --api-keys FILE or listen on 127.0.0.1"
            )
        }
        for (name, value) in [
            ("the longest body", maximumBodyBytes), ("the longest header", maximumHeaderBytes),
            ("the memory of streams", streamMemoryBytes), ("the memory of bodies", bodyMemoryBytes),
        ] where value < 1024 {
            throw ServerError("\(name) is \(value) bytes, expected at least 1024")
        }
        for (name, value) in [
            ("the time for bodies", bodyTimeout), ("the idle time", idleTimeout),
            ("the keep-alive interval", keepAliveInterval),
        ] where value <= .zero {
            throw ServerError("\(name) is not above zero")
        }
        for origin in allowedOrigins
        where origin != "*" && URL(string: origin)?.host() == nil {
            throw ServerError("'\(origin)' is not an origin such as https://example.org")
        }
        _ = try tlsConfiguration()
    }

    /// Reads the certificate and its key.
    func tlsConfiguration() throws(ServerError) -> TLSConfiguration? {
        guard let tls else { return nil }
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(tls.certificateChain)
            guard !chain.isEmpty else {
                throw ServerError("\(tls.certificateChain) has no certificate in PEM form")
            }
            let key = try NIOSSLPrivateKey(file: tls.privateKey, format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["http/1.1"]
            return configuration
        } catch let error as ServerError {
            throw error
        } catch {
            throw ServerError(
                "the certificate \(tls.certificateChain) or its key \(tls.privateKey) cannot be read: \(error)"
            )
        }
    }
}

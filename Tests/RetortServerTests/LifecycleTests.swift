// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import HummingbirdTesting
import Logging
import NIOCore
import NIOSSL
import RetortEngine
import RetortJSON
import RetortServer
import ServiceLifecycle
import TestSupport
import Testing

/// A server in a service group, as the serve command runs it.
private func run(
    _ backend: ScriptedBackend, _ change: (inout ServerConfiguration) -> Void = { _ in },
    _ body: @escaping @Sendable (Int, ServiceGroup) async throws -> Void
) async throws {
    var configuration = ServerConfiguration()
    configuration.port = 0
    change(&configuration)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let (ports, continuation) = AsyncStream<Int>.makeStream()
    let server = RetortServer(
        configuration: configuration, provider: SingleModel(backend: backend), logger: logger,
        onRunning: { channel in continuation.yield(channel.localAddress?.port ?? 0) })
    let group = ServiceGroup(configuration: .init(services: [server], logger: logger))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        try await body(port, group)
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
    }
}

@Suite struct LifecycleTests {
    private static let path = "/v1/chat/completions"
    private static let streamed =
        "{\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"

    private func waiting() throws -> ScriptedBackend {
        try ScriptedBackend { request, _ in
            var steps = ScriptedBackend.steps(request, ["one", " two"])
            steps.insert(.wait, at: 3)
            return steps
        }
    }

    @Test("a server that stops finishes the answers under way and then stops its models")
    func finishing() async throws {
        let backend = try waiting()
        try await run(backend) { port, group in
            try await RawConnection.with(port: port) { exchange in
                try await exchange.send(RawExchange.post(Self.path, Self.streamed))
                #expect(try await exchange.read(until: "\"one\""))
                await group.triggerGracefulShutdown()
                backend.open()
                #expect(try await exchange.read(until: "data: [DONE]"))
                #expect(exchange.received.contains(" two"))
            }
        }
        #expect(backend.isStopped)
    }

    @Test("what is not finished within the grace period is cancelled and told so")
    func grace() async throws {
        let backend = try waiting()
        try await run(backend, { $0.shutdownGrace = .milliseconds(50) }) { port, group in
            try await RawConnection.with(port: port) { exchange in
                try await exchange.send(RawExchange.post(Self.path, Self.streamed))
                #expect(try await exchange.read(until: "\"one\""))
                await group.triggerGracefulShutdown()
                #expect(try await exchange.read(until: "data: [DONE]"))
            }
            await backend.waitForCancellation()
        }
    }

    @Test("with a certificate the server speaks TLS")
    func tls() async throws {
        let files = ServerConfiguration.TLSFiles(
            certificateChain: fixture("localhost.pem").path,
            privateKey: fixture("localhost.key").path)
        try await run(try ScriptedBackend(saying: ["safe"]), { $0.tls = files }) { port, _ in
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .file(files.certificateChain)
            try await TestClient.withClient(
                host: "localhost", port: port,
                configuration: .init(tlsConfiguration: tls, serverName: "localhost")
            ) { client in
                let response = try await client.post(
                    Self.path, headers: [.contentType: "application/json"],
                    body: ByteBuffer(string: Self.streamed))
                #expect(response.status == .ok)
                #expect(response.body.map { String(buffer: $0) }?.contains("safe") == true)
            }
        }
    }
}

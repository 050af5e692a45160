// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import RetortGuard
import RetortJSON
import RetortServer
import Testing

/// One model under the name `test`.
struct SingleModel: ModelProvider {
    let backend: any GenerationBackend
    var ready = true

    func models() -> [ModelDescription] {
        var model = ModelDescription(id: "test", created: 1_700_000_000)
        model.isLoaded = true
        model.contextLength = backend.contextLength
        return [model]
    }

    func lease(_ name: String?) async throws(ModelFault) -> ModelLease {
        guard name == nil || name == "test" else { throw .unknown(name ?? "") }
        guard ready else { throw .unavailable("the model is being loaded", retryAfter: 3) }
        return ModelLease(id: "test", backend: backend)
    }

    func loaded() -> [(id: String, backend: any GenerationBackend)] { [("test", backend)] }
    func isReady() -> Bool { ready }
    func stop(finishing: Bool) async { await backend.stop(finishing: finishing) }
}

/// Starts a server on a free port and hands out a client.
func withServer(
    _ backend: any GenerationBackend, ready: Bool = true, keys: any KeyVerifier = OpenAccess(),
    rules: GuardRules? = nil, filter: OutputFilterRules? = nil,
    _ change: (inout ServerConfiguration) -> Void = { _ in },
    _ body: @escaping @Sendable (any TestClientProtocol) async throws -> Void
) async throws {
    var configuration = ServerConfiguration()
    configuration.port = 0
    configuration.keepAliveInterval = .milliseconds(20)
    change(&configuration)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    var provider: any ModelProvider = SingleModel(backend: backend, ready: ready)
    if let filter { provider = FilteredProvider(provider, filter) }
    if let rules {
        provider = GuardedProvider(provider, rules)
        configuration.watermarkKeys = rules.keys
    }
    let server = RetortServer(
        configuration: configuration, provider: provider,
        keys: keys, logger: logger)
    try await server.application().test(.live) { client in try await body(client) }
}

extension TestClientProtocol {
    /// Sends JSON.
    func post(_ uri: String, _ body: JSONValue, headers: HTTPFields = [:]) async throws
        -> TestResponse
    {
        try await send(uri, body.text(), headers: headers)
    }

    func send(
        _ uri: String, _ body: String, method: HTTPRequest.Method = .post, headers: HTTPFields = [:]
    ) async throws -> TestResponse {
        var headers = headers
        if headers[.contentType] == nil { headers[.contentType] = "application/json" }
        return try await executeRequest(
            uri: uri, method: method, headers: headers, body: ByteBuffer(string: body))
    }

    func get(_ uri: String, headers: HTTPFields = [:]) async throws -> TestResponse {
        try await executeRequest(uri: uri, method: .get, headers: headers, body: nil)
    }
}

extension TestResponse {
    var text: String { String(buffer: body) }

    func json() throws -> JSONValue { try JSONValue(parsing: text) }

    /// The data of the events, in order; comments left out.
    var events: [String] {
        text.components(separatedBy: "\n\n").flatMap { block in
            block.split(separator: "\n").filter { $0.hasPrefix("data: ") }
                .map { String($0.dropFirst(6)) }
        }
    }

    /// The events as JSON, without `[DONE]`.
    func chunks() throws -> [JSONValue] {
        try events.filter { $0 != "[DONE]" }.map { try JSONValue(parsing: $0) }
    }
}

extension JSONValue {
    /// The element of an array, null if there is none.
    subscript(index: Int) -> JSONValue {
        guard let items = arrayValue, items.indices.contains(index) else { return .null }
        return items[index]
    }

    /// A member of a member; null where there is none.
    func at(_ path: String...) -> JSONValue {
        var value = self
        for name in path {
            if let index = Int(name) { value = value[index] } else { value = value[name] ?? .null }
        }
        return value
    }
}

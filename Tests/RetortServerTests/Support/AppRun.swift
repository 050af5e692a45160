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

/// A running server with the web app, and what to look at it with.
struct AppRun: Sendable {
    let client: any TestClientProtocol
    let store: ServerStore
    let clock: HandClock
    let keys: KeyGuard
    var key: String?

    /// Starts a server on a free port with a new database.
    static func with(
        _ backend: any GenerationBackend, keys makesKeys: Bool = false, isLoaded: Bool = true,
        price: MachinePrice? = nil, desk: GuardDesk? = nil,
        _ body: @escaping @Sendable (AppRun) async throws -> Void
    ) async throws {
        let folder = try StoreFolder()
        let clock = HandClock()
        let store = try folder.open(clock)
        let key = makesKeys ? try store.addKey(name: "me").key : nil
        let keys = try KeyGuard(store)
        var options = ChatApp.Options()
        options.version = "1.2.3"
        options.progressInterval = .milliseconds(10)
        options.price = price
        options.facts = { model in
            var facts = ModelFacts(name: "Test Model")
            facts.bytes = 1000
            facts.quantisation = "Q8_0"
            return facts
        }
        let app = try ChatApp(store: store, keys: keys, options: options)
        var configuration = ServerConfiguration()
        configuration.port = 0
        configuration.keepAliveInterval = .milliseconds(20)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        configuration.guardDesk = desk
        var provider: any ModelProvider = MeteredProvider(
            AppModel(backend: backend, isLoaded: isLoaded), keys: keys)
        if let desk {
            provider = GuardedProvider(
                provider, try GuardRules(GuardPolicy(), keys: nil, measures: desk.measures))
        }
        let server = RetortServer(
            configuration: configuration, provider: provider, keys: keys, app: app, logger: logger)
        try await server.application().test(.live) { client in
            try await body(AppRun(client: client, store: store, clock: clock, keys: keys, key: key))
        }
        await provider.stop(finishing: false)
        await app.finish()
        withExtendedLifetime(folder) {}
    }

    /// Sends a request and gives the answer's status and JSON.
    @discardableResult
    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil,
        headers: HTTPFields = [:]
    ) async throws -> Answer {
        var headers = headers
        if body != nil, headers[.contentType] == nil { headers[.contentType] = "application/json" }
        if let key, headers[.authorization] == nil { headers[.authorization] = "Bearer \(key)" }
        let response = try await client.executeRequest(
            uri: "/api\(path)", method: method, headers: headers,
            body: body.map { ByteBuffer(string: $0.text()) })
        return Answer(response: response)
    }

    struct Answer {
        let response: TestResponse
        var status: Int { response.status.code }
        var json: JSONValue { (try? response.json()) ?? .null }
        var code: String? { json.at("error", "code").stringValue }
        var param: String? { json.at("error", "param").stringValue }
    }

    /// A new conversation's id.
    func conversation() async throws -> String {
        try #require(try await send(.post, "/conversations", [:]).json["id"]?.stringValue)
    }

    /// Adds a question and gives its id.
    func ask(_ text: JSONValue, in id: String, parent: JSONValue = nil) async throws -> String {
        let answer = try await send(
            .post, "/conversations/\(id)/messages", ["content": text, "parent": parent])
        #expect(answer.status == 201)
        return try #require(answer.json.at("message", "id").stringValue)
    }

    /// Begins an answer and gives its run's id.
    func generate(_ body: JSONValue, in id: String) async throws -> String {
        let answer = try await send(.post, "/conversations/\(id)/generate", body)
        #expect(answer.status == 201, "\(answer.response.text)")
        return try #require(answer.json["run"]?.stringValue)
    }

    /// A run's events to its end.
    func events(_ run: String, from: Int = 0) async throws -> [RunEvent] {
        let answer = try await send(.get, "/runs/\(run)/events?from=\(from)")
        #expect(answer.status == 200)
        return try RunEvent.read(answer.response.text)
    }

    func tree(_ id: String) async throws -> [JSONValue] {
        try await send(.get, "/conversations/\(id)").json["tree"]?.arrayValue ?? []
    }
}

/// An event of a run.
struct RunEvent {
    var id: Int
    var name: String
    var data: JSONValue

    static func read(_ text: String) throws -> [RunEvent] {
        try text.components(separatedBy: "\n\n").compactMap { block in
            var fields: [String: String] = [:]
            for line in block.split(separator: "\n") where !line.hasPrefix(":") {
                let parts = line.split(separator: ":", maxSplits: 1)
                fields[String(parts[0])] = String(parts.last?.dropFirst() ?? "")
            }
            guard let name = fields["event"] else { return nil }
            let id = try #require(fields["id"].flatMap { Int($0) })
            return RunEvent(
                id: id, name: name, data: try JSONValue(parsing: fields["data"] ?? ""))
        }
    }
}

/// One model under the name `test` that may not be loaded yet.
struct AppModel: ModelProvider {
    let backend: any GenerationBackend
    var isLoaded = true

    func models() -> [ModelDescription] {
        var model = ModelDescription(id: "test", created: 1_700_000_000)
        model.isLoaded = isLoaded
        model.contextLength = isLoaded ? backend.contextLength : nil
        return [model]
    }

    func lease(_ name: String?) async throws(ModelFault) -> ModelLease {
        guard name == nil || name == "test" else { throw .unknown(name ?? "") }
        return ModelLease(id: "test", backend: backend)
    }

    func loaded() -> [(id: String, backend: any GenerationBackend)] {
        isLoaded ? [("test", backend)] : []
    }
    func isReady() -> Bool { true }
    func stop(finishing: Bool) async { await backend.stop(finishing: finishing) }
}

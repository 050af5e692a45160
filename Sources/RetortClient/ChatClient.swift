// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import NIOCore

/// Speaks OpenAI's chat API with one endpoint, within its limits and through its outages.
public struct ChatClient: Sendable {
    /// Tells of a try that failed and is about to be repeated.
    public struct Retry: Sendable {
        /// Why the try failed.
        public let error: ClientError
        public let delay: Duration
        /// The failed try's number, from 1.
        public let attempt: Int
    }

    public let configuration: ChatClientConfiguration
    let http: HTTPClient
    let limiter: RateLimiter
    let gate: ConcurrencyGate

    /// Runs `body` with a client whose connections are closed afterwards.
    public static func withClient<Result: Sendable>(
        _ configuration: ChatClientConfiguration,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (ChatClient) async throws -> Result
    ) async throws -> Result {
        var settings = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(
                connect: TimeAmount(configuration.connectTimeout),
                read: TimeAmount(configuration.idleTimeout)))
        settings.httpVersion = .http1Only
        // A connection that does not come about is this client's to try again, and to count.
        settings.connectionPool.retryConnectionEstablishment = false
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = max(
            configuration.limits.maximumConcurrency, 1)
        let http = HTTPClient(configuration: settings)
        let outcome: Swift.Result<Result, any Error>
        do {
            outcome = .success(try await body(ChatClient(configuration, http)))
        } catch {
            outcome = .failure(error)
        }
        // Nothing is lost when an idle connection cannot be closed cleanly.
        try? await http.shutdown()
        return try outcome.get()
    }

    private init(_ configuration: ChatClientConfiguration, _ http: HTTPClient) {
        self.configuration = configuration
        self.http = http
        limiter = RateLimiter(configuration.limits, clock: configuration.clock)
        gate = ConcurrencyGate(maximum: configuration.limits.maximumConcurrency)
    }

    /// Requests that may be under way now: fewer after the endpoint said that it is too much.
    public var concurrency: Int { gate.limit }
}

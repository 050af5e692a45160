// SPDX-License-Identifier: Apache-2.0

/// Where an endpoint is and how to talk to it.
public struct ChatClientConfiguration: Sendable {
    public var endpoint: ChatEndpoint
    /// Sent to the endpoint and to nobody else. Never printed.
    public var key: APIKey?
    public var retry: ClientRetryPolicy
    public var limits: RateLimits
    /// Whether answers are streamed: long thoughts then pass gateways that cut silent connections.
    public var streams: Bool
    public var connectTimeout: Duration
    /// A connection on which nothing comes for so long is given up. Without streams it must cover
    /// the whole thought.
    public var idleTimeout: Duration
    /// Longest time of one try.
    public var requestTimeout: Duration
    public var maximumResponseBytes: Int
    public var clock: ClientClock

    public init(
        endpoint: ChatEndpoint, key: APIKey? = nil, retry: ClientRetryPolicy = .init(),
        limits: RateLimits = .init(), streams: Bool = true,
        connectTimeout: Duration = .seconds(10), idleTimeout: Duration = .seconds(600),
        requestTimeout: Duration = .seconds(3600), maximumResponseBytes: Int = 64 << 20,
        clock: ClientClock = .system
    ) {
        self.endpoint = endpoint
        self.key = key
        self.retry = retry
        self.limits = limits
        self.streams = streams
        self.connectTimeout = connectTimeout
        self.idleTimeout = idleTimeout
        self.requestTimeout = requestTimeout
        self.maximumResponseBytes = maximumResponseBytes
        self.clock = clock
    }
}

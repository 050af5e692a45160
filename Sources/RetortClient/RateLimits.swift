// SPDX-License-Identifier: Apache-2.0

/// How much an endpoint may be asked.
public struct RateLimits: Sendable, Equatable {
    public var requestsPerMinute: Int?
    /// Prompt and completion together.
    public var tokensPerMinute: Int?
    /// Requests at the same time; fewer after the endpoint said that it is too much.
    public var maximumConcurrency: Int

    public init(
        requestsPerMinute: Int? = nil, tokensPerMinute: Int? = nil, maximumConcurrency: Int = 16
    ) {
        self.requestsPerMinute = requestsPerMinute
        self.tokensPerMinute = tokensPerMinute
        self.maximumConcurrency = maximumConcurrency
    }
}

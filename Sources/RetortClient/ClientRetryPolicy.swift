// SPDX-License-Identifier: Apache-2.0

/// How often and how patiently a failed request is tried again.
public struct ClientRetryPolicy: Sendable, Equatable {
    /// Tries of one request, the first included.
    public var maximumAttempts: Int
    /// Of these, tries whose answer was not what the API promises: they may have been paid for.
    public var maximumBadAnswers: Int
    /// Pause after the first failure; doubles with each further one.
    public var baseDelay: Duration
    /// Longest pause; a `Retry-After` that asks for more ends the tries.
    public var maximumDelay: Duration

    public init(
        maximumAttempts: Int = 8, maximumBadAnswers: Int = 3,
        baseDelay: Duration = .seconds(1), maximumDelay: Duration = .seconds(120)
    ) {
        self.maximumAttempts = maximumAttempts
        self.maximumBadAnswers = maximumBadAnswers
        self.baseDelay = baseDelay
        self.maximumDelay = maximumDelay
    }

    /// The pause after the `attempt`th failure (from 1), shortened by up to half at random so that
    /// clients of one outage do not come back together. What the server asked for is a lower bound.
    package func delay(afterAttempt attempt: Int, random: Double, retryAfter: Duration? = nil)
        -> Duration
    {
        let doubling = Double(1 << min(max(attempt - 1, 0), 20))
        let delay = min(baseDelay * doubling, maximumDelay) * (0.5 + 0.5 * random)
        guard let retryAfter else { return delay }
        // A little later than asked, each client by its own: all were asked for the same moment.
        return retryAfter + min(baseDelay, .seconds(1)) * (0.25 * random)
    }
}

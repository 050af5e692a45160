// SPDX-License-Identifier: Apache-2.0

/// How often and how patiently a failed transfer is tried again.
public struct RetryPolicy: Sendable, Equatable {
    /// Tries in a row that bring next to nothing before giving up.
    public var maximumAttempts: Int
    /// Pause after the first failure; doubles with each further one.
    public var baseDelay: Duration
    /// Longest pause, also of what a server's `Retry-After` may ask.
    public var maximumDelay: Duration
    /// Bytes that a try must bring for the count to begin anew.
    public var bytesThatCount: Int

    public init(
        maximumAttempts: Int = 6, baseDelay: Duration = .milliseconds(500),
        maximumDelay: Duration = .seconds(60), bytesThatCount: Int = 1 << 20
    ) {
        self.maximumAttempts = maximumAttempts
        self.baseDelay = baseDelay
        self.maximumDelay = maximumDelay
        self.bytesThatCount = bytesThatCount
    }

    /// The pause after the `attempt`th failure in a row (from 1), shortened by up to half at random
    /// so that clients of one outage do not come back together.
    func delay(afterAttempt attempt: Int, random: Double) -> Duration {
        let doubling = Double(1 << min(max(attempt - 1, 0), 20))
        return min(baseDelay * doubling, maximumDelay) * (0.5 + 0.5 * random)
    }
}

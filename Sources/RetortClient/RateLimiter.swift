// SPDX-License-Identifier: Apache-2.0
//
// Token buckets that may go into debt: a request takes what it needs at once and waits until the
// debt is paid. So requests go in the order they came, and one that is larger than the bucket goes too.

import Synchronization

/// Keeps to the limits of requests and tokens a minute.
package final class RateLimiter: Sendable {
    private struct Bucket {
        let capacity: Double
        /// A second.
        let rate: Double
        var level: Double
        var time: Double

        /// A tenth of a minute's worth may go at once; the rest then comes in more slowly, so that
        /// no minute sees more than the limit.
        init?(perMinute limit: Int?, time: Double) {
            guard let limit, limit > 0 else { return nil }
            capacity = max(1, Double(limit) / 10)
            rate = (Double(limit) - (capacity > 1 ? capacity : 0)) / 60
            level = capacity
            self.time = time
        }

        mutating func refill(at now: Double) {
            level = min(capacity, level + max(0, now - time) * rate)
            time = max(time, now)
        }

        /// - Returns: Seconds until the debt is paid.
        mutating func take(_ amount: Double, at now: Double) -> Double {
            refill(at: now)
            level -= amount
            return max(0, -level / rate)
        }
    }

    private struct State {
        var requests: Bucket?
        var tokens: Bucket?
        /// Until then nobody sends.
        var pausedUntil = -Double.infinity
    }

    private let clock: ClientClock
    private let state: Mutex<State>

    package init(_ limits: RateLimits, clock: ClientClock) {
        self.clock = clock
        let time = clock.uptime()
        state = Mutex(
            State(
                requests: Bucket(perMinute: limits.requestsPerMinute, time: time),
                tokens: Bucket(perMinute: limits.tokensPerMinute, time: time)))
    }

    /// Waits until a request of so many tokens, by estimate, may go.
    /// - Throws: `CancellationError`; nothing is taken then.
    package func acquire(tokens: Int) async throws {
        let now = clock.uptime()
        let wait = state.withLock { state in
            max(
                state.requests?.take(1, at: now) ?? 0,
                state.tokens?.take(Double(tokens), at: now) ?? 0)
        }
        do {
            if wait > 0 { try await clock.sleep(.seconds(wait)) }
            while true {
                let rest = state.withLock { $0.pausedUntil } - clock.uptime()
                guard rest > 0 else { break }
                try await clock.sleep(.seconds(rest))
            }
            try Task.checkCancellation()
        } catch {
            state.withLock { state in
                state.requests?.level += 1
                state.tokens?.level += Double(tokens)
            }
            throw error
        }
    }

    /// Replaces the estimate of a request that was sent by what it took.
    package func correct(estimate: Int, actual: Int) {
        let now = clock.uptime()
        state.withLock { state in
            state.tokens?.refill(at: now)
            state.tokens?.level += Double(estimate - actual)
        }
    }

    /// Nobody sends for so long: the endpoint asked for it.
    package func pause(for duration: Duration) {
        let end = clock.uptime() + duration / .seconds(1)
        state.withLock { $0.pausedUntil = max($0.pausedUntil, end) }
    }
}

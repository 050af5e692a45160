// SPDX-License-Identifier: Apache-2.0

import RetortClient
import Testing

@Suite("Limits and pauses")
struct LimitTests {
    // Sun, 06 Nov 1994 08:49:37 GMT
    private static let date = 784_111_777.0

    @Test(
        "Retry-After is read as seconds and as a date",
        arguments: [
            ("0", 0), ("7", 7), ("1.5", 1.5), (" 20 ", 20),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 0), ("Sun, 06 Nov 1994 08:50:07 GMT", 30),
            ("Mon, 07 Nov 1994 08:49:37 GMT", 86_400), ("Sat, 05 Nov 1994 08:49:37 GMT", 0),
            ("Thu, 29 Feb 1996 00:00:00 GMT", 41_440_223),
            ("Fri, 01 Mar 1996 00:00:00 GMT", 41_526_623),
        ] as [(String, Double)])
    func retryAfter(text: String, seconds: Double) {
        #expect(RetryAfter.pause(text, now: Self.date) == .seconds(seconds))
    }

    @Test(
        "What is no Retry-After is none",
        arguments: [
            "", "soon", "-5", "1e300", "NaN", "inf", "0x10z", "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 06 Nov 99999999999999999999 08:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 1994 25:00:00 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
        ])
    func noRetryAfter(text: String) {
        #expect(RetryAfter.pause(text, now: Self.date) == nil)
    }

    @Test("Pauses double up to the longest, and chance shortens them by half at most")
    func backoff() {
        let policy = ClientRetryPolicy(baseDelay: .seconds(1), maximumDelay: .seconds(10))
        let longest = (1...6).map { policy.delay(afterAttempt: $0, random: 1) }
        #expect(longest == [1, 2, 4, 8, 10, 10].map { .seconds($0) })
        #expect(policy.delay(afterAttempt: 3, random: 0) == .seconds(2))
        #expect(policy.delay(afterAttempt: 1_000_000, random: 1) == .seconds(10))
        #expect(policy.delay(afterAttempt: 1, random: 0, retryAfter: .seconds(30)) == .seconds(30))
        #expect(policy.delay(afterAttempt: 1, random: 1, retryAfter: .seconds(30)) > .seconds(30))
    }

    @Test(
        "No minute sees more requests than the limit, and the rate comes close to it",
        arguments: [1, 3, 10, 60, 600])
    func requestsPerMinute(limit: Int) async throws {
        let clock = TestClock()
        let limiter = RateLimiter(
            RateLimits(requestsPerMinute: limit), clock: clock.clock())
        var times: [Double] = []
        for _ in 0..<(limit * 4) {
            try await limiter.acquire(tokens: 100)
            times.append(clock.time)
        }
        for start in times {
            let count = times.count { $0 >= start && $0 < start + 59.99 }
            #expect(count <= limit)
        }
        let minutes = (times[times.count - 1] - times[0]) / 60
        #expect(Double(times.count) / max(minutes, 1e-9) >= 0.85 * Double(limit))
    }

    @Test("Tokens are limited by estimate, and what was used instead counts in the end")
    func tokensPerMinute() async throws {
        let clock = TestClock()
        let limiter = RateLimiter(
            RateLimits(tokensPerMinute: 60_000), clock: clock.clock())
        let start = clock.time
        // A tenth at once, then 900 a second.
        try await limiter.acquire(tokens: 6000)
        #expect(clock.time == start)
        try await limiter.acquire(tokens: 9000)
        #expect(abs(clock.time - start - 10) < 1e-6)
        // It took only a thousand: the rest is there at once.
        limiter.correct(estimate: 9000, actual: 1000)
        let before = clock.time
        try await limiter.acquire(tokens: 6000)
        #expect(clock.time == before)
        // It took more: the next waits for it.
        limiter.correct(estimate: 6000, actual: 24_000)
        try await limiter.acquire(tokens: 100)
        #expect(clock.time > before + 15)
    }

    @Test("A request that is larger than a minute's tokens waits but goes")
    func hugeRequest() async throws {
        let clock = TestClock()
        let limiter = RateLimiter(RateLimits(tokensPerMinute: 1000), clock: clock.clock())
        try await limiter.acquire(tokens: 5000)
        #expect(clock.sleeps.count == 1)
    }

    @Test("A pause holds everybody, and the longest counts")
    func pause() async throws {
        let clock = TestClock()
        let limiter = RateLimiter(RateLimits(), clock: clock.clock())
        let start = clock.time
        limiter.pause(for: .seconds(20))
        limiter.pause(for: .seconds(5))
        try await limiter.acquire(tokens: 1)
        #expect(clock.time == start + 20)
    }

    @Test("Who is cancelled while waiting takes nothing")
    func cancelled() async throws {
        let clock = TestClock()
        let limiter = RateLimiter(RateLimits(requestsPerMinute: 10), clock: clock.clock())
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await limiter.acquire(tokens: 1)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        let start = clock.time
        try await limiter.acquire(tokens: 1)
        #expect(clock.time == start)
    }
}

@Suite("How many requests go at the same time")
struct ConcurrencyTests {
    @Test("Refusals of one burst halve once, later ones again, successes raise by one")
    func adaptation() async throws {
        let gate = ConcurrencyGate(maximum: 16)
        var tickets: [ConcurrencyGate.Ticket] = []
        for _ in 0..<16 { tickets.append(try await gate.enter()) }
        for ticket in tickets.prefix(10) { gate.leave(ticket, .throttled) }
        #expect(gate.limit == 8)
        for ticket in tickets.dropFirst(10) { gate.leave(ticket, .other) }
        gate.leave(try await gate.enter(), .throttled)
        #expect(gate.limit == 4)
        for _ in 0..<4 { gate.leave(try await gate.enter(), .success) }
        #expect(gate.limit == 5)
        for _ in 0..<4 { gate.leave(try await gate.enter(), .throttled) }
        #expect(gate.limit == 1)
        for _ in 0..<500 { gate.leave(try await gate.enter(), .success) }
        #expect(gate.limit == 16)
    }

    @Test("Who waits comes in when someone leaves; who is cancelled does not")
    func waiting() async throws {
        let gate = ConcurrencyGate(maximum: 1)
        let first = try await gate.enter()
        let cancelled = Task { _ = try await gate.enter() }
        let second = Task { try await gate.enter() }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        gate.leave(first, .success)
        gate.leave(try await second.value, .success)
        gate.leave(try await gate.enter(), .success)
    }

    @Test("No more are inside than may be, however many come and go")
    func bound() async throws {
        let gate = ConcurrencyGate(maximum: 3)
        let inside = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let ticket = try await gate.enter()
                    inside.change(1)
                    await Task.yield()
                    inside.change(-1)
                    gate.leave(ticket, number % 7 == 0 ? .throttled : .success)
                }
            }
            try await group.waitForAll()
        }
        #expect(inside.highest <= 3)
        #expect(inside.highest >= 1)
    }
}

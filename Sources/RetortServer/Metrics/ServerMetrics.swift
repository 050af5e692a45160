// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import RetortEngine
import Synchronization

/// Seconds in buckets.
struct Histogram: Sendable {
    let bounds: [Double]
    private(set) var counts: [Int]
    private(set) var sum = 0.0

    init(_ bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    mutating func observe(_ value: Double) {
        sum += value
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        counts[index] += 1
    }

    mutating func add(_ other: Histogram) {
        sum += other.sum
        for index in counts.indices { counts[index] += other.counts[index] }
    }

    var total: Int { counts.reduce(0, +) }
}

/// What the server counts. The engine counts tokens and requests itself.
final class ServerMetrics: Sendable {
    /// Names and buckets of vLLM's, which dashboards know.
    static let firstTokenBounds = [
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20,
        40, 80, 160, 640,
    ]
    static let betweenBounds = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5,
        5, 10,
    ]
    static let requestBounds = [
        0.1, 0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960,
    ]

    static let queueBounds = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300,
    ]

    struct Values: Sendable {
        var queueWait = Histogram(ServerMetrics.queueBounds)
        var firstToken = Histogram(ServerMetrics.firstTokenBounds)
        var betweenTokens = Histogram(ServerMetrics.betweenBounds)
        var request = Histogram(ServerMetrics.requestBounds)
        var finished: [String: Int] = ["stop": 0, "length": 0, "abort": 0, "error": 0]
        var responses: [Int: Int] = [:]
    }

    private let state = Mutex(Values())

    var values: Values { state.withLock { $0 } }

    func countResponse(status: Int) { state.withLock { $0.responses[status, default: 0] += 1 } }

    fileprivate func record(
        queueWait: Double?, firstToken: Double?, between: Histogram, total: Double, finish: String
    ) {
        state.withLock { values in
            if let queueWait { values.queueWait.observe(queueWait) }
            if let firstToken { values.firstToken.observe(firstToken) }
            values.betweenTokens.add(between)
            values.request.observe(total)
            values.finished[finish, default: 0] += 1
        }
    }
}

/// The times of one answer, counted once at its end.
struct AnswerClock: Sendable {
    private let metrics: ServerMetrics
    private let start = ContinuousClock.now
    private var first: Double?
    private var last: ContinuousClock.Instant?
    private var between = Histogram(ServerMetrics.betweenBounds)

    init(_ metrics: ServerMetrics) { self.metrics = metrics }

    mutating func token() {
        let now = ContinuousClock.now
        if let last {
            between.observe((now - last) / .seconds(1))
        } else {
            first = (now - start) / .seconds(1)
        }
        last = now
    }

    func finish(_ reason: FinishReason, _ usage: GenerationUsage) {
        // One that was cancelled while it waited never got its turn.
        end(
            reason == .cancelled ? "abort" : reason.rawValue,
            queueWait: first == nil && reason == .cancelled ? nil : usage.queueSeconds)
    }

    func fail() { end("error", queueWait: nil) }

    private func end(_ name: String, queueWait: Double?) {
        metrics.record(
            queueWait: queueWait, firstToken: first, between: between,
            total: (.now - start) / .seconds(1), finish: name)
    }
}

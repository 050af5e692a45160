// SPDX-License-Identifier: Apache-2.0
//
// A group whose processes are threads of one, so that what they do together is tested without MPI.

import Foundation
import RetortTraining

/// Where the threads of a group meet.
final class ThreadMeeting: @unchecked Sendable {
    // Safety: everything is read and written with `condition` locked.
    let size: Int
    private let condition = NSCondition()
    private var arrived = 0
    private var round = 0
    private var isBroken = false
    private var floats: [[UnsafeMutableBufferPointer<Float>]]
    private var doubles: [UnsafeMutableBufferPointer<Double>]

    init(_ size: Int) {
        self.size = size
        floats = Array(repeating: [], count: size)
        doubles = Array(repeating: .init(start: nil, count: 0), count: size)
    }

    /// Waits for the others; the last to come adds everything up.
    func meet(
        _ rank: Int, floats own: [UnsafeMutableBufferPointer<Float>] = [],
        doubles values: UnsafeMutableBufferPointer<Double> = .init(start: nil, count: 0)
    ) throws {
        condition.lock()
        defer { condition.unlock() }
        if isBroken { throw TrainingError("another thread is gone") }
        floats[rank] = own
        doubles[rank] = values
        arrived += 1
        if arrived == size {
            // Others would read behind the ends.
            guard Set(floats.map { $0.map(\.count) }).count == 1,
                Set(doubles.map(\.count)).count == 1
            else {
                breakUp()
                throw TrainingError("the threads sum different things")
            }
            for bucket in own.indices { Self.sum(floats.map { $0[bucket] }) }
            Self.sum(doubles)
            arrived = 0
            round += 1
            condition.broadcast()
        } else {
            let now = round
            while round == now, !isBroken { condition.wait() }
            if round == now { throw TrainingError("another thread is gone") }
        }
    }

    private static func sum<T: FloatingPoint>(_ parts: [UnsafeMutableBufferPointer<T>]) {
        for index in parts[0].indices {
            let sum = parts.reduce(0) { $0 + $1[index] }
            for part in parts { part[index] = sum }
        }
    }

    private func breakUp() {
        isBroken = true
        condition.broadcast()
    }

    func abort() {
        condition.lock()
        breakUp()
        condition.unlock()
    }
}

/// One thread of a group.
final class ThreadGroup: TrainingGroup {
    let rank: Int
    var size: Int { meeting.size }
    /// Elements of each bucket of gradients so far.
    private(set) var buckets: [Int] = []
    private let meeting: ThreadMeeting
    private var begun: [UnsafeMutableBufferPointer<Float>] = []

    init(_ rank: Int, of meeting: ThreadMeeting) {
        self.rank = rank
        self.meeting = meeting
    }

    func sum(_ values: UnsafeMutableBufferPointer<Double>) throws {
        try meeting.meet(rank, doubles: values)
    }

    func beginSum(_ values: UnsafeMutableBufferPointer<Float>) {
        begun.append(values)
        buckets.append(values.count)
    }

    func finishSums() throws {
        try meeting.meet(rank, floats: begun)
        begun = []
    }

    func barrier() throws { try meeting.meet(rank) }
    func end() throws { try meeting.meet(rank) }
    func abort() { meeting.abort() }
}

/// Runs `body` for each rank of a group, each on a thread of its own.
/// - Returns: What each gave or failed with, by rank.
func together<T: Sendable>(
    _ ranks: Int, _ body: @escaping @Sendable (ThreadGroup) throws -> T
) -> [Result<T, any Error>] {
    let meeting = ThreadMeeting(ranks)
    let results = Collected<T>()
    let done = DispatchSemaphore(value: 0)
    for rank in 0..<ranks {
        Thread.detachNewThread {
            let result = Result<T, any Error> { try body(ThreadGroup(rank, of: meeting)) }
            if case .failure = result { meeting.abort() }
            results.set(rank, result)
            done.signal()
        }
    }
    for _ in 0..<ranks { done.wait() }
    return results.all(ranks)
}

private final class Collected<T>: @unchecked Sendable {
    // Safety: `lock`.
    private let lock = NSLock()
    private var values: [Int: Result<T, any Error>] = [:]

    func set(_ rank: Int, _ value: Result<T, any Error>) { lock.withLock { values[rank] = value } }

    func all(_ count: Int) -> [Result<T, any Error>] {
        lock.withLock {
            (0..<count).map { values[$0] ?? .failure(TrainingError("nothing came of it")) }
        }
    }
}

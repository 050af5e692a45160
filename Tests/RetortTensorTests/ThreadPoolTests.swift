// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortTensor
import Synchronization
import Testing

/// Counts how often each chunk ran.
private final class Tally: ParallelTask, @unchecked Sendable {
    // Safety: each chunk is a slot of its own, written by the one thread that runs it.
    let slots: UnsafeMutableBufferPointer<Int>

    init(chunks: Int) {
        slots = .allocate(capacity: chunks)
        slots.initialize(repeating: 0)
    }

    deinit { slots.deallocate() }

    func run(chunk: Int, thread: Int) { slots[chunk] += 1 }
}

/// Waits in its chunks, some seconds at most, until two threads have come.
private final class Meeting: ParallelTask, @unchecked Sendable {
    let threads = Atomic<Int>(0)

    func run(chunk: Int, thread: Int) {
        threads.bitwiseOr(1 << thread, ordering: .sequentiallyConsistent)
        for _ in 0..<5000 where threads.load(ordering: .sequentiallyConsistent) != 3 {
            usleep(1000)
        }
    }
}

@Suite struct ThreadPoolTests {
    @Test("a second thread takes part, also after it has parked")
    func takesPart() async throws {
        let pool = ThreadPool(threadCount: 2)
        for _ in 0..<3 {
            let meeting = Meeting()
            pool.run(meeting, chunks: 2)
            #expect(meeting.threads.load(ordering: .sequentiallyConsistent) == 3)
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test("every chunk runs exactly once, task after task", arguments: [1, 2, 3, 8])
    func everyChunkOnce(threads: Int) {
        let pool = ThreadPool(threadCount: threads)
        let tally = Tally(chunks: 37)
        for _ in 0..<2000 { pool.run(tally, chunks: 37) }
        #expect(tally.slots.allSatisfy { $0 == 2000 })
    }

    @Test("workers that have parked wake up for the next task")
    func wakesParkedWorkers() async throws {
        let pool = ThreadPool(threadCount: 2)
        let tally = Tally(chunks: 4)
        for _ in 0..<5 {
            pool.run(tally, chunks: 4)
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(tally.slots.allSatisfy { $0 == 5 })
    }

    @Test("two threads may use one pool at the same time")
    func concurrentCallers() async {
        let pool = ThreadPool(threadCount: 2)
        let tallies = [Tally(chunks: 16), Tally(chunks: 16)]
        await withTaskGroup(of: Void.self) { group in
            for tally in tallies {
                group.addTask { for _ in 0..<500 { pool.run(tally, chunks: 16) } }
            }
        }
        for tally in tallies { #expect(tally.slots.allSatisfy { $0 == 500 }) }
    }
}

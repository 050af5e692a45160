// SPDX-License-Identifier: Apache-2.0
//
// Threads that share out the chunks of one task at a time. A worker spins for some microseconds
// after a task, because the next layer's follows at once, and then parks, so that an idle model
// costs nothing. Starting a task allocates nothing.

import CRetortKernels
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Work that can be cut into chunks. One object is made per kind of work and reused.
package protocol ParallelTask: AnyObject {
    /// Does one chunk. Chunks run in any order and at the same time.
    /// - Parameter thread: Which thread runs it, below the pool's thread count.
    func run(chunk: Int, thread: Int)
}

package final class ThreadPool: @unchecked Sendable {
    // Safety: `task` and `chunkCount` are written only by the thread that holds `busy`, before `entry` is
    // opened to the workers and after it came back to zero. A worker reads them between its entry and its
    // leaving.
    package let threadCount: Int
    private var task: (any ParallelTask)?
    private var chunkCount = 0
    private let busy = Atomic<Bool>(false)
    private let generation = Atomic<Int>(0)
    private let nextChunk = Atomic<Int>(0)
    /// Workers within the task, and whether more may enter.
    private let entry = Atomic<Int>(0)
    private static let open = 1 << 32
    private let parked = Atomic<Int>(0)
    private let stopping = Atomic<Bool>(false)
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var threads: [pthread_t] = []

    private static let spins = 20_000

    /// A pool of `threadCount` threads, the caller's included; fewer if the system refuses some.
    package init(threadCount wanted: Int) {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
        threadCount = max(1, min(wanted, 256))
        for index in 1..<threadCount { start(index) }
    }

    private final class Start {
        let shared: Shared
        let index: Int

        init(shared: Shared, index: Int) {
            self.shared = shared
            self.index = index
        }
    }

    private typealias Shared = Unmanaged<ThreadPool>

    private func start(_ index: Int) {
        let start = Unmanaged.passRetained(
            Start(shared: Unmanaged.passUnretained(self), index: index))
        #if canImport(Glibc)
            var thread = pthread_t()
        #else
            var thread: pthread_t?
        #endif
        let status = pthread_create(&thread, nil, threadEntry, start.toOpaque())
        guard status == 0 else {
            start.release()
            return
        }
        #if canImport(Glibc)
            threads.append(thread)
        #else
            if let thread { threads.append(thread) }
        #endif
    }

    fileprivate static func enter(_ opaque: UnsafeMutableRawPointer) {
        let start = Unmanaged<Start>.fromOpaque(opaque).takeRetainedValue()
        // The pool joins its threads before it goes away, so an unretained reference is enough.
        start.shared._withUnsafeGuaranteedRef { $0.work(thread: start.index) }
    }

    deinit {
        stopping.store(true, ordering: .sequentiallyConsistent)
        wakeAll()
        for thread in threads { pthread_join(thread, nil) }
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(condition)
        mutex.deallocate()
        condition.deallocate()
    }

    /// Runs every chunk and returns when all are done. A call while another is under way, from a
    /// second thread or from within a task, does its chunks alone.
    package func run(_ task: any ParallelTask, chunks: Int) {
        let alone =
            chunks == 1 || threads.isEmpty
            || busy.exchange(true, ordering: .acquiringAndReleasing)
        if alone {
            for chunk in 0..<chunks { task.run(chunk: chunk, thread: 0) }
            return
        }
        self.task = task
        chunkCount = chunks
        nextChunk.store(0, ordering: .relaxed)
        entry.store(Self.open, ordering: .releasing)
        generation.wrappingAdd(1, ordering: .sequentiallyConsistent)
        if parked.load(ordering: .sequentiallyConsistent) > 0 { wakeAll() }
        takeChunks(thread: 0)
        // A worker that has not come by now has nothing to do here and is not waited for: where the system
        // gives it no processor, that would be long.
        entry.bitwiseAnd(~Self.open, ordering: .acquiringAndReleasing)
        var waited = 0
        while entry.load(ordering: .acquiring) != 0 {
            waited += 1
            if waited < Self.spins { rk_relax() } else { sched_yield() }
        }
        self.task = nil
        busy.store(false, ordering: .releasing)
    }

    private func takeChunks(thread: Int) {
        guard let task else { return }
        while true {
            let chunk = nextChunk.wrappingAdd(1, ordering: .relaxed).oldValue
            guard chunk < chunkCount else { return }
            task.run(chunk: chunk, thread: thread)
        }
    }

    private func work(thread: Int) {
        var seen = 0
        while true {
            wait(after: seen)
            if stopping.load(ordering: .acquiring) { return }
            seen = generation.load(ordering: .acquiring)
            guard enter() else { continue }
            takeChunks(thread: thread)
            entry.wrappingSubtract(1, ordering: .acquiringAndReleasing)
        }
    }

    private func enter() -> Bool {
        var known = entry.load(ordering: .relaxed)
        while known & Self.open != 0 {
            let (exchanged, original) = entry.compareExchange(
                expected: known, desired: known + 1, ordering: .acquiringAndReleasing)
            if exchanged { return true }
            known = original
        }
        return false
    }

    /// Returns when the generation is no longer `seen`, or the pool stops.
    private func wait(after seen: Int) {
        for _ in 0..<Self.spins {
            if generation.load(ordering: .acquiring) != seen { return }
            rk_relax()
        }
        pthread_mutex_lock(mutex)
        parked.wrappingAdd(1, ordering: .sequentiallyConsistent)
        while generation.load(ordering: .sequentiallyConsistent) == seen,
            !stopping.load(ordering: .sequentiallyConsistent)
        {
            pthread_cond_wait(condition, mutex)
        }
        parked.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        pthread_mutex_unlock(mutex)
    }

    private func wakeAll() {
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }
}

#if canImport(Glibc)
    private func threadEntry(_ opaque: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        if let opaque { ThreadPool.enter(opaque) }
        return nil
    }
#else
    private func threadEntry(_ opaque: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        ThreadPool.enter(opaque)
        return nil
    }
#endif

// SPDX-License-Identifier: Apache-2.0
//
// MPI moves data only while somebody calls it. One thread makes all calls: it begins what others ask
// for and then tests it again and again, so that sums go on while the backward pass computes. As it
// is the only one, MPI needs no locks, and every process begins its sums in the same order.

#if HAVE_MPI
    import CMPI
    import Foundation
    import RetortTraining

    /// The thread that calls MPI.
    final class MPIThread: @unchecked Sendable {
        // Safety: everything below `condition` is read and written with it locked, but for `running`,
        // which the thread alone uses.
        enum Operation {
            case sumFloats(UnsafeMutableBufferPointer<Float>)
            case sumDoubles(UnsafeMutableBufferPointer<Double>)
            case barrier
        }

        private enum Ending { case together, abort }

        private let condition = NSCondition()
        private var place: (rank: Int, size: Int)?
        private var queue: [Operation] = []
        private var unfinished = 0
        /// Somebody does nothing but wait.
        private var isAwaited = false
        private var ending: Ending?
        private var failure: TrainingError?
        private var running: [rk_mpi_request] = []

        /// How long to test without a pause while somebody waits.
        private static let patience = Duration.milliseconds(20)
        /// Seconds between tests while threads compute, and while nothing happens.
        private static let pause = 50e-6

        /// Starts MPI.
        /// - Returns: Which process this is, and of how many.
        func start() throws(TrainingError) -> (rank: Int, size: Int) {
            let thread = Thread { self.run() }
            thread.name = "retort.mpi"
            thread.start()
            condition.lock()
            defer { condition.unlock() }
            while true {
                if let failure { throw failure }
                if let place { return place }
                condition.wait()
            }
        }

        func begin(_ operation: Operation) {
            condition.lock()
            queue.append(operation)
            unfinished += 1
            condition.broadcast()
            condition.unlock()
        }

        /// Waits until all that was begun is done.
        func finish() throws(TrainingError) {
            condition.lock()
            defer { condition.unlock() }
            isAwaited = true
            condition.broadcast()
            while unfinished > 0, failure == nil { condition.wait() }
            isAwaited = false
            if let failure { throw failure }
        }

        /// Ends MPI, when all have come to the same place.
        func end() throws(TrainingError) {
            condition.lock()
            ending = .together
            unfinished += 1
            condition.unlock()
            try finish()
        }

        /// Ends all processes soon.
        func abort() {
            condition.lock()
            ending = .abort
            condition.broadcast()
            condition.unlock()
        }

        // MARK: On the thread

        private func run() {
            var rank: Int32 = 0
            var size: Int32 = 0
            let error = rk_mpi_init(&rank, &size)
            condition.lock()
            if error == MPI_SUCCESS {
                place = (Int(rank), Int(size))
            } else {
                failure = TrainingError(
                    "MPI does not start (\(Self.text(error))); 'mpirun -np 2 hostname' shows whether it works at all"
                )
            }
            condition.broadcast()
            condition.unlock()
            guard error == MPI_SUCCESS else { return }
            var lastChange = ContinuousClock().now
            while let next = take() {
                do throws(TrainingError) {
                    for operation in next.operations { running.append(try request(operation)) }
                    let done = try testAll()
                    if done > 0 || !next.operations.isEmpty {
                        lastChange = ContinuousClock().now
                    }
                    note(done: done)
                } catch {
                    note(error)
                }
                if next.isAwaited, ContinuousClock().now - lastChange < Self.patience {
                    sched_yield()
                } else if !running.isEmpty {
                    Thread.sleep(forTimeInterval: Self.pause)
                }
            }
        }

        /// Waits for something to do.
        /// - Returns: What is to be begun; nil if there is nothing to be done any more.
        private func take() -> (operations: [Operation], isAwaited: Bool)? {
            condition.lock()
            while queue.isEmpty, running.isEmpty, ending == nil { condition.wait() }
            let result = (queue, isAwaited)
            queue.removeAll(keepingCapacity: true)
            let ending = ending
            condition.unlock()
            switch ending {
            case .abort?: _ = rk_mpi_abort(1)
            case .together? where running.isEmpty && result.0.isEmpty: finalize()
            default: return result
            }
            return nil
        }

        private func request(_ operation: Operation) throws(TrainingError) -> rk_mpi_request {
            var request = rk_mpi_request()
            switch operation {
            case .sumFloats(let values):
                try Self.check(
                    rk_mpi_sum_floats(values.baseAddress, Int32(values.count), &request))
            case .sumDoubles(let values):
                try Self.check(
                    rk_mpi_sum_doubles(values.baseAddress, Int32(values.count), &request))
            case .barrier: try Self.check(rk_mpi_barrier(&request))
            }
            return request
        }

        /// - Returns: How many are done; they are removed.
        private func testAll() throws(TrainingError) -> Int {
            var done = 0
            var left: [rk_mpi_request] = []
            for var request in running {
                var isDone: Int32 = 0
                try Self.check(rk_mpi_test(&request, &isDone))
                if isDone != 0 { done += 1 } else { left.append(request) }
            }
            if done > 0 { running = left }
            return done
        }

        private func note(done: Int) {
            guard done > 0 else { return }
            condition.lock()
            unfinished -= done
            if unfinished == 0 { condition.broadcast() }
            condition.unlock()
        }

        /// After an error nothing more can be had from the others; `abort` still works.
        private func note(_ error: TrainingError) {
            running.removeAll()
            condition.lock()
            failure = failure ?? error
            condition.broadcast()
            condition.unlock()
        }

        private func finalize() {
            let error = rk_mpi_finalize()
            condition.lock()
            if error != MPI_SUCCESS { failure = TrainingError("MPI does not end") }
            unfinished = 0
            condition.broadcast()
            condition.unlock()
        }

        private static func check(_ error: Int32) throws(TrainingError) {
            guard error != MPI_SUCCESS else { return }
            throw TrainingError(
                "the processes cannot reach each other any more (\(text(error))); look for what ended one of them, then go on with --resume"
            )
        }

        private static func text(_ error: Int32) -> String {
            var bytes = [CChar](repeating: 0, count: Int(rk_mpi_text_size()) + 1)
            guard rk_mpi_text(error, &bytes) == MPI_SUCCESS else { return "error \(error)" }
            let length = bytes.firstIndex(of: 0) ?? 0
            return String(decoding: bytes[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
#endif

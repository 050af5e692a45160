// SPDX-License-Identifier: Apache-2.0
//
// Without the trait `MPI` this module is empty, so that the package builds where there is no MPI.

#if HAVE_MPI
    import Foundation
    import RetortTraining

    /// The processes that `mpirun` started. One to a process, as MPI has it.
    public final class MPIGroup: TrainingGroup {
        public let rank: Int
        public let size: Int
        private let thread: MPIThread

        /// Elements of one sum at most: MPI counts with 32 bits.
        private static let largestSum = 1 << 30

        /// Joins the others; returns when all have come.
        /// - Throws: ``TrainingError`` if MPI does not start.
        public init() throws {
            thread = MPIThread()
            (rank, size) = try thread.start()
        }

        public func sum(_ values: UnsafeMutableBufferPointer<Double>) throws {
            thread.begin(.sumDoubles(values))
            try thread.finish()
        }

        public func beginSum(_ values: UnsafeMutableBufferPointer<Float>) throws {
            for start in stride(from: 0, to: values.count, by: Self.largestSum) {
                let end = min(values.count, start + Self.largestSum)
                thread.begin(.sumFloats(.init(rebasing: values[start..<end])))
            }
        }

        public func finishSums() throws { try thread.finish() }

        public func barrier() throws {
            thread.begin(.barrier)
            try thread.finish()
        }

        public func end() throws { try thread.end() }

        public func abort() {
            thread.abort()
            // The job's end comes as a signal.
            Thread.sleep(forTimeInterval: 10)
        }
    }
#endif

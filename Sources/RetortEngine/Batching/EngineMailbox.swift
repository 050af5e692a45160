// SPDX-License-Identifier: Apache-2.0
//
// What passes between the threads of clients and the engine's: a lock held for moments.

import Foundation

/// Requests on their way in, and what the engine says of itself.
final class EngineMailbox: @unchecked Sendable {
    // Safety: everything is touched only while `condition` is held. Not Synchronization's Mutex,
    // which the thread sanitizer cannot see, and which nobody can wait on.

    struct Submission {
        let request: EngineRequest
        let wishes: EngineResponse.Wishes
        let continuation: AsyncStream<EngineEvent>.Continuation
        let limit: Int
        let accepted = ContinuousClock.now
    }

    struct Embedding {
        let tokens: [Int32]
        let continuation: CheckedContinuation<[Float], any Error>
    }

    struct Contents {
        var submissions: [Submission] = []
        var embeddings: [Embedding] = []
        /// Nil while it goes on, else whether to finish what is under way.
        var stop: Bool?
    }

    private let condition = NSCondition()
    private var contents = Contents()
    private var isAwake = false
    private var hasEnded = false
    private var onEnd: [@Sendable () -> Void] = []
    private var current = EngineStatistics()
    private let maximumWaiting: Int
    private let maximumRunning: Int
    /// How long requests lately had their places, in seconds: what a client is told to wait.
    private var typicalSeconds = 1.0

    init(maximumWaiting: Int, maximumRunning: Int) {
        self.maximumWaiting = maximumWaiting
        self.maximumRunning = maximumRunning
    }

    var statistics: EngineStatistics {
        condition.withLock {
            var statistics = current
            statistics.waiting += contents.submissions.count
            return statistics
        }
    }

    func submit(_ submission: Submission) throws(EngineRefusal) {
        let refusal: EngineRefusal? = condition.withLock {
            guard contents.stop == nil else { return .stopping }
            let waiting = current.waiting + contents.submissions.count
            let places = maximumWaiting + max(0, maximumRunning - current.running)
            guard waiting < places else {
                current.refusals += 1
                // So many turns of all places until a newcomer would have one.
                let turns = Double(waiting) / Double(maximumRunning)
                let seconds = (typicalSeconds * turns).rounded(.up)
                return .queueIsFull(waiting: waiting, retryAfter: Int(min(max(seconds, 1), 600)))
            }
            contents.submissions.append(submission)
            wakeHoldingLock()
            return nil
        }
        if let refusal { throw refusal }
    }

    func embed(_ embedding: Embedding) throws(EngineRefusal) {
        let refusal: EngineRefusal? = condition.withLock {
            guard contents.stop == nil else { return .stopping }
            guard contents.embeddings.count < maximumWaiting else {
                current.refusals += 1
                return .queueIsFull(waiting: contents.embeddings.count, retryAfter: 1)
            }
            contents.embeddings.append(embedding)
            wakeHoldingLock()
            return nil
        }
        if let refusal { throw refusal }
    }

    /// Makes the engine look at what changed.
    func wake() { condition.withLock { wakeHoldingLock() } }

    private func wakeHoldingLock() {
        isAwake = true
        condition.signal()
    }

    func stop(finishing: Bool, onEnd: (@Sendable () -> Void)? = nil) {
        let ended = condition.withLock {
            // Once cancelled, it does not go back to finishing.
            contents.stop = (contents.stop ?? true) && finishing
            if hasEnded { return true }
            if let onEnd { self.onEnd.append(onEnd) }
            wakeHoldingLock()
            return false
        }
        if ended { onEnd?() }
    }

    /// What came in since the last call.
    /// - Parameter waits: Whether there is nothing to do until something comes in.
    func collect(waits: Bool) -> Contents {
        condition.withLock {
            while waits, !isAwake { condition.wait() }
            isAwake = false
            let found = contents
            contents.submissions.removeAll(keepingCapacity: true)
            contents.embeddings.removeAll(keepingCapacity: true)
            // Counted as waiting until the engine says otherwise.
            current.waiting += found.submissions.count
            return found
        }
    }

    /// Publishes the engine's own counts; refusals are counted here.
    func publish(_ statistics: EngineStatistics) {
        condition.withLock {
            let refusals = current.refusals
            current = statistics
            current.refusals = refusals
        }
    }

    func tookSeconds(_ seconds: Double) {
        condition.withLock { typicalSeconds += (seconds - typicalSeconds) / 8 }
    }

    func end() {
        let callbacks = condition.withLock {
            hasEnded = true
            defer { onEnd = [] }
            return onEnd
        }
        for callback in callbacks { callback() }
    }
}

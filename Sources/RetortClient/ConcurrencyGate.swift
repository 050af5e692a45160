// SPDX-License-Identifier: Apache-2.0
//
// Additive increase, multiplicative decrease, as TCP does: an endpoint's limit is not known, and
// changes with what its other users do.

import Synchronization

/// Lets a number of requests through at the same time that follows what the endpoint bears.
package final class ConcurrencyGate: Sendable {
    /// The permission to send one request.
    package struct Ticket: Sendable {
        fileprivate let number: Int
    }

    package enum Outcome: Sendable {
        case success
        /// The endpoint said that it is too much.
        case throttled
        /// Says nothing about the load.
        case other
    }

    private struct State {
        var limit: Int
        var active = 0
        var successes = 0
        var nextNumber = 0
        /// Tickets before this one were sent before the last cut: their refusals are no news.
        var firstAfterCut = 0
        var waiters: [(id: Int, continuation: CheckedContinuation<Bool, Never>)] = []
        var nextWaiter = 0
        var cancelled: Set<Int> = []
    }

    private let maximum: Int
    private let state: Mutex<State>

    package init(maximum: Int) {
        self.maximum = max(1, maximum)
        state = Mutex(State(limit: max(1, maximum)))
    }

    /// How many may be let through now.
    package var limit: Int { state.withLock { $0.limit } }

    /// Waits for a place, first come, first served.
    /// - Throws: `CancellationError`.
    package func enter() async throws -> Ticket {
        let waiter = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let isAdmitted = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if state.cancelled.remove(waiter) != nil { return false }
                    if state.active < state.limit, state.waiters.isEmpty {
                        state.active += 1
                        return true
                    }
                    state.waiters.append((waiter, continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let continuation = state.withLock {
                state -> CheckedContinuation<Bool, Never>? in
                guard let index = state.waiters.firstIndex(where: { $0.id == waiter }) else {
                    state.cancelled.insert(waiter)
                    return nil
                }
                return state.waiters.remove(at: index).continuation
            }
            continuation?.resume(returning: false)
        }
        return try state.withLock { state in
            state.cancelled.remove(waiter)
            guard isAdmitted else { throw CancellationError() }
            state.nextNumber += 1
            return Ticket(number: state.nextNumber - 1)
        }
    }

    package func leave(_ ticket: Ticket, _ outcome: Outcome) {
        let admitted = state.withLock { state -> [CheckedContinuation<Bool, Never>] in
            state.active -= 1
            switch outcome {
            case .throttled where ticket.number >= state.firstAfterCut:
                state.limit = max(1, state.limit / 2)
                state.firstAfterCut = state.nextNumber
                state.successes = 0
            case .success:
                state.successes += 1
                if state.successes >= state.limit {
                    state.limit = min(maximum, state.limit + 1)
                    state.successes = 0
                }
            default: break
            }
            var admitted: [CheckedContinuation<Bool, Never>] = []
            while state.active < state.limit, !state.waiters.isEmpty {
                state.active += 1
                admitted.append(state.waiters.removeFirst().continuation)
            }
            return admitted
        }
        for continuation in admitted { continuation.resume(returning: true) }
    }
}

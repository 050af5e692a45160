// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A request under way.
public final class EngineResponse: Sendable {
    /// What happens to it. Ends after `finished` or `failed`; ending the iteration early cancels.
    public let events: AsyncStream<EngineEvent>
    let cancellation: Cancellation
    private let answersNow = Atomic<Bool>(false)
    private let wake: @Sendable () -> Void

    init(
        events: AsyncStream<EngineEvent>, cancellation: Cancellation,
        wake: @escaping @Sendable () -> Void
    ) {
        self.events = events
        self.cancellation = cancellation
        self.wake = wake
    }

    /// Ends the answer where it stands; the finish reason is `cancelled`.
    public func cancel() {
        cancellation.cancel()
        wake()
    }

    /// Closes the thought at the next token, as if its budget were used up. Does nothing in the answer.
    public func endThought() { answersNow.store(true, ordering: .relaxed) }

    var isAskedToAnswer: Bool { answersNow.load(ordering: .relaxed) }
}

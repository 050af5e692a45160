// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A request under way. Letting go of it, or cancelling the task that listens, cancels it.
public final class EngineResponse: Sendable {
    /// What happens to it. Ends after `finished` or `failed`.
    public let events: AsyncStream<EngineEvent>
    private let wishes: Wishes
    private let wake: @Sendable () -> Void

    /// What the client wants meanwhile. Apart from the response, since whoever computes it must not
    /// keep the response alive.
    final class Wishes: Sendable {
        let cancellation = Cancellation()
        let wantsAnswer = Atomic<Bool>(false)
    }

    init(
        events: AsyncStream<EngineEvent>, wishes: Wishes, wake: @escaping @Sendable () -> Void
    ) {
        self.events = events
        self.wishes = wishes
        self.wake = wake
    }

    /// Ends the answer where it stands; the finish reason is `cancelled`.
    public func cancel() {
        wishes.cancellation.cancel()
        wake()
    }

    /// Closes the thought at the next token, as if its budget were used up. Does nothing in the answer.
    public func endThought() { wishes.wantsAnswer.store(true, ordering: .relaxed) }
}

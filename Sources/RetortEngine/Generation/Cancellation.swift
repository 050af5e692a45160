// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A flag that another thread, or a signal handler, may raise to end a generation early.
public final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)

    public init() {}

    public var isCancelled: Bool { flag.load(ordering: .relaxed) }

    public func cancel() { flag.store(true, ordering: .relaxed) }

    /// Lowers the flag for the next generation.
    public func reset() { flag.store(false, ordering: .relaxed) }
}

// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Counts up and down and remembers the highest.
final class Counter: Sendable {
    private let state = Mutex((now: 0, highest: 0))

    var now: Int { state.withLock { $0.now } }
    var highest: Int { state.withLock { $0.highest } }

    func change(_ amount: Int) {
        state.withLock { state in
            state.now += amount
            state.highest = max(state.highest, state.now)
        }
    }
}

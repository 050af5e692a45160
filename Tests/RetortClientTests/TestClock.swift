// SPDX-License-Identifier: Apache-2.0

import RetortClient
import Synchronization

/// A clock whose sleepers never wait: time jumps on.
final class TestClock: Sendable {
    private struct State {
        var time: Double
        var sleeps: [Duration] = []
    }

    private let state: Mutex<State>

    init(at time: Double = 1_800_000_000) { state = Mutex(State(time: time)) }

    var sleeps: [Duration] { state.withLock { $0.sleeps } }
    var time: Double { state.withLock { $0.time } }

    func advance(_ seconds: Double) { state.withLock { $0.time += seconds } }

    func clock(random: Double = 0) -> ClientClock {
        ClientClock(
            now: { self.time }, uptime: { self.time },
            sleep: { duration in
                try Task.checkCancellation()
                self.state.withLock { state in
                    state.sleeps.append(duration)
                    state.time += duration / .seconds(1)
                }
                await Task.yield()
            },
            random: { random })
    }
}

// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The runs under way and those that ended lately.
final class RunCenter: Sendable {
    private struct State {
        var runs: [String: LiveRun] = [:]
        var writers: [String: Task<Void, Never>] = [:]
    }

    private let state = Mutex(State())
    private let retention: Duration

    init(retention: Duration) { self.retention = retention }

    /// Begins to write a run. It goes on whether or not anyone listens.
    func start(_ run: LiveRun, _ write: @escaping @Sendable () async -> Void) {
        state.withLock { state in
            let limit = ContinuousClock.now.advanced(by: .zero - retention)
            state.runs = state.runs.filter { ($0.value.events.endedAt ?? .now) >= limit }
            state.runs[run.id] = run
            state.writers[run.id] = Task { [self] in
                await write()
                self.state.withLock { $0.writers[run.id] = nil }
            }
        }
    }

    /// The run, if it is `owner`'s.
    func find(_ id: String, owner: String) -> LiveRun? {
        let limit = ContinuousClock.now.advanced(by: .zero - retention)
        guard let run = state.withLock({ $0.runs[id] }), run.owner == owner,
            (run.events.endedAt ?? .now) >= limit
        else { return nil }
        return run
    }

    /// Waits until none is written any more.
    func finish() async {
        while let writer = state.withLock({ $0.writers.values.first }) { await writer.value }
    }
}

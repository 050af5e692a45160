// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The streams that can be read again: those under way, and those that ended lately.
final class StreamRegistry: Sendable {
    private struct State {
        var streams: [String: LiveStream] = [:]
        /// Ended ones, the oldest first.
        var ended: [LiveStream] = []
        /// Other names of streams.
        var aliases: [String: String] = [:]
    }

    private let state = Mutex(State())
    private let retention: Duration
    private let maximumBytes: Int

    init(retention: Duration, maximumBytes: Int) {
        self.retention = retention
        self.maximumBytes = maximumBytes
    }

    func add(_ stream: LiveStream, alias: String) {
        state.withLock { state in
            purge(&state)
            state.streams[stream.id] = stream
            state.aliases[alias] = stream.id
        }
    }

    /// Called once the stream has ended.
    func retire(_ stream: LiveStream) {
        state.withLock { state in
            state.ended.append(stream)
            purge(&state)
        }
    }

    /// The stream with this id or of the request with this id, if `owner` may read it.
    func find(_ id: String, owner: String?) -> LiveStream? {
        let stream = state.withLock { state in
            purge(&state)
            return state.streams[id] ?? state.aliases[id].flatMap { state.streams[$0] }
        }
        guard let stream, stream.owner == owner else { return nil }
        return stream
    }

    func cancelAll() {
        for stream in state.withLock({ Array($0.streams.values) }) { stream.cancel() }
    }

    private func purge(_ state: inout State) {
        let limit = ContinuousClock.now.advanced(by: .zero - retention)
        var bytes = state.ended.reduce(0) { $0 + $1.byteCount }
        while let oldest = state.ended.first,
            bytes > maximumBytes || (oldest.endedAt ?? .now) < limit
        {
            bytes -= oldest.byteCount
            state.streams[oldest.id] = nil
            state.aliases = state.aliases.filter { $0.value != oldest.id }
            state.ended.removeFirst()
        }
    }
}

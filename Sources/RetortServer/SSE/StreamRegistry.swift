// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The streams that can be read again: those under way, and those that ended lately.
final class StreamRegistry: Sendable {
    private struct State {
        var streams: [String: LiveStream] = [:]
        /// Ended ones from `oldest` on, the oldest first.
        var ended: [LiveStream] = []
        var oldest = 0
        /// Of those that ended.
        var bytes = 0
        /// Other names of streams, and the other name of each.
        var aliases: [String: String] = [:]
        var aliasOf: [String: String] = [:]
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
            state.aliasOf[stream.id] = alias
        }
    }

    /// Called once the stream has ended.
    func retire(_ stream: LiveStream) {
        state.withLock { state in
            state.ended.append(stream)
            state.bytes += stream.byteCount
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
        while state.oldest < state.ended.count {
            let oldest = state.ended[state.oldest]
            guard state.bytes > maximumBytes || (oldest.endedAt ?? .now) < limit else { break }
            state.bytes -= oldest.byteCount
            state.streams[oldest.id] = nil
            if let alias = state.aliasOf.removeValue(forKey: oldest.id),
                state.aliases[alias] == oldest.id
            {
                state.aliases[alias] = nil
            }
            state.oldest += 1
        }
        // Each is moved at most once on its way out.
        if state.oldest > state.ended.count / 2 {
            state.ended.removeFirst(state.oldest)
            state.oldest = 0
        }
    }
}

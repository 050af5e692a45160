// SPDX-License-Identifier: Apache-2.0
//
// A streamed answer is written once and may be read several times: by the request that asked for it,
// and by whoever comes back for it after its connection broke. Readers that are slower than the
// model get what has come together at once.

import NIOCore
import Synchronization

/// The events of a streamed answer.
final class LiveStream: Sendable {
    /// What a reader gets next.
    struct Batch {
        var bytes = ByteBuffer()
        /// The number of the event after the last one.
        var next: Int
        /// The prompt's progress if it is news to the reader.
        var progress: Progress?
        var isEnded = false
        /// The client is gone.
        var isClosed = false
    }

    struct Progress: Sendable, Equatable {
        var processed: Int
        var total: Int
    }

    private struct Reader {
        var continuation: CheckedContinuation<Void, Never>?
        var isClosed = false
        /// Asked to look after itself though nothing happened.
        var isNudged = false
        var progress: Progress?
    }

    private struct State {
        var bytes: [UInt8] = []
        /// Where each event ends in `bytes`.
        var ends: [Int] = []
        var progress: Progress?
        var isEnded = false
        var readers: [Int: Reader] = [:]
        var nextReader = 0
        var tasks: [GenerationTask] = []
        var isCancelled = false
        var departures = 0
        var endedAt: ContinuousClock.Instant?

        mutating func takeContinuations() -> [CheckedContinuation<Void, Never>] {
            var waiting: [CheckedContinuation<Void, Never>] = []
            for id in readers.keys {
                guard let continuation = readers[id]?.continuation else { continue }
                readers[id]?.continuation = nil
                waiting.append(continuation)
            }
            return waiting
        }

        mutating func batch(_ reader: Int, after position: Int, numbered: Bool)
            -> LiveStream.Batch
        {
            let position = min(max(position, 0), ends.count)
            var batch = LiveStream.Batch(next: ends.count, isEnded: isEnded)
            batch.isClosed = readers[reader]?.isClosed ?? true
            readers[reader]?.isNudged = false
            if readers[reader]?.progress != progress {
                readers[reader]?.progress = progress
                batch.progress = progress
            }
            guard position < ends.count else { return batch }
            let start = position == 0 ? 0 : ends[position - 1]
            guard numbered else {
                batch.bytes.writeBytes(bytes[start...])
                return batch
            }
            var begin = start
            for index in position..<ends.count {
                batch.bytes.writeString("id: \(index + 1)\n")
                batch.bytes.writeBytes(bytes[begin..<ends[index]])
                begin = ends[index]
            }
            return batch
        }
    }

    let id: String
    /// Who may read it.
    let owner: String?
    /// How long it goes on without a reader; nil not at all.
    let grace: Duration?
    private let state = Mutex(State())

    init(id: String, owner: String?, grace: Duration?) {
        self.id = id
        self.owner = owner
        self.grace = grace
    }

    // MARK: - The writer's side

    /// Takes charge of the requests that make the answer.
    func drive(_ tasks: [GenerationTask]) {
        let isCancelled = state.withLock { state in
            state.tasks = tasks
            return state.isCancelled
        }
        // Nobody waited until the model was loaded.
        if isCancelled { for task in tasks { task.cancel() } }
    }

    /// Adds an event, all of its lines with the empty one at its end.
    func append(_ event: [UInt8]) {
        wake { state in
            guard !state.isEnded else { return }
            state.bytes.append(contentsOf: event)
            state.ends.append(state.bytes.count)
        }
    }

    func report(_ progress: Progress) { wake { $0.progress = progress } }

    func end() {
        wake { state in
            state.isEnded = true
            // What was made room for and not used would be kept as long as the stream.
            state.bytes = state.bytes.withUnsafeBufferPointer { Array($0) }
            state.ends = state.ends.withUnsafeBufferPointer { Array($0) }
            state.endedAt = .now
            state.tasks = []
        }
    }

    /// Ends the answer where it stands.
    func cancel() {
        let tasks = state.withLock { state in
            state.isCancelled = true
            return state.tasks
        }
        for task in tasks { task.cancel() }
    }

    /// Closes the thoughts.
    func endThought() { for task in state.withLock({ $0.tasks }) { task.endThought() } }

    var byteCount: Int { state.withLock { $0.bytes.count + 8 * $0.ends.count } }
    var endedAt: ContinuousClock.Instant? { state.withLock { $0.endedAt } }
    var isEnded: Bool { state.withLock { $0.isEnded } }

    private func wake(_ change: (inout State) -> Void) {
        let waiting = state.withLock { state in
            change(&state)
            return state.takeContinuations()
        }
        for continuation in waiting { continuation.resume() }
    }

    // MARK: - The readers' side

    /// A reader's place. It leaves when this goes.
    final class Seat: Sendable {
        fileprivate let id: Int
        let stream: LiveStream

        fileprivate init(_ id: Int, _ stream: LiveStream) {
            self.id = id
            self.stream = stream
        }

        deinit { stream.leave(id) }

        /// The client is gone.
        func close() {
            stream.wakeReader(id) { $0.isClosed = true }
        }

        /// Makes a waiting ``LiveStream/next(_:after:numbered:)`` return.
        func nudge() {
            stream.wakeReader(id) { $0.isNudged = true }
        }
    }

    func attach() -> Seat {
        state.withLock { state in
            state.nextReader += 1
            state.readers[state.nextReader] = Reader()
            return Seat(state.nextReader, self)
        }
    }

    private func leave(_ id: Int) {
        let departure = state.withLock { state -> Int? in
            state.readers[id] = nil
            guard state.readers.isEmpty, !state.isEnded else { return nil }
            state.departures += 1
            return state.departures
        }
        guard let departure else { return }
        guard let grace else { return cancel() }
        Task {
            do { try await Task.sleep(for: grace) } catch { return }
            let isAlone = state.withLock { $0.readers.isEmpty && $0.departures == departure }
            if isAlone { cancel() }
        }
    }

    private func wakeReader(_ id: Int, _ change: (inout Reader) -> Void) {
        let continuation = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard var reader = state.readers[id] else { return nil }
            let continuation = reader.continuation
            reader.continuation = nil
            change(&reader)
            state.readers[id] = reader
            return continuation
        }
        continuation?.resume()
    }

    /// Waits for events after the first `position` ones, progress, a nudge, or the end.
    func next(_ seat: Seat, after position: Int, numbered: Bool) async -> Batch {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waits = state.withLock { state -> Bool in
                    guard let reader = state.readers[seat.id], !reader.isClosed, !reader.isNudged,
                        !state.isEnded, state.ends.count <= position,
                        reader.progress == state.progress
                    else { return false }
                    state.readers[seat.id]?.continuation = continuation
                    return true
                }
                if !waits { continuation.resume() }
            }
        } onCancel: {
            seat.close()
        }
        return state.withLock { $0.batch(seat.id, after: position, numbered: numbered) }
    }
}

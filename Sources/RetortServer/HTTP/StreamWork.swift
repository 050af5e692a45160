// SPDX-License-Identifier: Apache-2.0
//
// What is done for a stream before and while it is written.

/// The engine's requests of a streamed answer, and what writes their events.
struct StreamWork: Sendable {
    let tasks: [GenerationTask]
    /// Writes all events and ends the stream.
    let write: @Sendable (LiveStream) async -> Void

    init(_ tasks: [GenerationTask], write: @escaping @Sendable (LiveStream) async -> Void) {
        self.tasks = tasks
        self.write = write
    }
}

/// A streamed answer's begin, which may take long.
struct Beginning {
    let task: Task<StreamWork, any Error>
    private let isDone = StopFlag()
    private let ends: AsyncStream<Void>
    private let end: AsyncStream<Void>.Continuation

    init(_ begin: @escaping @Sendable () async throws -> StreamWork) {
        let (ends, end) = AsyncStream<Void>.makeStream()
        self.ends = ends
        self.end = end
        let isDone = isDone
        task = Task {
            defer {
                isDone.set()
                end.finish()
            }
            return try await begin()
        }
    }

    /// - Returns: Nil if it takes longer than `time`.
    func work(within time: Duration) async throws -> StreamWork? {
        let end = end
        let timer = Task {
            do { try await Task.sleep(for: time) } catch { return }
            end.finish()
        }
        for await _ in ends {}
        timer.cancel()
        return isDone.isSet ? try await task.value : nil
    }
}

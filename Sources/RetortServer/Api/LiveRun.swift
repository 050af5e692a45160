// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import Synchronization

/// A run as others see it: its events, and what can be asked of it.
final class LiveRun: Sendable {
    enum Phase: String, Sendable { case thinking, answering, ended }

    private struct State {
        var phase = Phase.thinking
        var task: GenerationTask?
        var isStopped = false
        var isToAnswer = false
    }

    let id: String
    let owner: String
    /// Nobody's leaving ends it.
    let events: LiveStream
    private let state = Mutex(State())

    init(id: String, owner: String) {
        self.id = id
        self.owner = owner
        events = LiveStream(id: id, owner: owner, grace: nil)
    }

    var phase: Phase { state.withLock { $0.phase } }
    /// Whether the user stopped it.
    var isStopped: Bool { state.withLock { $0.isStopped } }

    /// Takes charge of the engine's work. What was asked before is asked now.
    func drive(_ task: GenerationTask, thinks: Bool) {
        let (stops, answers) = state.withLock { state in
            state.task = task
            if !thinks { state.phase = .answering }
            return (state.isStopped, state.isToAnswer)
        }
        if stops { task.cancel() } else if answers { task.endThought() }
    }

    func answers() { state.withLock { $0.phase = .answering } }

    /// - Returns: The phase before.
    @discardableResult
    func stop() -> Phase {
        let (phase, task) = state.withLock { state in
            if state.phase != .ended { state.isStopped = true }
            return (state.phase, state.task)
        }
        task?.cancel()
        return phase
    }

    /// Ends the thought.
    func answerNow() -> Phase {
        let (phase, task) = state.withLock { state in
            state.isToAnswer = true
            return (state.phase, state.task)
        }
        if phase == .thinking { task?.endThought() }
        return phase
    }

    func append(_ name: String, _ data: JSONValue) {
        events.append(Array("event: \(name)\ndata: \(data.text())\n\n".utf8))
    }

    func end() {
        state.withLock { state in
            state.phase = .ended
            state.task = nil
        }
        events.end()
    }
}

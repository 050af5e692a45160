// SPDX-License-Identifier: Apache-2.0
//
// What a run of a pipeline has to do still. A stage is done when its process has ended well and its digest is
// known; what was made of another stage's former results is no longer what it would be.

import Foundation

/// The stages of one run: which are done, which run, which are next.
struct PipelineProgress {
    private(set) var state: PipelineState
    private(set) var wasStopped = false
    private let stages: [PipelineStage]
    private let needs: [[Int]]
    private let digests: [String]
    /// In the plan's order.
    private var waiting: [Int]
    private var running: Set<Int> = []
    private var ended: Set<Int> = []
    private var instant = ContinuousClock.now

    /// The status of a process that was stopped, and goes on another time.
    static let stopped = 130

    /// - Parameter last: The stage to end with.
    init(_ plan: PipelinePlan, upTo last: Int, digest: (PipelineStage) throws -> String) throws {
        stages = plan.stages
        needs = PipelineOrder(stages).needs
        digests = try stages.map(digest)
        waiting = Array(0...last)
        state = try PipelineState(output: plan.output)
        var again: Set<Int> = []
        for index in stages.indices {
            if !again.isDisjoint(with: needs[index]) { state.stages[stages[index].name] = nil }
            if !isDone(index) { again.insert(index) }
        }
    }

    /// Whether a former run has done it.
    func isDone(_ index: Int) -> Bool { isCurrent(index) && entry(index)?.isDone == true }

    /// Whether a stage goes on from what is there: what was made by another command, or of other inputs, is no
    /// beginning.
    func isCurrent(_ index: Int) -> Bool { entry(index)?.digest == digests[index] }

    private func entry(_ index: Int) -> PipelineState.Entry? { state.stages[stages[index].name] }

    /// - Returns: The first stage that has all it needs, if it may run beside those that do.
    func next(atMost jobs: Int) -> Int? {
        waiting.first { index in
            (running.count < jobs || isDone(index)) && needs[index].allSatisfy(ended.contains)
        }
    }

    /// Notes that a stage runs.
    mutating func begin(_ index: Int) {
        shareTime()
        var entry = PipelineState.Entry(digest: digests[index])
        if isCurrent(index), let known = self.entry(index) { entry = known }
        entry.tries += 1
        state.stages[stages[index].name] = entry
        waiting.removeAll { $0 == index }
        running.insert(index)
    }

    /// Divides the time since the last change among the stages that ran.
    private mutating func shareTime() {
        let now = ContinuousClock.now
        let share = (now - instant) / .seconds(1) / Double(max(1, running.count))
        instant = now
        for index in running {
            let name = stages[index].name
            let known = entry(index)?.machineSeconds ?? 0
            state.stages[name]?.machine = known + share
        }
    }

    /// Notes that a stage needs nothing done.
    mutating func end(_ index: Int) {
        waiting.removeAll { $0 == index }
        ended.insert(index)
    }

    /// Notes that a stage's process has ended; `status` is nil if there was none.
    /// - Returns: Seconds of all tries together.
    mutating func end(_ index: Int, status: Int?, seconds: Double) -> Double {
        shareTime()
        running.remove(index)
        if status == 0 { ended.insert(index) }
        wasStopped = wasStopped || status == Self.stopped
        guard var entry = entry(index) else { return seconds }
        entry.seconds += seconds
        entry.isDone = status == 0
        entry.finished = entry.isDone ? Date().timeIntervalSince1970 : nil
        state.stages[stages[index].name] = entry
        return entry.seconds
    }
}

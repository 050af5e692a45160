// SPDX-License-Identifier: Apache-2.0
//
// What a generator keeps for speculation between generations: the drafter, what was learnt of its
// guesses, and the tokens of the pass at hand.

import RetortFormats
import RetortModels

/// Guesses for one generator.
package final class Speculator {
    private let drafter: any Drafter
    private var policy: DraftPolicy
    /// The last chosen token and the guesses after it: what the next pass runs.
    private let batch: UnsafeMutableBufferPointer<Int32>
    private var kind = 0
    private var draftSeconds = 0.0
    /// Of the last pass, nil once it is accounted for.
    private var passSeconds: Double?
    /// The most guesses at a time.
    package var draftTokens = Speculation.defaultDraftTokens
    private var drafted = 0
    private var accepted = 0

    /// - Parameters:
    ///   - mostRows: The most tokens of a pass that checks guesses.
    ///   - policy: Nil learns what guesses are worth.
    package init(_ drafter: any Drafter, mostRows: Int, policy: DraftPolicy? = nil) {
        self.drafter = drafter
        self.policy = policy ?? DraftPolicy(draftCost: drafter.initialCost)
        batch = .allocate(capacity: max(1, mostRows))
        batch.initialize(repeating: 0)
    }

    deinit { batch.deallocate() }

    /// Begins a generation.
    /// - Parameter cached: Tokens of the prompt that the model does not run again.
    func begin(_ prompt: [Int32], cached: Int) throws {
        drafted = 0
        accepted = 0
        passSeconds = nil
        let known = drafter.begin(prompt, cached: cached)
        // The states before these tokens are not there, or nobody asked for them.
        let count = drafter.readsStates ? min(cached + 1, prompt.count) : prompt.count
        if known < count {
            try prompt.withUnsafeBufferPointer {
                try drafter.append(UnsafeBufferPointer(rebasing: $0[known..<count]), states: nil)
            }
        }
    }

    /// The model has run `count` tokens of the prompt from `first` on: hands over those after them.
    func appendPrompt(_ prompt: [Int32], after first: Int, count: Int, _ runner: ModelRunner)
        throws
    {
        guard drafter.readsStates else { return }
        let end = min(first + count + 1, prompt.count)
        guard first + 1 < end else { return }
        let size = runner.model.config.hiddenSize
        let states = runner.hiddenStates.prefix((end - first - 1) * size)
        try prompt.withUnsafeBufferPointer {
            try drafter.append(
                UnsafeBufferPointer(rebasing: $0[(first + 1)..<end]),
                states: UnsafeBufferPointer(rebasing: states))
        }
    }

    /// The model chose `token` from row `row` of the last pass; nil stands for the pass's last.
    func append(_ token: Int32, chosenAfter row: Int?, _ runner: ModelRunner) throws {
        var states: UnsafeBufferPointer<Float>?
        if drafter.readsStates {
            let all = runner.hiddenStates
            let size = runner.model.config.hiddenSize
            let end = row.map { ($0 + 1) * size } ?? all.count
            states = UnsafeBufferPointer(rebasing: all[(end - size)..<end])
        }
        try withUnsafePointer(to: token) {
            try drafter.append(UnsafeBufferPointer(start: $0, count: 1), states: states)
        }
    }

    /// Guesses what follows `token`, at most `most` tokens.
    /// - Returns: The token and the guesses, valid until the next call.
    func batch(after token: Int32, most: Int) throws -> UnsafeBufferPointer<Int32> {
        learn()
        batch[0] = token
        drafted = 0
        accepted = 0
        draftSeconds = 0
        let most = min(most, draftTokens, batch.count - 1)
        if most > 0, let kind = drafter.prepare() {
            self.kind = kind
            let length = policy.length(kind, most: most)
            if length > 0 {
                let start = ContinuousClock.now
                drafted = try drafter.propose(
                    UnsafeMutableBufferPointer(rebasing: batch[1...length]))
                draftSeconds = (.now - start) / .seconds(1)
            }
        }
        return UnsafeBufferPointer(rebasing: batch[...drafted])
    }

    /// The pass over the batch is done.
    func passTook(_ seconds: Double) { passSeconds = seconds }

    /// Whether the model's choice after row `row` of the batch is the guess.
    func accepts(_ token: Int32, after row: Int) -> Bool {
        guard row < drafted, batch[row + 1] == token else { return false }
        accepted += 1
        return true
    }

    /// Takes into account the pass before, whose guesses are by now right or wrong.
    private func learn() {
        guard let seconds = passSeconds else { return }
        passSeconds = nil
        if drafted == 0 {
            policy.notePlain(seconds: seconds)
        } else {
            policy.note(
                kind, drafted: drafted, accepted: accepted, draftSeconds: draftSeconds,
                seconds: seconds)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import RetortEngine
import RetortModels
import RetortTensor
import TestSupport
import Testing

@Suite struct PromptLookupDrafterTests {
    private func draft(_ drafter: PromptLookupDrafter, _ count: Int) -> [Int32]? {
        guard drafter.prepare() != nil else { return nil }
        var draft = [Int32](repeating: -1, count: count)
        let written = draft.withUnsafeMutableBufferPointer { drafter.propose($0) }
        return Array(draft.prefix(written))
    }

    private func append(_ drafter: PromptLookupDrafter, _ tokens: [Int32]) {
        tokens.withUnsafeBufferPointer { drafter.append($0, states: nil) }
    }

    @Test("what followed the last tokens before is guessed; nothing where they are new")
    func lookup() {
        let drafter = PromptLookupDrafter(contextLength: 100)
        append(drafter, [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(draft(drafter, 3) == nil)
        append(drafter, [2, 3])
        #expect(draft(drafter, 3) == [4, 5, 6])
        // The longer match wins over the later one.
        append(drafter, [4, 9, 3, 4, 50, 2, 3, 4])
        #expect(draft(drafter, 2) == [9, 3])
        append(drafter, [77])
        #expect(draft(drafter, 2) == nil)
    }

    @Test("a text that goes in a circle is guessed past its end", arguments: 1...6)
    func circle(period: Int) {
        let drafter = PromptLookupDrafter(contextLength: 100)
        let text = (0..<40).map { Int32($0 % period) }
        append(drafter, Array(text.prefix(2 * period + 4)))
        let expected = Array(text[(2 * period + 4)..<(2 * period + 16)])
        #expect(draft(drafter, 12) == expected)
    }

    @Test("guesses are what the plain definition finds, on text that repeats itself in parts")
    func definition() {
        var random = SeededRandom(seed: 2)
        let drafter = PromptLookupDrafter(contextLength: 2000)
        var text: [Int32] = []
        var (agreed, missed) = (0, 0)
        for _ in 0..<60 {
            let source = Int.random(in: 0..<max(1, text.count), using: &random)
            let copied = Array(text[source..<min(source + 12, text.count)])
            let part =
                copied + (0..<6).map { _ in Int32.random(in: 100..<100_000, using: &random) }
            for token in part {
                // The longest match of at least 2, by comparing with every place.
                let lengths = text.indices.dropFirst().map { place in
                    zip(text[..<place].reversed(), text.reversed()).prefix { $0 == $1 }.count
                }
                let longest = lengths.max() ?? 0
                if longest >= 2 {
                    let guess = draft(drafter, 1)
                    let places = text.indices.dropFirst().filter { lengths[$0 - 1] == longest }
                    if let guess, places.contains(where: { text[$0] == guess[0] }) { agreed += 1 }
                    if guess == nil { missed += 1 }
                } else {
                    #expect(draft(drafter, 1) == nil)
                }
                append(drafter, [token])
                text.append(token)
            }
        }
        // The tables forget what a collision overwrites; a later place may be as good up to four
        // tokens and be taken for it.
        #expect(agreed > 300 && missed < 5)
    }

    @Test("a new prompt keeps what it shares with the last sequence, or starts anew")
    func begin() {
        let drafter = PromptLookupDrafter(contextLength: 100)
        append(drafter, [1, 2, 3, 4])
        #expect(drafter.begin([1, 2, 3, 4, 1, 2], cached: 0) == 4)
        append(drafter, [1, 2])
        #expect(draft(drafter, 2) == [3, 4])
        #expect(drafter.begin([1, 2, 9], cached: 0) == 0)
        append(drafter, [1, 2, 9, 1, 2])
        #expect(draft(drafter, 1) == [9])
    }
}

@Suite struct DraftPolicyTests {
    /// Tokens' worth of time lost or won over a text, in passes of one token.
    private func run(tokens: Int, rowCost: Double, chance: (Int) -> Double) -> Double {
        var policy = DraftPolicy(draftCost: 0)
        var random = SeededRandom(seed: 5)
        var spent = 0.0
        var made = 0
        while made < tokens {
            let kind = Int.random(in: 0..<DraftPolicy.classes, using: &random)
            let length = policy.length(kind, most: 7)
            let cost = 1 + rowCost * Double(length)
            spent += cost
            if length == 0 {
                policy.notePlain(seconds: 0.01)
                made += 1
                continue
            }
            var accepted = 0
            while accepted < length, Double.random(in: 0..<1, using: &random) < chance(kind) {
                accepted += 1
            }
            policy.note(
                kind, drafted: length, accepted: accepted, draftSeconds: 0, seconds: 0.01 * cost)
            made += accepted + 1
        }
        return spent / Double(made)
    }

    @Test(
        "guesses that fail cost at most 5 %, whatever a row costs and however often they are found",
        arguments: [0.02, 0.1, 0.3, 1.0], [0, 0.03, 0.1])
    func bounded(rowCost: Double, chance: Double) {
        #expect(run(tokens: 1000, rowCost: rowCost) { _ in chance } < 1.05)
    }

    @Test("guesses that come true are made at full length")
    func rewarded() {
        #expect(run(tokens: 1000, rowCost: 0.04) { _ in 0.95 } < 0.3)
        // Good classes are used, bad ones left alone.
        #expect(run(tokens: 2000, rowCost: 0.05) { $0 == 4 ? 0.95 : 0.05 } < 0.85)
    }

    @Test("after a stretch that fails, a text that repeats is noticed again")
    func recovers() {
        var policy = DraftPolicy(draftCost: 0)
        policy.notePlain(seconds: 0.01)
        for _ in 0..<500 {
            let length = policy.length(0, most: 7)
            if length == 0 {
                policy.notePlain(seconds: 0.01)
            } else {
                policy.note(0, drafted: length, accepted: 0, draftSeconds: 0, seconds: 0.011)
            }
        }
        var passes = 0
        while policy.length(0, most: 7) < 7, passes < 400 {
            let length = policy.length(0, most: 7)
            if length == 0 {
                policy.notePlain(seconds: 0.01)
            } else {
                policy.note(0, drafted: length, accepted: length, draftSeconds: 0, seconds: 0.011)
            }
            passes += 1
        }
        #expect(passes < 200)
    }

    @Test("a machine that stalls does not put an end to guessing")
    func stalls() {
        var policy = DraftPolicy(draftCost: 0)
        policy.notePlain(seconds: 0.01)
        for index in 0..<100 {
            let length = policy.length(2, most: 7)
            if length == 0 {
                policy.notePlain(seconds: 0.01)
            } else {
                policy.note(
                    2, drafted: length, accepted: length, draftSeconds: 0,
                    seconds: index % 10 == 0 ? 1 : 0.012)
            }
        }
        #expect(policy.length(2, most: 7) == 7)
    }
}

/// Writes down what it is told and guesses nothing.
private final class Recorder: Drafter {
    let initialCost = 0.0
    let readsStates = true
    var tokens: [Int32] = []
    var states: [[Float]?] = []

    func begin(_ prompt: [Int32], cached: Int) -> Int {
        tokens = []
        states = []
        return 0
    }

    func append(_ new: UnsafeBufferPointer<Int32>, states given: UnsafeBufferPointer<Float>?) {
        let size = given.map { $0.count / new.count } ?? 0
        for (index, token) in new.enumerated() {
            tokens.append(token)
            states.append(given.map { Array($0[(index * size)..<((index + 1) * size)]) })
        }
    }

    func prepare() -> Int? { tokens.count > 40 ? 0 : nil }

    /// Guesses without thought, so that some passes have several rows.
    func propose(_ draft: UnsafeMutableBufferPointer<Int32>) -> Int {
        for index in draft.indices { draft[index] = tokens[tokens.count - 5 + index % 5] }
        return draft.count
    }
}

@Suite struct DrafterStatesTests {
    @Test("a drafter that asks for them gets the states that each token was chosen from")
    func states() throws {
        let models = try SpeculationModels.shared.get()
        let recorder = Recorder()
        let speculator = Speculator(recorder, mostRows: 8, policy: .always)
        let generator = try Generator(models.target, batchSize: 8)
        var request = GenerationRequest(prompt: models.prompts[0])
        request.maximumTokens = 60
        let first = try Generation(generator, request, speculator)
        // All but the last, after which nothing is guessed.
        let sequence = request.prompt + first.tokens.dropLast()
        #expect(recorder.tokens == sequence)
        #expect(recorder.states[0] == nil)
        let runner = try ModelRunner(models.target.languageModel, batchSize: 8)
        let cache = try runner.makeCache(capacity: 200, dtype: .f16)
        for (index, states) in recorder.states.dropFirst().enumerated() {
            // A prompt is read by other kernels than an answer, whose last bits may differ.
            if index < request.prompt.count {
                _ = try runner.forward([sequence[index]], cache: cache)
            } else {
                _ = try runner.forward(sequence[index], cache: cache)
            }
            #expect(states == Array(runner.hiddenStates), "token \(index)")
        }
        // Where the cache is kept, the states of its tokens are not there, nor the next one's.
        let second = try Generation(generator, request, speculator)
        #expect(recorder.states.prefix { $0 == nil }.count == second.cachedTokens + 1)
        #expect(recorder.states.dropFirst(second.cachedTokens + 1).allSatisfy { $0 != nil })
    }
}

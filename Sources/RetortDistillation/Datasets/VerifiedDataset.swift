// SPDX-License-Identifier: Apache-2.0

import RetortClient

/// Makes a dataset of the answers that a cache has to a plan. Asks nobody and costs nothing: other
/// options or another verifier make another dataset of the same answers.
public struct VerifiedDataset: Sendable {
    /// An answer on its way into the dataset. Texts stay in the cache: they may not fit into memory.
    struct Candidate: Sendable {
        enum State: Sendable {
            case correct(Verdict)
            case rejected(Rejection)
        }

        var state: State
        /// Thought and answer; by the endpoint's count, else in bytes.
        var length = 0
        var wasJudged = false
        var matches: [PlacedMatch] = []
        var answer: AnswerFacts?
    }

    /// What the statistics need of an answer.
    struct AnswerFacts: Sendable {
        var usage: TokenUsage?
        var cost: Dollars?
        var finished: Double
    }

    struct PlacedMatch: Sendable {
        /// `prompt` or `reply`.
        var place: String
        var match: ContaminationMatch
    }

    let cache: RequestCache
    let plan: CollectionPlan
    let options: DatasetOptions
    let verifier: Verifier

    /// - Throws: ``DistillationError`` of kind `invalidInput` for options out of bounds.
    public init(
        cache: RequestCache, plan: CollectionPlan, options: DatasetOptions,
        verifier: @escaping Verifier
    ) throws(DistillationError) {
        try options.check()
        self.cache = cache
        self.plan = plan
        self.options = options
        self.verifier = verifier
    }

    // MARK: Judging

    /// The candidates: those of the first prompt by sample, then those of the second.
    func candidates() async throws(DistillationError) -> [Candidate] {
        let count = plan.count
        let results = await withTaskGroup(
            of: (Int, Result<Candidate, DistillationError>).self
        ) { group in
            var results: [Result<Candidate, DistillationError>?] = Array(
                repeating: nil, count: count)
            var next = 0
            func add() {
                guard next < count else { return }
                let index = next
                next += 1
                group.addTask { (index, await judged(index)) }
            }
            for _ in 0..<max(1, options.concurrency) { add() }
            while let (index, result) = await group.next() {
                results[index] = result
                if case .success = result { add() }
            }
            return results
        }
        var candidates: [Candidate] = []
        candidates.reserveCapacity(count)
        for case let result? in results { candidates.append(try result.get()) }
        return candidates
    }

    /// The prompt's number and the sample's.
    func place(_ index: Int) -> (prompt: Int, sample: Int) {
        (index / plan.samples, index % plan.samples)
    }

    func planned(_ index: Int) -> PlannedRequest {
        let (prompt, sample) = place(index)
        return plan.planned(prompt: prompt, sample: sample)
    }

    private func judged(_ index: Int) async -> Result<Candidate, DistillationError> {
        do throws(DistillationError) {
            return .success(try await judge(planned(index)))
        } catch {
            return .failure(error)
        }
    }

    private func judge(_ planned: PlannedRequest) async throws(DistillationError) -> Candidate {
        if Task.isCancelled {
            throw DistillationError(.cancelled, "the dataset was cancelled; nothing was written")
        }
        guard let stored = try await cache.answer(planned.key) else {
            let failure = try await cache.failure(planned.key)
            return Candidate(state: .rejected(failure == nil ? .notCollected : .requestFailed))
        }
        var candidate = Candidate(state: .rejected(.emptyAnswer))
        candidate.answer = AnswerFacts(
            usage: stored.completion.usage, cost: stored.cost, finished: stored.finished)
        guard let choice = stored.completion.choices.first else { return candidate }
        let reply = TeacherReply(choice)
        candidate.length = stored.completion.usage?.completionTokens ?? reply.text.utf8.count
        if let rejection = formRejection(choice, reply) {
            candidate.state = .rejected(rejection)
            return candidate
        }
        candidate.matches = matches(planned.prompt, reply)
        guard candidate.matches.isEmpty else {
            candidate.state = .rejected(.contaminated)
            return candidate
        }
        let verdict = await verifier(
            planned.prompt, reply.reasoning, reply.answer, reply.finishReason)
        candidate.wasJudged = true
        switch verdict.outcome {
        case .correct: candidate.state = .correct(verdict)
        case .wrong: candidate.state = .rejected(.wrong)
        case .unverifiable: candidate.state = .rejected(.unverifiable)
        }
        return candidate
    }

    /// What is wrong with an answer before anybody looks at what it says.
    private func formRejection(_ choice: ChatCompletion.Choice, _ reply: TeacherReply)
        -> Rejection?
    {
        if choice.finishReason == "length" { return .cutOff }
        if choice.toolCallCount > 0 { return .toolCalls }
        if let reason = choice.finishReason, reason != "stop" { return .otherFinish }
        if reply.isUnclosed { return .unclosedThought }
        if reply.answer.isEmpty { return .emptyAnswer }
        return options.requiresReasoning && reply.reasoning.isEmpty ? .noReasoning : nil
    }

    private func matches(_ prompt: PromptRecord, _ reply: TeacherReply) -> [PlacedMatch] {
        guard let index = options.contamination else { return [] }
        var matches = index.matches(prompt.question).map {
            PlacedMatch(place: "prompt", match: $0)
        }
        if options.contaminationScope == .promptAndReply {
            matches += index.matches(reply.text).map { PlacedMatch(place: "reply", match: $0) }
        }
        return matches
    }

    // MARK: Choosing

    /// Rejects the correct answers that the keep policy does not choose.
    func choose(_ candidates: inout [Candidate]) {
        for prompt in 0..<plan.prompts.count {
            let range = (prompt * plan.samples)..<((prompt + 1) * plan.samples)
            var correct = range.filter { index in
                if case .correct = candidates[index].state { true } else { false }
            }
            if options.keep == .shortest {
                // Of equal length, the first.
                correct.sort {
                    (candidates[$0].length, $0) < (candidates[$1].length, $1)
                }
            }
            for index in correct.dropFirst(options.limit) {
                candidates[index].state = .rejected(.notKept)
            }
        }
    }
}

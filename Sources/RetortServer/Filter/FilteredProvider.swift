// SPDX-License-Identifier: Apache-2.0
//
// Between the APIs and the engine, as the guard is: no API can pass it by. Text waits until it cannot be
// the beginning of a copy, some fifteen tokens.

import RetortEngine
import RetortProvenance
import RetortTemplates
import Synchronization

/// Models whose answers do not repeat protected texts.
public struct FilteredProvider: WrappingProvider {
    public let provider: any ModelProvider
    private let rules: OutputFilterRules

    public init(_ provider: any ModelProvider, _ rules: OutputFilterRules) {
        self.provider = provider
        self.rules = rules
    }

    public func wrapped(_ backend: any GenerationBackend, id: String) -> any GenerationBackend {
        FilteredBackend(backend: backend, rules: rules)
    }
}

private struct FilteredBackend: WrappingBackend {
    let backend: any GenerationBackend
    let rules: OutputFilterRules

    func submit(_ request: EngineRequest) throws(EngineRefusal) -> GenerationTask {
        var action = rules.action(route: request.source.route)
        guard action != .off else { return try backend.submit(request) }
        // What must be of a form cannot go on from its middle.
        let isFormed = request.constraint != nil
        if action == .resample, isFormed { action = .block }
        // Nor may what a program reads have a sentence behind it.
        if action == .cite, isFormed || request.source.isForPrograms { action = .block }
        let task = try backend.submit(request)
        let run = FilterRun(rules: rules, action: action, request: request, task: task)
        let (events, continuation) = AsyncStream<EngineEvent>.makeStream()
        continuation.onTermination = { reason in
            if case .cancelled = reason { run.cancel() }
        }
        Task { [backend] in
            await run.pump(backend, continuation)
            continuation.finish()
        }
        return GenerationTask(
            events: events, cancel: { run.cancel() }, endThought: { run.endThought() })
    }
}

/// One request through the filter.
private final class FilterRun: Sendable {
    private let rules: OutputFilterRules
    private let action: OutputFilterRules.Action
    private let request: EngineRequest
    /// What is being generated now, and whether the client went away.
    private let current: Mutex<Current>

    private struct Current {
        var task: GenerationTask
        var isCancelled = false
        var endsThought = false
    }

    /// Copies that are drawn again in one answer.
    private static let mostTries = 8

    init(
        rules: OutputFilterRules, action: OutputFilterRules.Action, request: EngineRequest,
        task: GenerationTask
    ) {
        self.rules = rules
        self.action = action
        self.request = request
        current = Mutex(Current(task: task))
    }

    func cancel() {
        current.withLock { state in
            state.isCancelled = true
            state.task.cancel()
        }
    }

    func endThought() {
        current.withLock { state in
            state.endsThought = true
            state.task.endThought()
        }
    }

    /// What happened to a generation.
    private enum End {
        case over
        /// A copy begins after these tokens; the token that would begin it.
        case copy(GenerationUsage, banned: Int32?)
    }

    func pump(
        _ backend: any GenerationBackend, _ continuation: AsyncStream<EngineEvent>.Continuation
    ) async {
        var request = request
        var written: [EngineToken] = []
        var spent = GenerationUsage()
        var tries = 0
        var task = current.withLock { $0.task }
        while true {
            guard
                case .copy(let usage, let banned) = await hear(
                    task, isFirst: tries == 0, spent, &written, continuation)
            else { return }
            spent = spent.and(usage, isFirst: tries == 0)
            // What was thrown away is no part of the answer.
            spent.completionTokens = written.count
            spent.reasoningTokens = written.count(where: \.isReasoning)
            tries += 1
            guard action == .resample, let banned, tries <= Self.mostTries,
                let next = again(request, written, banned, tries)
            else {
                continuation.yield(.finished(.filtered, spent))
                return
            }
            request.generation = next.generation
            let started: GenerationTask?
            do throws(EngineRefusal) { started = try backend.submit(next) } catch {
                started = nil
            }
            guard let started,
                current.withLock({ state in
                    state.task = started
                    if state.endsThought { started.endThought() }
                    return !state.isCancelled
                })
            else {
                started?.cancel()
                continuation.yield(.finished(.filtered, spent))
                return
            }
            task = started
        }
    }

    /// Hands on a generation up to a copy.
    private func hear(
        _ task: GenerationTask, isFirst: Bool, _ spent: GenerationUsage,
        _ written: inout [EngineToken], _ continuation: AsyncStream<EngineEvent>.Continuation
    ) async -> End {
        // What was let go before cannot be part of a copy that begins now but for its last letters.
        var filter = OutputFilter(rules.index)
        var copy: (kept: [EngineEvent], first: EngineEvent?)?
        func hand(_ events: [EngineEvent], _ written: inout [EngineToken]) {
            for event in events {
                if case .token(let token) = event { written.append(token) }
                continuation.yield(event)
            }
        }
        for await event in task.events {
            switch event {
            case .queued, .prompt, .promptToken:
                if isFirst { continuation.yield(event) }
            case .token(let token):
                guard copy == nil else { continue }
                let start = filter.take(event, text: token.text)
                if let start, action != .cite {
                    copy = filter.cut(before: start)
                    hand(copy?.kept ?? [], &written)
                    task.cancel()
                } else {
                    hand(action == .cite ? filter.all() : filter.released(), &written)
                }
            case .rest(let text):
                guard copy == nil else { continue }
                if let start = filter.take(event, text: text), action != .cite {
                    copy = filter.cut(before: start)
                    hand(copy?.kept ?? [], &written)
                }
            case .finished(let reason, let usage):
                if let copy {
                    var banned: Int32?
                    if case .token(let token)? = copy.first { banned = token.token }
                    return .copy(usage, banned: banned)
                }
                hand(filter.all(), &written)
                if action == .cite, let note = note(filter.documents) {
                    continuation.yield(.rest(note))
                }
                continuation.yield(.finished(reason, spent.and(usage, isFirst: isFirst)))
                return .over
            case .failed:
                continuation.yield(event)
                return .over
            }
        }
        return .over
    }

    /// The request that goes on from what was written.
    private func again(
        _ request: EngineRequest, _ written: [EngineToken], _ banned: Int32, _ tries: Int
    ) -> EngineRequest? {
        var next = request
        next.generation.prompt = self.request.generation.prompt + written.map(\.token)
        if let most = self.request.generation.maximumTokens {
            guard most > written.count else { return nil }
            next.generation.maximumTokens = most - written.count
        }
        // Another copy may begin at the same place.
        let isSamePlace = next.generation.prompt.count == request.generation.prompt.count
        next.generation.sampling.bannedFirst =
            (isSamePlace ? request.generation.sampling.bannedFirst : []) + [banned]
        next.generation.sampling.seed = request.generation.sampling.seed.map {
            $0 &+ 0x9E37_79B9_7F4A_7C15 &* UInt64(tries)
        }
        next.promptTopLogprobs = nil
        if self.request.reasoning.marksThoughts {
            var parser = ReasoningParser(self.request.reasoning)
            var isAnswering = false
            for token in written {
                for case .answer in parser.append(token.text) { isAnswering = true }
            }
            if parser.isReasoning {
                next.reasoning.start = .inside
            } else if isAnswering || written.contains(where: \.isReasoning) {
                // Once the thought is over the rest is the answer.
                next.reasoning = .none
            } else {
                next.reasoning = self.request.reasoning
            }
        }
        next.thinkingBudget = self.request.thinkingBudget.map {
            max(0, $0 - written.count(where: \.isReasoning))
        }
        return next
    }

    private func note(_ documents: [Int]) -> String? {
        guard !documents.isEmpty else { return nil }
        let names = documents.prefix(5).map { number in
            let document = rules.index.documents[number]
            return document.name + (document.licence.map { " (\($0))" } ?? "")
        }
        return "\n\n[Parts of this answer stand word for word in: \(names.joined(separator: ", "))]"
    }
}

extension GenerationUsage {
    /// What two parts of an answer cost together; the prompt is the first one's.
    fileprivate func and(_ other: GenerationUsage, isFirst: Bool) -> GenerationUsage {
        guard !isFirst else { return other }
        var sum = self
        sum.completionTokens += other.completionTokens
        sum.reasoningTokens += other.reasoningTokens
        sum.computeSeconds += other.computeSeconds
        sum.processorSeconds += other.processorSeconds
        sum.stopString = other.stopString
        return sum
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// One request while it is computed. Touched by the engine's thread alone.

import Foundation
import RetortFormats
import RetortModels
import RetortTemplates
import RetortTokenizers
import Synchronization

final class EngineSequence {
    let id: Scheduler.ID
    let request: EngineRequest
    let wishes: EngineResponse.Wishes
    let sampler: Sampler
    private let continuation: AsyncStream<EngineEvent>.Continuation
    /// Prompt and answer. All but the last are in the cache once the prompt is read.
    private(set) var tokens: [Int32]
    /// Nil while it waits.
    var cache: KVCache?
    /// Where the pages that were handed to the prefix cache end.
    var node = PrefixCache.root
    var keptPages = 0
    var usage = GenerationUsage()
    /// The most tokens that it may generate.
    let limit: Int

    private var toldPromptTokens = 0
    private var detokenizer: StreamingDetokenizer?
    private var stops: StopMatcher
    private var thought: ReasoningParser
    private var constraint: ConstraintProgress?
    /// The first token of the marker that opens a thought, for a model that may begin with one.
    private var opening: [Int32] = []
    /// Tokens that are put in instead of chosen ones, the next one last.
    private var forced: [Int32] = []
    private let closing: [Int32]
    /// Whether the engine closed the thought: the model must then not end without an answer.
    private var owesAnswer = false
    /// The marker that ends thoughts, once the engine has put it in: a model that thinks on would
    /// write it again, into the answer.
    private var spentMarker: Int32?
    private let marker: Int32?
    private var logprobs: LogprobReader?
    private let accepted: ContinuousClock.Instant
    private var firstToken: ContinuousClock.Instant?
    private var started: ContinuousClock.Instant?

    init(
        id: Scheduler.ID, request: EngineRequest, wishes: EngineResponse.Wishes,
        continuation: AsyncStream<EngineEvent>.Continuation, model: ReasoningModel, limit: Int,
        accepted: ContinuousClock.Instant
    ) throws {
        self.id = id
        self.accepted = accepted
        self.request = request
        self.wishes = wishes
        self.continuation = continuation
        self.limit = limit
        tokens = request.generation.prompt
        sampler = try Sampler(
            parameters: request.generation.sampling, vocabSize: model.config.vocabSize)
        sampler.observe(prompt: tokens)
        // Weights without a vocabulary generate ids alone.
        detokenizer =
            model.hasTokenizer
            ? StreamingDetokenizer(try model.tokenizer, skipSpecialTokens: false) : nil
        stops = StopMatcher(stops: request.generation.stopStrings)
        thought = ReasoningParser(request.reasoning)
        closing =
            model.hasTokenizer && request.reasoning.marksThoughts
            ? try model.tokenizer.encode(
                request.budgetMessage + request.reasoning.closing, addSpecialTokens: false) : []
        let closingMarker = request.reasoning.closing.trimmingCharacters(
            in: .whitespacesAndNewlines)
        let markers =
            closing.isEmpty
            ? [] : try model.tokenizer.encode(closingMarker, addSpecialTokens: false)
        marker = markers.count == 1 ? markers.first : nil
        if let wanted = request.constraint {
            let tokenizer = try model.tokenizer
            constraint = ConstraintProgress(wanted, tokenizer: tokenizer)
            if request.reasoning.marksThoughts, request.reasoning.start == .outside {
                opening = tokenizer.encode(request.reasoning.opening, addSpecialTokens: false)
            }
        }
        logprobs = request.topLogprobs.map { LogprobReader(count: $0) }
        usage.promptTokens = tokens.count
    }

    /// Tokens to read before the next one can be chosen.
    var unread: Int { tokens.count - (cache?.count ?? 0) }

    /// Whether the tokens to read are the prompt's, or those of a sequence that lost its place.
    var readsPrompt: Bool { usage.completionTokens == 0 }

    /// Since it had its place; nil while it waits for one.
    var seconds: Double? { started.map { (.now - $0) / .seconds(1) } }

    func yield(_ event: EngineEvent) { continuation.yield(event) }

    /// Tells of a prompt's token, once even if it is read again.
    func yieldPrompt(_ logprobs: TokenLogprobs, at index: Int) {
        guard index == toldPromptTokens else { return }
        toldPromptTokens += 1
        yield(.promptToken(logprobs))
    }

    func begin(cached: Int) {
        if started == nil {
            started = .now
            usage.queueSeconds = (.now - accepted) / .seconds(1)
            usage.cachedTokens = cached
        }
    }

    /// Chooses the next token and hands it out.
    /// - Parameters:
    ///   - logits: `[vocabSize]`, overwritten.
    ///   - raw: Memory for a copy, `[vocabSize]`.
    /// - Returns: Why the sequence ends here, nil if it goes on.
    func take(
        _ logits: UnsafeMutableBufferPointer<Float>, raw: UnsafeMutableBufferPointer<Float>,
        stopTokens: Set<Int32>
    ) throws(EngineError) -> FinishReason? {
        if firstToken == nil {
            let now = ContinuousClock.now
            firstToken = now
            usage.promptSeconds = (now - (started ?? accepted)) / .seconds(1)
        }
        if logprobs != nil {
            logprobs?.read(logits)
            _ = raw.update(fromContentsOf: logits)
        }
        let wasReasoning = thought.isReasoning
        if wasReasoning, forced.isEmpty, mustClose {
            forced = closing.reversed()
            owesAnswer = true
            spentMarker = marker
        }
        let isOwed = owesAnswer && !wasReasoning
        if isOwed || request.generation.ignoresStopTokens {
            for token in stopTokens where logits.indices.contains(Int(token)) {
                logits[Int(token)] = -.infinity
            }
        }
        if !wasReasoning, let spentMarker, logits.indices.contains(Int(spentMarker)) {
            logits[Int(spentMarker)] = -.infinity
        }
        let isConstrained = constraint != nil && !wasReasoning
        if isConstrained, forced.isEmpty, let constraint {
            do {
                forced = try constraint.forcedTokens().reversed()
            } catch {
                throw EngineError("the answer cannot be constrained: \(error)")
            }
            if forced.isEmpty {
                if constraint.isDone { return .stop }
                restrict(logits, constraint, stopTokens)
            }
        }
        let isForced = !forced.isEmpty
        let token: Int32
        if let next = forced.popLast() {
            token = next
            sampler.observe(forced: token)
        } else {
            token = try sampler.next(logits)
        }
        if stopTokens.contains(token), !isForced, !request.generation.ignoresStopTokens {
            return .stop
        }
        tokens.append(token)
        usage.completionTokens += 1
        if wasReasoning { usage.reasoningTokens += 1 }
        if isConstrained, !isForced { accept(token) }
        let text = self.text(of: token, wasReasoning: wasReasoning)
        if isOwed, text.contains(where: { !$0.isWhitespace }) { owesAnswer = false }
        yield(
            .token(
                EngineToken(
                    token: token, text: text, isReasoning: wasReasoning,
                    logprobs: logprobs?.logprobs(of: token, logit: raw[Int(token)]))))
        if stops.isStopped { return .stop }
        if isConstrained, forced.isEmpty, constraint?.isDone == true { return .stop }
        return usage.completionTokens >= limit ? .length : nil
    }

    private func restrict(
        _ logits: UnsafeMutableBufferPointer<Float>, _ constraint: ConstraintProgress,
        _ stopTokens: Set<Int32>
    ) {
        // A model that is free to think may do so first.
        let first = usage.completionTokens == 0 ? opening.first : nil
        let logit = first.map { logits[Int($0)] }
        constraint.restrict(logits, stopTokens: stopTokens)
        if let first, let logit { logits[Int(first)] = logit }
    }

    private func accept(_ token: Int32) {
        if usage.completionTokens == 1, token == opening.first {
            forced = opening.dropFirst().reversed()
        } else {
            constraint?.accept(token)
        }
    }

    private var mustClose: Bool {
        guard !closing.isEmpty else { return false }
        if wishes.wantsAnswer.load(ordering: .relaxed) { return true }
        return request.thinkingBudget.map { usage.reasoningTokens >= $0 } ?? false
    }

    private func text(of token: Int32, wasReasoning: Bool) -> String {
        let text = detokenizer?.append(token) ?? ""
        _ = thought.append(text)
        return wasReasoning ? text : stops.append(text)
    }

    /// Counts a pass, or its part of one.
    func didCompute(seconds: Double, threads: Int) {
        usage.computeSeconds += seconds
        usage.processorSeconds += seconds * Double(threads)
    }

    /// Hands out what was held back, and the end.
    func finish(_ reason: FinishReason) {
        if let rest = detokenizer?.finish() {
            let text = (thought.isReasoning ? rest : stops.append(rest)) + stops.finish()
            if !text.isEmpty { yield(.rest(text)) }
        }
        usage.stopString = stops.found
        usage.decodeSeconds = firstToken.map { (.now - $0) / .seconds(1) } ?? 0
        yield(.finished(reason, usage))
        continuation.finish()
    }

    func fail(_ error: EngineError) {
        yield(.failed(error))
        continuation.finish()
    }
}

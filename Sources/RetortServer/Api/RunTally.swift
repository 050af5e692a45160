// SPDX-License-Identifier: Apache-2.0

import RetortEngine
import RetortJSON

/// What was made of an answer and how long it took. Times are seconds since the run began.
struct RunTally: Sendable {
    /// With what stood there before.
    var reasoning: String
    var content: String
    var promptTokens = 0
    private(set) var completionTokens = 0
    private(set) var reasoningTokens = 0
    private var firstToken: Double?
    private var thoughtEnd: Double?
    private var promptStart: Double?
    private var toldTokens = 0

    init(reasoning: String, content: String) {
        self.reasoning = reasoning
        self.content = content
    }

    mutating func token(isReasoning: Bool, at time: Double) {
        if firstToken == nil { firstToken = time }
        completionTokens += 1
        if isReasoning { reasoningTokens += 1 }
    }

    /// Seconds that the prompt has been read for.
    mutating func promptSeconds(at time: Double) -> Double {
        let start = promptStart ?? time
        promptStart = start
        return time - start
    }

    /// - Returns: Whether it had not ended before.
    mutating func endThought(at time: Double) -> Bool {
        guard thoughtEnd == nil else { return false }
        thoughtEnd = time
        return true
    }

    func reasoningSeconds(at time: Double) -> Double {
        guard let firstToken, reasoningTokens > 0 else { return 0 }
        return max(0, (thoughtEnd ?? time) - firstToken)
    }

    /// Nil if nothing was made since it was asked last.
    mutating func progress(at time: Double) -> JSONValue? {
        guard completionTokens > toldTokens, let firstToken else { return nil }
        toldTokens = completionTokens
        let seconds = time - firstToken
        let speed = seconds > 0 ? Double(completionTokens - 1) / seconds : 0
        return [
            "completion_tokens": .count(completionTokens),
            "reasoning_tokens": .count(reasoningTokens),
            "reasoning_seconds": .double(reasoningSeconds(at: time)),
            "tokens_per_second": .double(speed),
            "context_used": .count(promptTokens + completionTokens),
        ]
    }

    /// `length` where the request's limit ended the answer, `context` where there was no room.
    func lengthReason(_ usage: GenerationUsage, _ plan: GenerationPlan) -> String {
        let limit = plan.requests.first?.generation.maximumTokens
        let room = plan.backend.contextLength - usage.promptTokens
        guard let limit, limit < room else { return "context" }
        return "length"
    }

    /// The prompt's tokens are the run's, the others are the whole message's.
    func usage(_ usage: GenerationUsage, before: JSONValue) -> JSONValue {
        [
            "prompt_tokens": .count(usage.promptTokens),
            "cached_tokens": .count(usage.cachedTokens),
            "completion_tokens": .count(
                usage.completionTokens + (before["completion_tokens"]?.intValue ?? 0)),
            "reasoning_tokens": .count(
                usage.reasoningTokens + (before["reasoning_tokens"]?.intValue ?? 0)),
        ]
    }

    /// What the whole message cost. A price in another currency than before is that of the run alone.
    func cost(_ usage: GenerationUsage, price: MachinePrice?, before: JSONValue) -> JSONValue {
        let currency: JSONValue = price.map { .string($0.currency) } ?? .null
        let paid = before["currency"] == currency ? before["price"]?.doubleValue ?? 0 : 0
        return [
            "cpu_seconds": .double(
                usage.processorSeconds + (before["cpu_seconds"]?.doubleValue ?? 0)),
            "energy_joules": nil,
            "price": price.map { .double($0.perHour * usage.computeSeconds / 3600 + paid) }
                ?? .null,
            "currency": currency,
        ]
    }

    func timings(
        _ usage: GenerationUsage, loadSeconds: Double, at time: Double, before: JSONValue
    ) -> JSONValue {
        let thought = reasoningSeconds(at: time) + (before["reasoning_seconds"]?.doubleValue ?? 0)
        return [
            "queue_seconds": .double(usage.queueSeconds), "load_seconds": .double(loadSeconds),
            "prompt_seconds": .double(usage.promptSeconds),
            "time_to_first_token": .time(firstToken), "reasoning_seconds": .double(thought),
            "decode_seconds": .double(usage.decodeSeconds),
            "tokens_per_second": .double(usage.decodeTokensPerSecond),
            "prompt_tokens_per_second": .double(usage.promptTokensPerSecond),
        ]
    }
}

// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import RetortEngine
import RetortTemplates

/// Reads one answer's text.
struct ReplyReader: Sendable {
    private var parser: ResponseParser
    private let allowsParallelCalls: Bool

    init(_ parser: ResponseParser, allowsParallelCalls: Bool) {
        self.parser = parser
        self.allowsParallelCalls = allowsParallelCalls
    }

    mutating func append(_ text: String) -> [ResponseParser.Event] {
        text.isEmpty ? [] : kept(parser.append(text))
    }

    mutating func finish() -> [ResponseParser.Event] { kept(parser.finish()) }

    /// Whether at least one call is complete.
    var hasCalls: Bool { parser.finishReason == .toolCalls }

    private func kept(_ events: [ResponseParser.Event]) -> [ResponseParser.Event] {
        guard !allowsParallelCalls else { return events }
        return events.filter { event in
            switch event {
            case .reasoning, .content: true
            case .toolCallStart(let index, _), .toolCallArguments(let index, _),
                .toolCallEnd(let index), .toolCallAbandoned(let index, _):
                index == 0
            }
        }
    }
}

/// A whole answer.
struct Reply: Sendable {
    var parsed = ParsedResponse()
    /// Of the answer's tokens.
    var logprobs: [TokenLogprobs] = []
    /// Of the prompt's tokens.
    var promptLogprobs: [TokenLogprobs] = []
    /// All that was generated, thoughts and markers included.
    var text = ""
    var tokens: [Int32] = []
    var finish = FinishReason.stop
    var usage = GenerationUsage()

    /// `stop`, `length` or `tool_calls`. An answer that was cancelled is one that stopped.
    var finishReason: String {
        if !parsed.toolCalls.isEmpty, finish == .stop { return "tool_calls" }
        return finish.openAIName
    }

    /// Waits for the end of a request.
    /// - Throws: ``APIError`` if the engine fails.
    static func collect(
        _ task: GenerationTask, _ reader: ReplyReader, marksThoughts: Bool,
        _ clock: inout AnswerClock
    ) async throws(APIError) -> Reply {
        var reader = reader
        var reply = Reply()
        var logprobs = AnswerLogprobs(marksThoughts: marksThoughts)
        var isEnded = false
        for await event in task.events {
            switch event {
            case .queued, .prompt: break
            case .promptToken(let logprobs): reply.promptLogprobs.append(logprobs)
            case .token(let token):
                clock.token()
                reply.tokens.append(token.token)
                reply.text += token.text
                logprobs.add(token)
                let pieces = reader.append(token.text)
                logprobs.add(pieces)
                reply.parsed.add(pieces)
            case .rest(let text):
                reply.text += text
                reply.parsed.add(reader.append(text))
            case .finished(let reason, let usage):
                reply.finish = reason
                reply.usage = usage
                isEnded = true
            case .failed(let error):
                clock.fail()
                throw APIError(
                    .internalServerError, error.description, type: "server_error",
                    code: "generation_failed")
            }
        }
        reply.parsed.add(reader.finish())
        reply.logprobs = logprobs.take()
        // The stream of events ends early only if this task is cancelled.
        if !isEnded { reply.finish = .cancelled }
        clock.finish(reply.finish, reply.usage)
        return reply
    }

    /// Waits for all answers to a prompt.
    static func collect(_ plan: GenerationPlan, _ tasks: [GenerationTask], _ metrics: ServerMetrics)
        async throws -> [Reply]
    {
        try await withThrowingTaskGroup(of: (Int, Reply).self) { group in
            for (index, task) in tasks.enumerated() {
                group.addTask {
                    var clock = AnswerClock(metrics)
                    let reader = plan.makeReplyReader(index)
                    let marksThoughts = plan.requests[index].reasoning.marksThoughts
                    return (
                        index,
                        try await Reply.collect(
                            task, reader, marksThoughts: marksThoughts, &clock)
                    )
                }
            }
            var replies = [Reply](repeating: Reply(), count: tasks.count)
            do {
                for try await (index, reply) in group { replies[index] = reply }
            } catch {
                for task in tasks { task.cancel() }
                throw error
            }
            return replies
        }
    }
}

extension FinishReason {
    /// As OpenAI's API calls it; what a client cancelled it does not see.
    var openAIName: String {
        switch self {
        case .length: "length"
        case .filtered: "content_filter"
        case .stop, .cancelled: "stop"
        }
    }
}

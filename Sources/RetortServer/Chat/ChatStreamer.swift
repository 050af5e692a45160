// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import RetortEngine
import RetortJSON
import RetortTemplates

/// Writes a chat's answers to a stream: for each the role, deltas, the finish reason; then the usage
/// if it is asked for, and `[DONE]`.
struct ChatStreamer: Sendable {
    let head: AnswerHead
    let plan: GenerationPlan
    let options: StreamChoice
    let stream: LiveStream
    let metrics: ServerMetrics

    /// Returns when the answers are finished and the stream has ended.
    func run(_ tasks: [GenerationTask]) async {
        let results = await withTaskGroup(of: (Int, GenerationUsage?).self) { group in
            for (index, task) in tasks.enumerated() {
                group.addTask {
                    var choice = ChatChoiceStream(self, index)
                    return (index, await choice.run(task))
                }
            }
            var results = [GenerationUsage?](repeating: nil, count: tasks.count)
            for await (index, usage) in group {
                results[index] = usage
                // One that failed ends all: the stream has told of it.
                if usage == nil { for task in tasks { task.cancel() } }
            }
            return results
        }
        defer { stream.end() }
        guard !results.contains(where: { $0 == nil }) else { return }
        if options.includesUsage {
            var sum = UsageSum()
            for (index, usage) in results.enumerated() {
                if let usage { sum.add(usage, isSamePrompt: index > 0) }
            }
            let text = ChatChunks.start(head) + "\"choices\":[],\"usage\":\(sum.json.text())}\n\n"
            stream.append(Array(text.utf8))
        }
        stream.append(Array("data: [DONE]\n\n".utf8))
    }
}

/// One answer of a streamed chat.
private struct ChatChoiceStream {
    private let streamer: ChatStreamer
    private let index: Int
    private let chunks: ChatChunks
    private let hasLogprobs: Bool
    private var reader: ReplyReader
    private var clock: AnswerClock
    private var out = JSONBytes()
    /// Of tokens whose text is not certain yet.
    private var logprobs: AnswerLogprobs
    private var hasBegun = false
    private let start = ContinuousClock.now

    init(_ streamer: ChatStreamer, _ index: Int) {
        self.streamer = streamer
        self.index = index
        chunks = ChatChunks(
            streamer.head, index: index, includesUsage: streamer.options.includesUsage)
        hasLogprobs = streamer.plan.requests[index].topLogprobs != nil
        logprobs = AnswerLogprobs(
            marksThoughts: streamer.plan.requests[index].reasoning.marksThoughts)
        reader = streamer.plan.makeReplyReader(index)
        clock = AnswerClock(streamer.metrics)
    }

    /// - Returns: The usage, nil if the engine failed.
    mutating func run(_ task: GenerationTask) async -> GenerationUsage? {
        for await event in task.events {
            switch event {
            case .queued, .promptToken: break
            case .prompt(let processed, let total, let cached):
                report(processed, total, cached)
            case .token(let token):
                clock.token()
                logprobs.add(token)
                let pieces = reader.append(token.text)
                logprobs.add(pieces)
                send(pieces)
            case .rest(let text): send(reader.append(text))
            case .finished(let reason, let usage):
                send(reader.finish())
                finish(reason)
                clock.finish(reason, usage)
                return usage
            case .failed(let error):
                clock.fail()
                fail(error.description)
                return nil
            }
        }
        clock.fail()
        fail("the answer was broken off")
        return nil
    }

    private mutating func report(_ processed: Int, _ total: Int, _ cached: Int) {
        guard index == 0 else { return }
        streamer.stream.report(.init(processed: processed, total: total))
        guard streamer.options.includesProgress else { return }
        let progress: JSONValue = [
            "total": .integer(Int64(total)), "cache": .integer(Int64(cached)),
            "processed": .integer(Int64(processed)),
            "time_ms": .integer(Int64((ContinuousClock.now - start) / .milliseconds(1))),
        ]
        let usage = streamer.options.includesUsage ? ",\"usage\":null" : ""
        let text =
            ChatChunks.start(streamer.head)
            + "\"choices\":[]\(usage),\"prompt_progress\":\(progress.text())}\n\n"
        streamer.stream.append(Array(text.utf8))
    }

    private mutating func begin() {
        guard !hasBegun else { return }
        hasBegun = true
        chunks.role(&out)
        flush()
    }

    private mutating func flush() {
        streamer.stream.append(out.bytes)
        out.removeAll()
    }

    private mutating func send(_ events: [ResponseParser.Event]) {
        for event in events {
            begin()
            switch event {
            case .reasoning(let text): chunks.reasoning(text, &out)
            case .content(let text): chunks.content(text, takeLogprobs(), &out)
            case .toolCallStart(let call, let name):
                chunks.callStart(call, id: Identifier.make("call_"), name: name, &out)
            case .toolCallArguments(let call, let fragment):
                chunks.callArguments(call, fragment, &out)
            // Nothing can be taken back that was sent.
            case .toolCallEnd, .toolCallAbandoned: continue
            }
            flush()
        }
    }

    private mutating func finish(_ reason: FinishReason) {
        begin()
        let word =
            reason == .stop && reader.hasCalls ? "tool_calls" : reason.openAIName
        chunks.finish(word, logprobs.isEmpty ? nil : takeLogprobs(), &out)
        flush()
    }

    private mutating func takeLogprobs() -> [UInt8]? {
        guard hasLogprobs else { return nil }
        let value = LogprobsWire.chat(logprobs.take(), streamer.plan.backend)["content"] ?? []
        return Array(value.text().utf8)
    }

    private func fail(_ message: String) {
        streamer.stream.appendError(
            APIError(
                .internalServerError, message, type: "server_error", code: "generation_failed"))
    }
}

extension LiveStream {
    /// The event that tells a client of a fault in the middle of an answer.
    func appendError(_ error: APIError) {
        append(Array("data: \(error.json.text())\n\n".utf8))
    }
}

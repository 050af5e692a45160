// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import RetortEngine
import RetortJSON

/// Writes completions to a stream.
struct CompletionStreamer: Sendable {
    let head: AnswerHead
    let plan: GenerationPlan
    let completion: CompletionRequest
    let echoes: [String]
    let stream: LiveStream
    let metrics: ServerMetrics

    /// Returns when all are finished and the stream has ended.
    func run(_ tasks: [GenerationTask]) async {
        let results = await withTaskGroup(of: (Int, GenerationUsage?).self) { group in
            for (index, task) in tasks.enumerated() {
                group.addTask { (index, await write(index, task)) }
            }
            var results = [GenerationUsage?](repeating: nil, count: tasks.count)
            for await (index, usage) in group {
                results[index] = usage
                if usage == nil { for task in tasks { task.cancel() } }
            }
            return results
        }
        defer { stream.end() }
        guard !results.contains(where: { $0 == nil }) else { return }
        if completion.stream.includesUsage {
            var sum = UsageSum()
            for (index, usage) in results.enumerated() {
                if let usage {
                    sum.add(usage, isSamePrompt: index % completion.choices != 0)
                }
            }
            stream.append(Array((start + "\"choices\":[],\"usage\":\(sum.json.text())}\n\n").utf8))
        }
        stream.append(Array("data: [DONE]\n\n".utf8))
    }

    private var start: String {
        let model = JSONValue.string(head.model).text()
        return
            "data: {\"id\":\"\(head.id)\",\"object\":\"text_completion\",\"created\":\(head.created),\"model\":\(model),\"system_fingerprint\":\"\(ChatResponse.fingerprint)\","
    }

    private func write(_ index: Int, _ task: GenerationTask) async -> GenerationUsage? {
        var clock = AnswerClock(metrics)
        var out = JSONBytes()
        let before = Array((start + "\"choices\":[{\"index\":\(index),\"text\":").utf8)
        let ending = Array(
            (completion.stream.includesUsage ? ",\"usage\":null}\n\n" : "}\n\n").utf8)
        var offset = 0
        var entries: [TokenLogprobs] = []

        func send(_ text: String, finish: String?) {
            out.removeAll()
            out.raw(before)
            out.string(text)
            out.raw(",\"logprobs\":")
            if let top = completion.logprobs {
                let value = LogprobsWire.legacy(entries, top: top, offset: offset, plan.backend)
                out.raw(Array(value.text().utf8))
                entries.removeAll(keepingCapacity: true)
                offset += text.unicodeScalars.count
            } else {
                out.raw("null")
            }
            out.raw(",\"finish_reason\":")
            if let finish { out.string(finish) } else { out.raw("null") }
            out.raw("}]")
            out.raw(ending)
            stream.append(out.bytes)
        }

        if completion.echoes { send(echoes[index], finish: nil) }
        for await event in task.events {
            switch event {
            case .queued, .promptToken: break
            case .prompt(let processed, let total, _):
                if index == 0 { stream.report(.init(processed: processed, total: total)) }
            case .token(let token):
                clock.token()
                if let logprobs = token.logprobs { entries.append(logprobs) }
                if !token.text.isEmpty { send(token.text, finish: nil) }
            case .rest(let text): send(text, finish: nil)
            case .finished(let reason, let usage):
                send("", finish: reason.openAIName)
                clock.finish(reason, usage)
                return usage
            case .failed(let error):
                clock.fail()
                stream.appendError(
                    APIError(
                        .internalServerError, error.description, type: "server_error",
                        code: "generation_failed"))
                return nil
            }
        }
        clock.fail()
        stream.appendError(.internalError)
        return nil
    }
}

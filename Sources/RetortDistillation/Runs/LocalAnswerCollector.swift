// SPDX-License-Identifier: Apache-2.0
//
// A teacher in this process. Its answers go into the same cache as those of an endpoint, under a name that
// holds its weights' hash, so that what follows need not know where they came from.

import Foundation
import RetortClient
import RetortEngine
import RetortFormats
import RetortJSON
import RetortTemplates
import RetortTensor
import RetortTokenizers
import RetortTraining

/// Gets the answers of a plan from a local model.
struct LocalAnswerCollector {
    /// Prompts whose answers are sampled together, and kept together: no more answers than are computed at
    /// a time, so that a run that is stopped loses no more.
    private var chunk: Int { max(1, min(64, places / max(1, samples))) }

    let path: String
    let samples: Int
    let cache: RequestCache
    let places: Int
    let threads: Int?
    let seed: UInt64

    /// By what name its answers are kept: that of the file or directory and its hash.
    static func name(_ path: String) throws -> String {
        let base = URL(fileURLWithPath: path).standardizedFileURL
        // runs/zero/model says more than model.
        let last = base.lastPathComponent
        let folder = base.deletingLastPathComponent().lastPathComponent
        let name = last == "model" && !folder.isEmpty ? folder : last
        return "\(name)@\(try ModelIdentity.sha256(path: path).prefix(12))"
    }

    /// - Returns: What was done; the end is `cancelled` if it was stopped.
    func run(
        _ plan: CollectionPlan, shouldStop: @Sendable () -> Bool,
        onEvent: @Sendable (CollectionEvent) -> Void
    ) async throws -> CollectionReport {
        var report = CollectionReport(spending: try await cache.summary().spending)
        report.planned = plan.count
        var options = ReasoningModel.Options()
        options.threads = threads
        var sampler: (model: ReasoningModel, rollouts: RolloutSampler)?
        for first in stride(from: 0, to: plan.prompts.count, by: chunk) {
            let range = first..<min(first + chunk, plan.prompts.count)
            let wanted = range.flatMap { prompt in
                (0..<plan.samples).map { Wanted(plan, prompt: prompt, sample: $0) }
            }
            let missing = try await cache.missing(wanted.map(\.key))
            report.cached += wanted.count - missing.count
            guard !missing.isEmpty else { continue }
            if shouldStop() {
                report.end = .cancelled
                return report
            }
            // Not before it is needed: it may be large.
            let own = try sampler ?? open(plan, options)
            sampler = own
            let unanswered = wanted.filter { missing.contains($0.key.hash) }
            guard
                let found = try sample(
                    plan, unanswered, own.model, own.rollouts, shouldStop: shouldStop)
            else {
                report.end = .cancelled
                return report
            }
            try await cache.store(found)
            report.answered += found.count
            for (key, answer) in found { onEvent(.answered(hash: key.hash, usage: answer.usage)) }
        }
        return report
    }

    private struct Wanted {
        let prompt: Int
        let sample: Int
        let key: RequestKey

        init(_ plan: CollectionPlan, prompt: Int, sample: Int) {
            (self.prompt, self.sample) = (prompt, sample)
            key = plan.planned(prompt: prompt, sample: sample).key
        }
    }

    private func open(_ plan: CollectionPlan, _ options: ReasoningModel.Options) throws -> (
        ReasoningModel, RolloutSampler
    ) {
        let model = try ReasoningModel(path: path, options: options)
        let longest = try plan.prompts.indices.map { try prompt(plan, $0, model).tokens.count }
            .max()
        let limit = plan.template.maximumTokens ?? model.config.maxPositionEmbeddings
        let context = min(model.config.maxPositionEmbeddings, (longest ?? 0) + limit + 1)
        guard let longest, longest < context else {
            throw DistillationError(
                .invalidInput,
                "a prompt of \(longest ?? 0) tokens leaves no room for an answer within \(context); leave it out"
            )
        }
        let rollouts = try RolloutSampler(
            model.languageModel, places: places, contextLength: context,
            stopTokens: model.stopTokens)
        return (model, rollouts)
    }

    private typealias Prompt = (text: String, tokens: [Int32])

    private func prompt(_ plan: CollectionPlan, _ index: Int, _ model: ReasoningModel) throws
        -> Prompt
    {
        let messages = plan.planned(prompt: index, sample: 0).request.messages
        guard model.chatTemplateSource != nil else {
            let text = messages.map(\.content).joined(separator: "\n")
            return (text, try model.tokenizer.encode(text, addSpecialTokens: true))
        }
        let text = try model.render(
            messages.map { Message(role: $0.role.rawValue, content: .text($0.content)) },
            thinking: true)
        return (text, try model.tokenizer.encode(text, addSpecialTokens: false))
    }

    /// Answers; nil if it was stopped.
    private func sample(
        _ plan: CollectionPlan, _ wanted: [Wanted], _ model: ReasoningModel,
        _ rollouts: RolloutSampler, shouldStop: () -> Bool
    ) throws -> [(key: RequestKey, completion: ChatCompletion)]? {
        let byPrompt = Dictionary(grouping: wanted, by: \.prompt).sorted { $0.key < $1.key }
        guard let first = wanted.first, let count = byPrompt.map(\.value.count).max() else {
            return []
        }
        let prompts = try byPrompt.map { try prompt(plan, $0.key, model) }
        var sampling = SamplingParameters()
        sampling.temperature = Float(plan.template.temperature ?? 1)
        sampling.topP = Float(plan.template.topP ?? 1)
        let limit = plan.template.maximumTokens ?? model.config.maxPositionEmbeddings
        // Further answers to the same prompts are others.
        let place = SplitMix64.mix(UInt64(first.prompt) &+ 1) ^ UInt64(first.sample) << 40
        guard
            let groups = try rollouts.sample(
                prompts.map(\.tokens), count: count, sampling: sampling, maximumTokens: limit,
                seed: SplitMix64.mix(seed ^ place), shouldStop: shouldStop)
        else { return nil }
        var found: [(key: RequestKey, completion: ChatCompletion)] = []
        for (index, prompt) in prompts.enumerated() {
            let format = ReasoningFormat.detect(
                template: model.chatTemplateSource ?? "", renderedPrompt: prompt.text)
            for (wanted, answer) in zip(byPrompt[index].value, groups[index]) {
                let completion = try completion(
                    answer, prompt.tokens.count, format, model, plan.template.model)
                found.append((wanted.key, completion))
            }
        }
        return found
    }

    /// An answer as an endpoint would have given it.
    private func completion(
        _ answer: RolloutSampler.Rollout, _ promptTokens: Int, _ format: ReasoningFormat,
        _ model: ReasoningModel, _ name: String
    ) throws -> ChatCompletion {
        let tokens = answer.isFinished ? answer.tokens.dropLast() : answer.tokens[...]
        let parts = ReasoningParser.split(try model.tokenizer.decode(Array(tokens)), format)
        var message = JSONObject([
            ("role", "assistant"), ("content", .string(parts.answer)),
        ])
        if !parts.reasoning.isEmpty { message["reasoning_content"] = .string(parts.reasoning) }
        let (prompt, written) = (Int64(promptTokens), Int64(answer.tokens.count))
        let body: JSONValue = [
            "object": "chat.completion", "model": .string(name),
            "choices": [
                [
                    "index": 0, "message": .object(message),
                    "finish_reason": answer.isFinished ? "stop" : "length",
                ]
            ],
            "usage": [
                "prompt_tokens": .integer(prompt), "completion_tokens": .integer(written),
                "total_tokens": .integer(prompt + written),
            ],
        ]
        return try ChatCompletion(parsing: Array(body.text().utf8))
    }
}

// SPDX-License-Identifier: Apache-2.0

import RetortEvaluation
import RetortJSON
import RetortTraining

/// The section `distill.collect` of a recipe: what is asked, how often, and for how much.
public struct CollectionSettings: Sendable {
    public enum Source: Sendable {
        /// A JSONL file of prompts.
        case file(String)
        /// Problems of tasks that are not held out; of each as many as of the others.
        case task(TaskSettings)
    }

    public var source: Source
    /// Prompts at most; nil takes all of a file.
    public var count: Int?
    /// Answers to each prompt.
    public var samples = 1
    public var temperature: Double?
    public var topP: Double?
    public var maximumTokens: Int?
    /// How many likeliest tokens are asked for at each place; nil asks for no probabilities.
    public var topLogprobs: Int?
    /// A message that goes before each prompt.
    public var system: String?
    /// Further fields of the requests.
    public var extra = JSONObject()
    /// The request cache, if not the run's own.
    public var cachePath: String?
    /// What all answers may cost.
    public var maximumDollars: Double?
    /// A price table, for whoever reads files of its kind.
    public var pricesPath: String?
    /// Whether a file's problems may be graded by programs.
    public var allowsPrograms = false
    /// Sequences that a local teacher computes at a time.
    public var places = 256

    /// - Throws: `TrainingError` for a key that is missing, unknown or out of range; `EvaluationError` if
    ///   there is no such task.
    public init(_ json: JSONValue) throws {
        let fields = try RecipeFields(json, place: "distill.collect")
        count = try fields.integer("count", in: 1...10_000_000)
        switch (try fields.string("prompts"), fields.value("task")) {
        case (let path?, nil): source = .file(path)
        case (nil, let task?):
            let settings = try TaskSettings(
                training: task, place: "distill.collect.task")
            source = .task(settings)
            guard count != nil || !settings.levels.contains(where: { $0.task.isGenerated }) else {
                throw fields.fail(
                    "count", "is missing; it says how many problems of the task are asked")
            }
        default:
            throw fields.fail(
                "prompts", "or 'task': exactly one of them must say what is asked")
        }
        samples = try fields.integer("samples", in: 1...100_000) ?? samples
        temperature = try fields.number("temperature", in: 0...2)
        topP = try fields.number("top_p", in: 1e-6...1)
        maximumTokens = try fields.integer("max_tokens", in: 1...1 << 30)
        topLogprobs = try fields.integer("top_logprobs", in: 0...20)
        system = try fields.string("system")
        extra = fields.value("extra")?.objectValue ?? extra
        cachePath = try fields.string("cache")
        maximumDollars = try fields.number("max_usd", in: 0...1e6)
        pricesPath = try fields.string("prices")
        allowsPrograms = try fields.flag("allow_programs") ?? allowsPrograms
        places = try fields.integer("places", in: 1...4096) ?? places
        try fields.finish()
    }
}

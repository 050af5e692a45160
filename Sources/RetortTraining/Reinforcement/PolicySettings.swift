// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// What the `rl` section of a recipe says.
public struct PolicySettings: Sendable {
    public var variant = PolicyVariant.grpo
    /// Prompts of a step, and answers to each.
    public var prompts = 32
    public var groupSize = 16
    public var temperature: Float = 1
    /// The most tokens of an answer.
    public var maximumTokens = 256
    /// How often a step's answers are gone through, and in how many optimizer steps each time.
    public var epochs = 1
    public var minibatches = 1
    public var clipLow: Float = 0.2
    public var clipHigh: Float = 0.2
    /// β of the divergence from the reference; 0 needs none.
    public var klWeight: Float = 0
    /// Steps after which the policy becomes its own reference; 0 keeps the first one.
    public var referenceEvery = 0
    /// Sequences that are sampled at a time.
    public var places = 128
    /// Held-out problems of an evaluation, answers to each, and steps between evaluations.
    public var evaluationProblems = 256
    public var evaluationSamples = 1
    public var evaluationEvery = 20
    /// The task, for whoever makes the environment.
    public var task = JSONValue.null
    public var rewards = JSONValue.null

    public init() {}

    init(_ fields: RecipeFields) throws(TrainingError) {
        variant = try fields.choice("variant", PolicyVariant.self) ?? variant
        prompts = try fields.integer("prompts", in: 1...1 << 16) ?? prompts
        groupSize = try fields.integer("group_size", in: 2...1 << 12) ?? groupSize
        temperature = try fields.float("temperature", in: 1e-3...10) ?? temperature
        maximumTokens = try fields.integer("max_tokens", in: 1...1 << 20) ?? maximumTokens
        epochs = try fields.integer("epochs", in: 1...100) ?? epochs
        minibatches = try fields.integer("minibatches", in: 1...1 << 12) ?? minibatches
        let both = try fields.float("clip", in: 0...1e6)
        clipLow = try fields.float("clip_low", in: 0...1) ?? both.map { min($0, 1) } ?? clipLow
        clipHigh = try fields.float("clip_high", in: 0...1e6) ?? both ?? clipHigh
        klWeight = try fields.float("kl", in: 0...100) ?? klWeight
        referenceEvery = try fields.integer("reference_every", in: 0...Int.max) ?? referenceEvery
        places = try fields.integer("places", in: 1...4096) ?? places
        task = fields.value("task") ?? .null
        rewards = fields.value("rewards") ?? .null
        let evaluation = try fields.fields("evaluation")
        evaluationProblems =
            try evaluation.integer("problems", in: 1...1 << 20) ?? evaluationProblems
        evaluationSamples = try evaluation.integer("samples", in: 1...4096) ?? evaluationSamples
        evaluationEvery = try evaluation.integer("every", in: 1...Int.max) ?? evaluationEvery
        try evaluation.finish()
        try fields.finish()
        guard prompts * groupSize >= minibatches else {
            throw fields.fail(
                "minibatches",
                "is \(minibatches), more than a step's \(prompts * groupSize) answers")
        }
    }

    /// Whether answers are gone through after the policy has changed.
    var leavesPolicy: Bool { epochs * minibatches > 1 }
}

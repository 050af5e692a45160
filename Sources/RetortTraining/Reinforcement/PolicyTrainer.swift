// SPDX-License-Identifier: Apache-2.0
//
// Reinforcement learning with verifiable rewards: answers are sampled in groups from the very weights
// that are trained, rewarded by rules, and compared within their group (DeepSeek-R1, 2025).

import Foundation
import RetortEngine
import RetortFormats
import RetortModels
import RetortTensor
import RetortTokenizers

/// Trains a model by reinforcement as a recipe says. Not for two threads at a time.
public final class PolicyTrainer {
    public let recipe: Recipe
    public let summary: TrainingSummary
    let settings: PolicySettings
    let environment: any PolicyEnvironment
    let directory: RunDirectory
    private let lock: RunLock
    let trained: TrainedModel
    let graph: TrainingGraph
    let tokens: PolicyLoss.Tokens
    let loss: PolicyLoss
    /// Whose distributions the policy is trained towards, in place of rewards.
    let teacher: LogitTeacher?
    let batch: TrainingBatch
    let optimizer: Optimizer
    let schedule: Schedule
    let sampler: RolloutSampler
    let sampling: SamplingParameters
    let padding: Int32
    var reference: ReferencePolicy?
    var state: PolicyState
    private var log: MetricsLog?

    /// Prepares a run.
    /// - Parameters:
    ///   - recipe: Of the kind `rl`, or of `distill` on what the student samples.
    ///   - environment: Problems and rewards.
    ///   - resume: Whether to go on from the newest checkpoint; without one the run begins anew.
    /// - Throws: ``TrainingError`` for what does not fit together, and the errors of the parts.
    public init(_ recipe: Recipe, _ environment: any PolicyEnvironment, resume: Bool = false) throws
    {
        guard let settings = recipe.policy, let steps = recipe.steps, !environment.levels.isEmpty
        else {
            throw TrainingError(
                "learning from samples needs a recipe with 'rl' and 'training.steps', and a task with problems"
            )
        }
        guard recipe.lowRank == nil else {
            throw TrainingError(
                "recipe: 'lora' cannot be trained by reinforcement; merge the adapter first and leave it out"
            )
        }
        self.recipe = recipe
        self.settings = settings
        self.environment = environment
        let directory = try RunDirectory(recipe.output)
        self.directory = directory
        lock = try RunLock(directory: recipe.output)
        let checkpoint = try directory.newest(resume: resume)
        trained = try TrainedModel(recipe, checkpoint: checkpoint)
        state =
            try checkpoint.map {
                try PolicyState(checkpoint: $0, levels: environment.levels.count)
            } ?? PolicyState(levels: environment.levels.count)
        let count = recipe.batch * recipe.data.length
        tokens = try PolicyLoss.Tokens(count: count)
        loss = PolicyLoss(tokens)
        (loss.clipLow, loss.clipHigh) = (settings.clipLow, settings.clipHigh)
        (loss.klWeight, loss.temperature) = (settings.klWeight, settings.temperature)
        loss.hasOld = settings.leavesPolicy
        var options = TrainingOptions()
        options.checkpointing = recipe.checkpointing
        options.balanceWeight = 0
        options.predicts = false
        if let distillation = recipe.distillation {
            teacher = try LogitTeacher(
                distillation, student: trained, rows: recipe.batch, length: recipe.data.length)
        } else {
            teacher = nil
        }
        guard teacher == nil || settings.klWeight == 0 else {
            throw TrainingError(
                "recipe: 'rl.kl' has no place in distillation: the teacher is what the student shall not leave"
            )
        }
        graph = try TrainingGraph(
            trained.model, rows: recipe.batch, length: recipe.data.length, engine: trained.engine,
            options: options, loss: teacher?.loss ?? loss)
        optimizer = try Optimizer(trained.store, recipe.optimizer, engine: trained.engine)
        try AvailableMemory.check(
            4 * trained.store.gradientCount + optimizer.stateBytes + graph.tape.plannedBytes)
        if let checkpoint { try optimizer.load(directory: checkpoint, step: state.updates) }
        schedule = Schedule(
            kind: recipe.scheduleKind, peak: recipe.learningRate, warmupSteps: recipe.warmupSteps,
            totalSteps: steps, finalFraction: recipe.finalFraction,
            decayFraction: recipe.decayFraction)
        batch = try TrainingBatch(rows: recipe.batch, length: recipe.data.length)
        let tokenizer = trained.tokenizer.tokenizer
        let ends = trained.stopTokens
        guard !ends.isEmpty else {
            throw TrainingError(
                "the model has no token that ends an answer; name eos_token_id in its generation_config.json"
            )
        }
        padding = tokenizer.padID ?? tokenizer.eosID ?? 0
        sampler = try RolloutSampler(
            trained.model, places: min(settings.places, settings.prompts * settings.groupSize),
            contextLength: min(recipe.data.length, trained.config.maxPositionEmbeddings),
            stopTokens: ends)
        var sampling = SamplingParameters()
        sampling.temperature = settings.temperature
        self.sampling = sampling
        let parameters = trained.store.parameters.reduce(0) { $0 + $1.count }
        let cost = TrainingCost(trained.config)
        summary = TrainingSummary(
            firstStep: state.step, totalSteps: steps, parameters: parameters,
            trainedParameters: trained.store.trained.reduce(0) { $0 + $1.count },
            activeParameters: cost.activeParameters, tokensPerStep: 0,
            operationsPerToken: cost.operationsPerToken(
                length: recipe.data.length, trainsAdapters: false),
            plannedBytes: 4 * parameters + 4 * trained.store.gradientCount + optimizer.stateBytes
                + graph.tape.plannedBytes)
        if settings.klWeight > 0 { reference = try makeReference(checkpoint: checkpoint) }
    }

    /// Trains to the end.
    /// - Parameters:
    ///   - shouldStop: Asked now and then; true ends the run with a checkpoint of the last whole step.
    ///   - observe: Told what happens, on the calling thread.
    /// - Returns: Whether the run is finished.
    /// - Throws: ``TrainingError`` if the loss is no number any more or a file cannot be written, what
    ///   the environment throws; the newest checkpoint is intact then.
    public func run(
        shouldStop: () -> Bool = { false }, observe: (PolicyEvent) throws -> Void = { _ in }
    ) throws -> Bool {
        log = try MetricsLog(directory.metrics, upTo: state.step)
        try observe(.began(summary))
        try trained.model.refresh()
        if state.step == 0 { try observe(.evaluated(try evaluate())) }
        var saved = state.step
        while state.step < schedule.totalSteps {
            guard var metrics = try takeStep(shouldStop: shouldStop) else {
                if saved != state.step { try save() }
                return false
            }
            let isLast = state.step == schedule.totalSteps
            var isBest = false
            if isLast || state.step % settings.evaluationEvery == 0 {
                let found = try evaluate()
                metrics.evaluation = found
                if found.accuracy > state.bestAccuracy ?? -1 {
                    state.bestAccuracy = found.accuracy
                    state.bestStep = state.step
                    isBest = true
                }
            }
            try log?.append(metrics.json)
            try observe(.step(metrics))
            if settings.referenceEvery > 0, state.step % settings.referenceEvery == 0 {
                state.referenceStep = state.step
                try reference?.copy(trained.store)
            }
            if isLast || isBest || state.step % recipe.checkpoints.every == 0 {
                try save()
                try writeReport()
                saved = state.step
                try observe(.checkpoint(directory.checkpoint(state.step)))
            }
        }
        if saved != state.step { try save() }
        try directory.replace(directory.model) { path in
            try trained.write(to: path, recipe.checkpoints.dtype)
        }
        return true
    }

    /// Answers to the held-out problems, the same seeds each time.
    /// - Throws: The errors of sampling and of the environment.
    public func evaluate() throws -> PolicyEvaluation {
        let problems = try environment.heldOut(settings.evaluationProblems)
        let answers =
            try sampler.sample(
                problems.map(\.prompt), count: settings.evaluationSamples, sampling: sampling,
                maximumTokens: settings.maximumTokens,
                seed: SplitMix64.mix(recipe.seed ^ 0x6576_616c)) ?? []
        let rewards = try rewards(problems, answers).flatMap { $0 }
        guard !rewards.isEmpty else { throw TrainingError("the task has no held-out problems") }
        let count = Double(rewards.count)
        let length = answers.reduce(0) { $0 + $1.reduce(0) { $0 + $1.tokens.count } }
        return PolicyEvaluation(
            accuracy: Double(rewards.count { $0.isCorrect }) / count,
            thinking: Double(rewards.count { $0.thinks }) / count,
            length: Double(length) / count, answers: rewards.count)
    }
}

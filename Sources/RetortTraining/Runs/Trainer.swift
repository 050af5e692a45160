// SPDX-License-Identifier: Apache-2.0
//
// A training run from a recipe to a finished model.

import Foundation
import RetortFormats
import RetortModels
import RetortTensor
import RetortTokenizers

/// Trains a model as a recipe says. Not for two threads at a time.
public final class Trainer {
    public let recipe: Recipe
    public let summary: TrainingSummary
    let group: any TrainingGroup
    let directory: RunDirectory
    private let lock: RunLock?
    let trained: TrainedModel
    let graph: TrainingGraph
    let optimizer: Optimizer
    let schedule: Schedule
    let source: BatchSource
    let validation: TokenDataset?
    let cost: TrainingCost
    var state: TrainerState
    private let batches: [TrainingBatch]
    private let byteCounts: TokenByteCounts
    /// Of distillation towards a teacher's distributions.
    private let teacher: LogitTeacher?
    private var log: MetricsLog?
    /// What ``measurePeak()`` found.
    private(set) var peak: Double?
    private var report: RunRecorder?

    /// Prepares a run.
    /// - Parameters:
    ///   - resume: Whether to go on from the newest checkpoint; without one the run begins anew.
    ///   - group: The processes that train together.
    /// - Throws: ``TrainingError`` for what does not fit together, and the errors of the parts.
    public init(
        _ recipe: Recipe, resume: Bool = false, group: any TrainingGroup = SoloGroup()
    ) throws {
        self.recipe = recipe
        self.group = group
        let directory = try RunDirectory(recipe.output)
        self.directory = directory
        lock = group.rank == 0 ? try RunLock(directory: recipe.output) : nil
        let checkpoint = try directory.newest(resume: resume)
        trained = try TrainedModel(recipe, checkpoint: checkpoint)
        let (tokenizer, config) = (trained.tokenizer, trained.config)
        let (store, engine) = (trained.store, trained.engine)

        let data = try Self.data(recipe, tokenizer)
        validation = data.validation
        guard data.train.vocabularySize <= config.vocabSize else {
            throw TrainingError(
                "the data has ids below \(data.train.vocabularySize), the model's vocabulary \(config.vocabSize); choose the model's own tokenizer"
            )
        }
        state = try checkpoint.map { try TrainerState(checkpoint: $0) } ?? TrainerState()
        try state.checkRows(recipe, ranks: group.size)
        var options = BatchOptions(
            rows: recipe.batch, length: recipe.data.length,
            packing: recipe.data.packing
                ?? (recipe.kind == .sft || recipe.kind == .distill ? .bestFit : .concatenate))
        options.seed = recipe.seed
        options.epochs = recipe.steps == nil ? recipe.epochs : nil
        options.padToken = tokenizer.tokenizer.padID ?? tokenizer.tokenizer.eosID ?? 0
        options.dropsLongDocuments = recipe.data.dropsLongDocuments
        source = try BatchSource(
            data.train, options: options, rank: group.rank, ranks: group.size, state: state.data)
        let total =
            recipe.steps
            ?? (source.countRows() + recipe.batch * recipe.accumulation * group.size - 1)
            / (recipe.batch * recipe.accumulation * group.size)
        schedule = Schedule(
            kind: recipe.scheduleKind, peak: recipe.learningRate,
            warmupSteps: recipe.warmupSteps, totalSteps: total,
            finalFraction: recipe.finalFraction, decayFraction: recipe.decayFraction)

        var training = TrainingOptions()
        training.checkpointing = recipe.checkpointing
        training.predictionWeight = recipe.predictionWeight
        training.balanceWeight = recipe.balanceWeight
        if let settings = recipe.distillation, settings.method == .logits {
            teacher = try LogitTeacher(
                settings, student: trained, rows: recipe.batch, length: recipe.data.length)
        } else {
            teacher = nil
        }
        graph = try TrainingGraph(
            trained.model, rows: recipe.batch, length: recipe.data.length, engine: engine,
            options: training, loss: teacher?.loss ?? CrossEntropy(), adapters: trained.adapters)
        optimizer = try Optimizer(store, recipe.optimizer, engine: engine)
        let count = store.parameters.reduce(0) { $0 + $1.count }
        let untouched = 4 * store.gradientCount + optimizer.stateBytes + graph.tape.plannedBytes
        try AvailableMemory.check(untouched)
        if let checkpoint { try optimizer.load(directory: checkpoint, step: state.step) }
        batches = try (0..<recipe.accumulation).map { _ in
            try TrainingBatch(rows: recipe.batch, length: recipe.data.length)
        }
        byteCounts = TokenByteCounts(tokenizer.tokenizer)
        cost = TrainingCost(config)
        summary = TrainingSummary(
            firstStep: state.step, totalSteps: total, parameters: count,
            trainedParameters: store.trained.reduce(0) { $0 + $1.count },
            activeParameters: cost.activeParameters,
            tokensPerStep: recipe.batch * recipe.accumulation * group.size * recipe.data.length,
            operationsPerToken: cost.operationsPerToken(
                length: recipe.data.length, trainsAdapters: !trained.adapters.isEmpty),
            plannedBytes: 4 * count + untouched)
    }

    /// Trains to the end.
    /// - Parameters:
    ///   - shouldStop: Asked after each step; true writes a checkpoint and ends the run there.
    ///   - observe: Told what happens, on the calling thread. On other ranks than the first too.
    /// - Returns: Whether the run is finished.
    /// - Throws: ``TrainingError`` if the loss is no number any more or a file cannot be written; the
    ///   newest checkpoint is intact then.
    public func run(
        shouldStop: () -> Bool = { false }, observe: (TrainingEvent) throws -> Void = { _ in }
    ) throws -> Bool {
        try checkAgreement()
        if group.rank == 0 {
            log = try MetricsLog(directory.metrics, upTo: state.step)
            report = try RunRecorder(self)
        }
        try observe(.began(summary))
        var saved = state.step
        while state.step < schedule.totalSteps {
            guard var metrics = try takeStep() else { break }
            let isLast = state.step == schedule.totalSteps
            var isBest = false
            if validation != nil, isLast || state.step % recipe.evaluateEvery == 0 {
                let measured = try evaluate()
                metrics.validation = measured
                if measured.loss < state.bestLoss ?? .infinity {
                    state.bestLoss = measured.loss
                    state.bestStep = state.step
                    isBest = true
                }
            }
            report?.measureEnergy(&metrics, &state)
            try log?.append(metrics.json)
            report?.add(metrics)
            try observe(.step(metrics))
            var stops = shouldStop() ? 1.0 : 0.0
            try withUnsafeMutablePointer(to: &stops) {
                try group.sum(UnsafeMutableBufferPointer(start: $0, count: 1))
            }
            if isLast || isBest || stops > 0 || state.step % recipe.checkpoints.every == 0 {
                try save()
                try report?.write()
                saved = state.step
                try observe(.checkpoint(directory.checkpoint(state.step)))
            }
            if stops > 0, !isLast { return false }
        }
        if saved != state.step { try save() }
        if group.rank == 0 { try writeModel() }
        try report?.write()
        try group.barrier()
        return true
    }

    /// One step.
    /// - Returns: Nil if the data is at its end.
    private func takeStep() throws -> StepMetrics? {
        let start = ContinuousClock().now
        var tokens = 0
        var targets = 0
        var count = 0
        for batch in batches {
            guard try source.next(into: batch) else { break }
            tokens += batch.tokenCount
            targets += batch.targetCount
            count += 1
        }
        guard count > 0 else { return nil }
        for batch in batches[..<count] { try check(batch) }
        // What all have together decides by what each divides.
        var totals = [Double(targets), Double(tokens)]
        try totals.withUnsafeMutableBufferPointer { try group.sum($0) }
        trained.store.forgetGradients()
        for layer in graph.experts { layer.node.resetLoad() }
        var losses = [0.0, 0.0, 0.0, 0.0]  // loss, prediction, its targets, balance
        for (index, batch) in batches[..<count].enumerated() {
            try teacher?.score(batch)
            if index == count - 1 { exchange.begin(graph.tape, trained.store, group) }
            let result = try graph.run(
                batch.view, scale: Float(1 / max(1, totals[0])),
                rowScale: 1 / Float(recipe.batch * count * group.size))
            losses[0] += result.loss
            if graph.heads.count > 1 {
                losses[1] += graph.heads[1].lossSum
                losses[2] += Double(graph.heads[1].targetCount)
            }
            for layer in graph.experts {
                losses[3] += layer.node.balanceLoss / Double(count * group.size)
            }
        }
        try exchange.finish(graph.tape, group)
        try losses.withUnsafeMutableBufferPointer { try group.sum($0) }
        let loss = losses[0] / max(1, totals[0])
        let norm = optimizer.gradientNorm()
        guard loss.isFinite, norm.isFinite else {
            throw TrainingError(
                "step \(state.step + 1): the loss is \(loss) and the norm of the gradients \(norm); the run diverged. The newest checkpoint is intact: go on from it with a lower learning_rate, a smaller clip_norm or f32"
            )
        }
        let rate = schedule.learningRate(step: state.step)
        // Without a target there is nothing to learn from, and nothing to decay for.
        if totals[0] > 0 { try optimizer.step(learningRate: rate, norm: norm) }
        let load = try balanceExperts()
        state.step += 1
        state.tokens += Int(totals[1])
        if let teacher { state.teacherTokens = (state.teacherTokens ?? 0) + teacher.takeTokens() }
        state.data = source.state
        let seconds = (ContinuousClock().now - start) / .seconds(1)
        state.seconds += seconds
        let speed = totals[1] / seconds
        var operations = Double(state.tokens) * summary.operationsPerToken
        if let teacher {
            operations += Double(state.teacherTokens ?? 0) * teacher.operationsPerToken
        }
        return StepMetrics(
            step: state.step, loss: loss, learningRate: rate, gradientNorm: norm,
            tokens: state.tokens, tokensPerSecond: speed,
            operationsPerSecond: speed * summary.operationsPerToken, operations: operations,
            seconds: state.seconds,
            predictionLoss: losses[2] > 0 ? losses[1] / losses[2] : nil,
            balanceLoss: graph.experts.isEmpty ? nil : losses[3], expertLoad: load)
    }

    package let exchange = GradientExchange()

    /// The kernels index by tokens, so that one outside the vocabulary must not reach them.
    private func check(_ batch: TrainingBatch) throws {
        let limit = Int32(trained.config.vocabSize)
        for token in batch.tokens where token < 0 || token >= limit {
            throw TrainingError(
                "the data has the token \(token), the model's vocabulary \(limit); choose the model's own tokenizer"
            )
        }
    }

    /// Auxiliary-loss-free balancing (DeepSeek-V3, 2024): the bias of an expert that had fewer tokens
    /// than the mean grows, that of one that had more shrinks.
    /// - Returns: By layer, each expert's share.
    private func balanceExperts() throws -> [[Double]] {
        var shares: [[Double]] = []
        for layer in graph.experts {
            var load = layer.node.load.map { Double($0) }
            try load.withUnsafeMutableBufferPointer { try group.sum($0) }
            let total = load.reduce(0, +)
            shares.append(load.map { $0 / max(1, total) })
            guard let bias = layer.correctionBias, recipe.lowRank == nil else { continue }
            let mean = total / Double(load.count)
            for (index, count) in load.enumerated() where count != mean {
                bias.values[index] += count < mean ? recipe.biasUpdate : -recipe.biasUpdate
            }
        }
        return shares
    }

    /// Operations a second of a large matrix product on this machine, of all processes together, to
    /// measure utilisation by. Takes about half a second.
    /// - Throws: `TensorError` if memory runs out.
    @discardableResult
    public func measurePeak() throws -> Double {
        let measured = try TrainingBenchmark.peak(graph.tape.engine) * Double(group.size)
        peak = measured
        return measured
    }

    /// The loss on the validation data, the same batches each time.
    func evaluate() throws -> ValidationMetrics {
        guard let validation else { return ValidationMetrics(loss: .nan, targets: 0) }
        let source = try BatchSource(
            validation,
            options: .sequential(
                rows: recipe.batch, length: recipe.data.length, packing: self.source.options.packing
            ),
            rank: group.rank, ranks: group.size)
        let batch = batches[0]
        var sums = [0.0, 0.0, 0.0, 0.0]  // loss, targets, loss of text, its bytes
        var count = 0
        while count < recipe.evaluateBatches, try source.next(into: batch) {
            count += 1
            try check(batch)
            try teacher?.score(batch)
            let result = try graph.evaluate(batch.view)
            sums[0] += result.loss
            sums[1] += Double(result.targets)
            // A divergence is no measure of a text.
            guard teacher == nil else { continue }
            let text = byteCounts.text(ofTargetsIn: batch, losses: graph.heads[0].losses.floats)
            sums[2] += text.loss
            sums[3] += Double(text.bytes)
        }
        // Only what is learned from counts as the teacher's work, as it does as the student's.
        _ = teacher?.takeTokens()
        try sums.withUnsafeMutableBufferPointer { try group.sum($0) }
        guard sums[1] > 0 else {
            throw TrainingError(
                "the first \(count) batches of the validation data have no token to predict; a longer 'data.length' or other data is needed"
            )
        }
        return ValidationMetrics(
            loss: sums[0] / sums[1],
            bitsPerByte: sums[3] > 0
                ? TokenByteCounts.bitsPerByte(loss: sums[2], bytes: Int(sums[3])) : nil,
            targets: Int(sums[1]))
    }
}

extension TrainingBatch {
    /// The batch as a tape reads it; valid as long as the batch.
    package var view: TapeBatch {
        guard let tokens = tokens.baseAddress, let targets = targets.baseAddress,
            let starts = documentStart.baseAddress, let positions = positions.baseAddress
        else { preconditionFailure("a batch has at least one token") }
        return TapeBatch(
            rows: rows, length: length, tokens: tokens, targets: targets, documentStarts: starts,
            positions: positions)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortFormats
import RetortModels
import RetortTensor

/// What the first process of a run writes beside checkpoints: run.json, energy, and the report.
final class RunRecorder {
    private let path: String
    private let facts: RunFacts
    /// Kept up to date, so that a report does not read all of metrics.jsonl again.
    private var series: RunSeries
    private var meter: EnergyMeter?
    /// Joules of the run before this process.
    private let before: Double

    /// Writes run.json and reads the metrics of the steps that are done.
    /// - Throws: ``TrainingError`` or `FormatError` if a file cannot be read or written.
    init(_ trainer: Trainer) throws {
        path = trainer.directory.path
        // What one machine tells is the energy of all only if there is one; and a part is none.
        let canMeasure =
            trainer.group.size == 1 && (trainer.state.step == 0 || trainer.state.joules != nil)
        meter = canMeasure ? EnergyMeter() : nil
        before = trainer.state.joules ?? 0
        facts = RunFacts(
            kind: trainer.recipe.kind.rawValue,
            architecture: trainer.trained.config.architecture.rawValue,
            summary: trainer.summary, compute: trainer.recipe.computeType.rawValue,
            kernels: trainer.trained.model.instructionSet,
            threads: trainer.trained.model.threadCount,
            ranks: trainer.group.size, peak: trainer.peak, cost: trainer.recipe.cost,
            measuresEnergy: meter != nil)
        try facts.write(run: path)
        series = try RunSeries(metrics: trainer.directory.metrics)
    }

    /// Notes the energy used so far in a step's metrics and in the state.
    func measureEnergy(_ metrics: inout StepMetrics, _ state: inout TrainerState) {
        let used = meter?.read()
        if used == nil { meter = nil }
        metrics.joules = used.map { before + $0 }
        state.joules = metrics.joules
    }

    func add(_ metrics: StepMetrics) { series.add(metrics.json) }

    /// - Throws: `FormatError` if a file cannot be written.
    func write() throws {
        let name = URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent
        try RunReport(name: name, facts: facts, series: series).write(run: path)
    }
}

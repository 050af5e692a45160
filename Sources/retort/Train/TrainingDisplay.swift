// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import RetortTraining

/// Shows a run: a line that moves on a terminal, a line now and then elsewhere.
final class TrainingDisplay {
    private let recipe: Recipe
    private let json: Bool
    private let isQuiet: Bool
    private let moves: Bool
    private var summary: TrainingSummary?
    private var lastShown = ContinuousClock().now
    private var smoothedLoss: Double?
    private var secondsPerStep: Double?
    private var lastSeconds: Double?
    /// Operations a second of a large matrix product here; nil until it is measured.
    var peak: Double?

    init(_ recipe: Recipe, json: Bool, isQuiet: Bool) {
        self.recipe = recipe
        self.json = json
        self.isQuiet = isQuiet
        moves = Terminal.errorIsTerminal && !json
    }

    func show(_ event: TrainingEvent) {
        guard !isQuiet else { return }
        switch event {
        case .began(let summary):
            self.summary = summary
            guard !json else { return }
            Output.note(
                "\(Self.short(Double(summary.parameters))) parameters"
                    + (summary.trainedParameters == summary.parameters
                        ? "" : ", \(Self.short(Double(summary.trainedParameters))) trained")
                    + (summary.activeParameters < summary.parameters
                        ? ", \(Self.short(Double(summary.activeParameters))) for each token" : "")
                    + ", \(summary.totalSteps) steps of \(Self.short(Double(summary.tokensPerStep))) tokens, "
                    + "\(Self.short(Double(summary.plannedBytes)))B of memory")
            if summary.firstStep > 0 { Output.note("going on after step \(summary.firstStep)") }
        case .step(let metrics): show(metrics)
        case .checkpoint(let path):
            if !json { note("checkpoint \(path)") }
        }
    }

    private func show(_ metrics: StepMetrics) {
        if json {
            Output.json(metrics.json)
            return
        }
        guard let summary else { return }
        smoothedLoss = smoothedLoss.map { 0.9 * $0 + 0.1 * metrics.loss } ?? metrics.loss
        if let lastSeconds {
            let own = metrics.seconds - lastSeconds
            secondsPerStep = secondsPerStep.map { 0.9 * $0 + 0.1 * own } ?? own
        }
        lastSeconds = metrics.seconds
        if let validation = metrics.validation {
            var text = String(
                format: "step %d: validation loss %.4f", metrics.step, validation.loss)
            if let bits = validation.bitsPerByte {
                text += String(format: ", %.4f bits per byte", bits)
            }
            note(text)
        }
        let now = ContinuousClock().now
        let isLast = metrics.step == summary.totalSteps
        guard isLast || now - lastShown > (moves ? .milliseconds(100) : .seconds(10)) else {
            return
        }
        lastShown = now
        let line = progress(metrics, summary)
        if moves {
            Output.moving(line)
            if isLast { FileHandle.standardError.write(Data("\n".utf8)) }
        } else {
            Output.note(line)
        }
    }

    private func progress(_ metrics: StepMetrics, _ summary: TrainingSummary) -> String {
        let share = Double(metrics.step) / Double(max(1, summary.totalSteps))
        let filled = Int(share * 16)
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 16 - filled)
        var parts = [
            "\(metrics.step)/\(summary.totalSteps) \(bar)",
            String(format: "loss %.3f", smoothedLoss ?? metrics.loss),
            "\(Self.short(metrics.tokensPerSecond)) tok/s",
            "\(Self.short(metrics.operationsPerSecond))FLOP/s"
                + (peak.map {
                    String(format: " (%.0f %%)", 100 * metrics.operationsPerSecond / $0)
                } ?? ""),
        ]
        if let secondsPerStep {
            let left = secondsPerStep * Double(summary.totalSteps - metrics.step)
            parts.append("\(Self.duration(left)) left")
        }
        if let price = recipe.cost.pricePerHour {
            parts.append(
                String(
                    format: "%.4f %@", price * metrics.seconds / 3600, recipe.cost.currency))
        }
        return parts.joined(separator: " · ")
    }

    /// A line that stays, above the moving one.
    private func note(_ text: String) {
        if moves { Output.clearLine() }
        Output.note(text)
    }

    func end(isFinished: Bool, _ trainer: Trainer) {
        guard !isQuiet, !json else { return }
        Output.note(
            isFinished
                ? "finished: \(recipe.output)/model"
                : "stopped; go on with --resume")
    }

    static func short(_ value: Double) -> String {
        let units = ["", "k", "M", "G", "T", "P"]
        var (value, unit) = (value, 0)
        while value >= 1000, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        return String(format: value >= 100 || unit == 0 ? "%.0f %@" : "%.1f %@", value, units[unit])
            .trimmingCharacters(in: .whitespaces)
    }

    static func duration(_ seconds: Double) -> String {
        let whole = Int(min(max(0, seconds), 1e9))
        if whole >= 3600 { return "\(whole / 3600) h \(whole % 3600 / 60) min" }
        return whole >= 60 ? "\(whole / 60) min \(whole % 60) s" : "\(whole) s"
    }
}

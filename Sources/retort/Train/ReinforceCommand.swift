// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortJSON
import RetortTraining

struct ReinforceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rl",
        abstract: "Train a model by reinforcement with rewards that can be verified.",
        discussion: """
            Answers are sampled in groups from the model that is trained, graded, and compared within \
            their group: GRPO, Dr. GRPO, DAPO or RLOO, as the recipe says (docs/reinforcement.md).
            """)

    @OptionGroup var options: RecipeOptions

    func run() throws {
        let recipe = try options.load(.rl)
        try Self.run(recipe, options, try options.begin(recipe))
    }

    /// Trains on what the model samples, as a recipe says.
    static func run(_ recipe: Recipe, _ options: RecipeOptions, _ ledger: RunLedger) throws {
        let stop = StopFlag()
        let interruption = Interruption(others: [SIGTERM]) { stop.raise() }
        defer { interruption.end() }
        let display = ReinforceDisplay(recipe, json: options.json)
        let trainer = try PolicyTrainer(
            recipe, TaskEnvironment(recipe), resume: options.resume)
        let isFinished = try trainer.run(
            shouldStop: { stop.isRaised }, observe: display.show)
        display.end(isFinished: isFinished)
        try ledger.end(isFinished: isFinished)
        if !isFinished { throw ExitCode(130) }
    }
}

/// Shows a run: a line for each step.
private final class ReinforceDisplay {
    private let recipe: Recipe
    private let json: Bool
    private var total = 0
    private var first: (step: Int, seconds: Double)?

    init(_ recipe: Recipe, json: Bool) {
        self.recipe = recipe
        self.json = json
    }

    func show(_ event: PolicyEvent) {
        if json {
            if case .step(let metrics) = event { Output.json(metrics.json) }
            return
        }
        switch event {
        case .began(let summary):
            total = summary.totalSteps
            Output.note(
                "\(TrainingDisplay.short(Double(summary.parameters))) parameters, "
                    + "\(summary.totalSteps) steps, "
                    + "\(TrainingDisplay.short(Double(summary.plannedBytes)))B of memory")
            if summary.firstStep > 0 { Output.note("going on after step \(summary.firstStep)") }
        case .evaluated(let found): Output.note("before: \(Self.text(found))")
        case .step(let metrics):
            Output.note(line(metrics))
            if let found = metrics.evaluation {
                Output.note("step \(metrics.step): \(Self.text(found))")
            }
        case .checkpoint(let path): Output.note("checkpoint \(path)")
        }
    }

    private func line(_ metrics: PolicyMetrics) -> String {
        func percent(_ value: Double) -> String { String(format: "%.0f %%", 100 * value) }
        var parts = [
            "\(metrics.step)/\(total)", String(format: "reward %.3f", metrics.reward),
            "\(percent(metrics.accuracy)) correct", "\(percent(metrics.thinking)) think",
            String(format: "%.1f tokens", metrics.length),
            "\(percent(metrics.informativeGroups)) informative",
        ]
        if let entropy = metrics.entropy { parts.append(String(format: "entropy %.2f", entropy)) }
        if let kl = metrics.kl { parts.append(String(format: "KL %.4f", kl)) }
        if metrics.truncated > 0 { parts.append("\(percent(metrics.truncated)) cut off") }
        parts.append("\(TrainingDisplay.short(metrics.sampledTokensPerSecond)) tok/s sampled")
        if let first, metrics.step > first.step {
            let each = (metrics.seconds - first.seconds) / Double(metrics.step - first.step)
            parts.append("\(TrainingDisplay.duration(each * Double(total - metrics.step))) left")
        } else {
            first = (metrics.step, metrics.seconds)
        }
        if let price = recipe.cost.pricePerHour {
            parts.append(
                String(format: "%.4f %@", price * metrics.seconds / 3600, recipe.cost.currency))
        }
        return parts.joined(separator: " · ")
    }

    private static func text(_ found: PolicyEvaluation) -> String {
        String(
            format: "%.1f %% of %d held-out answers correct, %.0f %% think, %.1f tokens",
            100 * found.accuracy, found.answers, 100 * found.thinking, found.length)
    }

    func end(isFinished: Bool) {
        guard !json else { return }
        Output.note(
            isFinished ? "finished: \(recipe.output)/model" : "stopped; go on with --resume")
    }
}

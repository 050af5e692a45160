// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortJSON
import RetortTraining
import Synchronization

/// What `train` and `sft` have in common.
struct RecipeOptions: ParsableArguments {
    @Argument(help: "A recipe: a YAML file such as those in Recipes/.")
    var recipe: String

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "Change a value of the recipe, such as optimizer.learning_rate=1e-4. May be repeated.",
            valueName: "key=value"))
    var assignments: [String] = []

    @Flag(help: "Go on from the newest checkpoint of the recipe's output.")
    var resume = false

    @Flag(help: "Print each step as a JSON object, as in metrics.jsonl, and no progress.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "Go on although the licence gate refuses; the reason is written into the ledger.",
            valueName: "reason"))
    var allow: String?

    /// What the recipe says, with what the command line changes.
    func value() throws -> JSONValue {
        var value = try YAMLFile.read(recipe)
        for assignment in assignments { value = try YAMLFile.set(assignment, in: value) }
        return value
    }

    func load(_ kind: Recipe.Kind) throws -> Recipe {
        let value = try value()
        var object = value.objectValue ?? JSONObject()
        if object["kind"] == nil { object["kind"] = .string(kind.rawValue) }
        let read = try Recipe(.object(object))
        guard read.kind == kind else {
            throw CommandError(
                "\(recipe) is of the kind \(read.kind.rawValue); run it with 'retort \(read.kind == .pretrain ? "train" : read.kind.rawValue)'"
            )
        }
        return read
    }

    func run(_ kind: Recipe.Kind) throws {
        let group = try TrainingGroups.make()
        let isFinished: Bool
        do {
            let recipe = try load(kind)
            // One process of several writes.
            let ledger = group.rank == 0 ? try begin(recipe) : nil
            isFinished = try run(recipe, group)
            try ledger?.end(isFinished: isFinished)
        } catch {
            throw TrainingGroups.fail(error, group)
        }
        if !isFinished { throw ExitCode(130) }
    }

    /// Writes the run's beginning into the ledger.
    func begin(_ recipe: Recipe) throws -> RunLedger {
        try RunLedger.begin(recipe, try value(), resume: resume, allowance: allow)
    }

    /// Trains in this process as a recipe says that was read already.
    func run(_ recipe: Recipe, _ ledger: RunLedger) throws {
        let isFinished = try run(recipe, SoloGroup())
        try ledger.end(isFinished: isFinished)
        if !isFinished { throw ExitCode(130) }
    }

    /// - Returns: Whether the run is finished.
    private func run(_ recipe: Recipe, _ group: any TrainingGroup) throws -> Bool {
        var recipe = recipe
        recipe.threads = recipe.threads ?? TrainingGroups.threads(group)
        let display = TrainingDisplay(
            recipe, json: json, isQuiet: group.rank != 0)
        let stop = StopFlag()
        // Ctrl-C comes from mpirun as SIGTERM; SIGUSR1 it hands on as it is.
        let interruption = Interruption(others: [SIGTERM, SIGUSR1]) { stop.raise() }
        defer { interruption.end() }
        let trainer = try Trainer(recipe, resume: resume, group: group)
        display.peak = try trainer.measurePeak()
        let isFinished = try trainer.run(
            shouldStop: { stop.isRaised }, observe: display.show)
        display.end(isFinished: isFinished, trainer)
        try group.end()
        return isFinished
    }
}

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Pretrain a model from scratch or from a checkpoint, as a recipe says.")

    @OptionGroup var options: RecipeOptions

    func run() throws { try options.run(.pretrain) }
}

struct SFTCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sft",
        abstract: "Fine-tune a model on conversations or on prompts and completions.")

    @OptionGroup var options: RecipeOptions

    func run() throws { try options.run(.sft) }
}

/// Raised by Ctrl-C; the run ends with a checkpoint behind the present step.
final class StopFlag: Sendable {
    private let flag = Atomic(false)

    func raise() { flag.store(true, ordering: .relaxed) }
    var isRaised: Bool { flag.load(ordering: .relaxed) }
}

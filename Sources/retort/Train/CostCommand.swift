// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortEngine
import RetortJSON
import RetortTraining

struct CostCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cost",
        abstract: "What a training run cost so far, or what a recipe will cost.",
        discussion:
            "A run's energy is what the machine counted, or else watts times the time. A recipe's time follows from --flops, or from a short measurement on this machine."
    )

    @Argument(help: "The output of a run, finished or not, or a recipe.") var source: String
    @Option(help: "The price of an hour of all machines together, in place of the recipe's.")
    var pricePerHour: Double?
    @Option(help: "The currency of the price.") var currency: String?
    @Option(help: "Watts of all machines together, in place of the recipe's.") var watts: Double?
    @Option(help: "Of a recipe: floating-point operations a second, such as 200e9.")
    var flops: Double?
    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("Change a value of the recipe.", valueName: "key=value"))
    var assignments: [String] = []
    @Flag(help: "Of a run: write report.html and report.svg anew.") var report = false
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        for (name, value) in [
            ("--price-per-hour", pricePerHour), ("--watts", watts), ("--flops", flops),
        ] {
            guard let value else { continue }
            guard value.isFinite, value >= 0, name != "--flops" || value > 0 else {
                throw ValidationError("\(name) must be a number that is not negative.")
            }
        }
    }

    func run() throws {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: source, isDirectory: &isDirectory) else {
            throw CommandError("\(source) does not exist; a run's output or a recipe was expected")
        }
        let isRun = isDirectory.boolValue
        if isRun, flops != nil || !assignments.isEmpty {
            throw CommandError("--flops and --set belong to a recipe; \(source) is a run")
        }
        if !isRun, report { throw CommandError("--report belongs to a run; \(source) is a recipe") }
        let cost = isRun ? try costOfRun() : try costOfRecipe()
        if json {
            var object = cost.json.objectValue ?? JSONObject()
            object["kind"] = .string(isRun ? "run" : "recipe")
            Output.json(.object(object))
        } else {
            print(cost)
        }
    }

    private func costOfRun() throws -> RunCost {
        let page = try RunReport(run: source)
        if report { try page.write(run: source) }
        return page.cost(changed(page.cost.rates))
    }

    private func costOfRecipe() throws -> RunCost {
        var value = try YAMLFile.read(source)
        for assignment in assignments { value = try YAMLFile.set(assignment, in: value) }
        let recipe = try Recipe(value)
        let speed = try flops ?? measured(recipe)
        return try recipe.plannedCost(operationsPerSecond: speed, rates: changed(recipe.rates))
    }

    private func changed(_ rates: RunCost.Rates) -> RunCost.Rates {
        RunCost.Rates(
            pricePerHour: pricePerHour ?? rates.pricePerHour,
            currency: currency ?? rates.currency, watts: watts ?? rates.watts)
    }

    /// Operations a second of a small decoder, in a few seconds.
    private func measured(_ recipe: Recipe) throws -> Double {
        var benchmark = TrainingBenchmark()
        benchmark.batch = 4
        benchmark.steps = 3
        benchmark.computeType = recipe.computeType
        benchmark.threads = recipe.threads ?? ReasoningModel.availableThreads
        let speed = try benchmark.run().operationsPerSecond
        Output.note(
            "measured \(TrainingDisplay.short(speed))FLOP/s with a decoder of 8.4 M parameters; --flops takes another figure"
        )
        return speed
    }

    private func print(_ cost: RunCost) {
        func short(_ value: Double) -> String { TrainingDisplay.short(value) }
        func number(_ value: Double) -> String { String(format: "%.4g", value) }
        var rows: [(String, String)] = [
            (
                "parameters",
                short(Double(cost.parameters))
                    + (Double(cost.activeParameters) < 0.99 * Double(cost.parameters)
                        ? ", \(short(Double(cost.activeParameters))) for each token" : "")
            ),
            ("FLOP for each token", number(cost.operationsPerToken)),
            (
                "tokens",
                cost.tokens.map { short(Double($0)) }
                    ?? "not known: give training.steps, or prepare the data"
            ),
        ]
        if let operations = cost.operations { rows.append(("FLOP", number(operations))) }
        if let speed = cost.operationsPerSecond { rows.append(("FLOP/s", number(speed))) }
        if let share = cost.utilisation {
            rows.append(("utilisation", String(format: "%.0f %%", 100 * share)))
        }
        if let hours = cost.hours {
            rows.append(("hours", "\(number(hours)) (\(TrainingDisplay.duration(hours * 3600)))"))
        }
        rows.append(
            (
                "energy",
                cost.kilowattHours.map {
                    "\(number($0)) kWh, \(cost.energySource?.rawValue ?? "")"
                } ?? "not known: \(cost.energyReason ?? "")"
            ))
        rows.append(
            (
                "cost",
                cost.money.map { "\(number($0)) \(cost.rates.currency)" }
                    ?? "not known: \(cost.moneyReason ?? "")"
            ))
        if let money = cost.moneyPerMillionTokens {
            rows.append(("a million tokens", "\(number(money)) \(cost.rates.currency)"))
        }
        if let money = cost.moneyPerExaoperation {
            rows.append(
                (
                    "10^18 FLOP",
                    "\(number(money)) \(cost.rates.currency); DeepSeek-V3's \(number(RunCost.DeepSeekV3.dollars / RunCost.DeepSeekV3.operations * 1e18)) USD"
                ))
        }
        if let share = cost.shareOfDeepSeekV3 {
            rows.append(
                (
                    "DeepSeek-V3",
                    "\(number(share)) of its \(number(RunCost.DeepSeekV3.operations)) FLOP, \(number(RunCost.DeepSeekV3.hours)) GPU hours and \(number(RunCost.DeepSeekV3.dollars)) USD"
                ))
            rows.append(("", "source: \(RunCost.DeepSeekV3.source)"))
        }
        let width = rows.map(\.0.count).max() ?? 0
        for (name, value) in rows {
            let padding = String(repeating: " ", count: width - name.count)
            Output.line("\(name)\(padding)  \(value)")
        }
    }
}

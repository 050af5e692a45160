// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortFormats
import RetortGuard
import RetortJSON

struct GuardCalibrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate",
        abstract:
            "Find the monitor's weights on simulated traffic, and measure them on other seeds.",
        discussion: """
            The built-in weights are those of 'retort guard calibrate --tuning 1,2,3 --keys 20'. --standard measures the \
            built-in ones instead of finding new ones. Prints one JSON object.
            """)

    @Option(help: "Seeds to find the weights on, with commas.")
    var tuning = "1,2,3"

    @Option(help: "Seeds to measure them on, with commas.")
    var heldOut = ""

    @Option(help: "Keys of each kind and share, for each seed.")
    var keys = 20

    @Option(help: "Requests of a window.")
    var window = 1500

    @Option(help: "Accounts of the cluster that is looked for; 0 for none.")
    var accounts = 1000

    @Flag(help: "Measure the built-in weights.")
    var standard = false

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Where to write the weights.", valueName: "file"))
    var output: String?

    func validate() throws {
        guard seeds(tuning) != nil, seeds(heldOut) != nil else {
            throw ValidationError("Seeds are numbers from 0 on, with commas.")
        }
        guard let first = seeds(tuning), let second = seeds(heldOut),
            standard || (!first.isEmpty && Set(first).isDisjoint(with: second))
        else { throw ValidationError("--tuning needs seeds that --held-out has not.") }
        guard (1...10_000).contains(keys), (100...100_000).contains(window),
            (0...100_000).contains(accounts)
        else { throw ValidationError("A count is out of range.") }
    }

    private func seeds(_ text: String) -> [UInt64]? {
        let parts = text.split(separator: ",")
        let seeds = parts.compactMap { UInt64($0) }
        return seeds.count == parts.count ? seeds : nil
    }

    func run() throws {
        var calibration = MonitorCalibration.standard
        if !standard {
            var rows: [MonitorTrial.Row] = []
            for seed in seeds(tuning) ?? [] {
                Output.note("tuning on seed \(seed)")
                rows += MonitorTrial(seed: seed, requests: window).all(count: keys)
            }
            calibration = MonitorCalibrator.calibrate(rows)
        }
        if let output {
            try OutputFile.write(calibration.json.text(.pretty) + "\n", to: output)
        }
        var measures: [JSONValue] = []
        for seed in seeds(heldOut) ?? [] {
            Output.note("measuring on seed \(seed)")
            let trial = MonitorTrial(seed: seed, requests: window)
            var measure = MonitorMeasure(calibration)
            measure.add(trial.all(count: keys) + trial.grey(count: keys))
            var object = measure.json.objectValue ?? JSONObject()
            object["seed"] = .integer(Int64(clamping: seed))
            if accounts > 0 {
                let result = ClusterTrial(
                    seed: seed, reference: trial.reference, accounts: accounts
                ).run(calibration: calibration)
                object["cluster"] = [
                    "accounts": .integer(Int64(accounts)), "recall": .double(result.recall),
                    "precision": .double(result.precision),
                    "honest_keys": .integer(Int64(result.honest)),
                ]
            }
            measures.append(.object(object))
        }
        Output.line(
            JSONValue.object(
                JSONObject([
                    ("calibration", calibration.json), ("held_out", .array(measures)),
                ])
            ).text(.pretty))
    }
}

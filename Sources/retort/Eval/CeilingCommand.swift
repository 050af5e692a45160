// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortEvaluation
import RetortJSON

struct CeilingCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ceiling",
        abstract: "How often Countdown can be solved within so many tries, exactly.",
        discussion: """
            Of each held-out problem all ways are enumerated: what comes out is the chance of meeting the target \
            with 1, 2, … of them, drawn without and with repetition. --results adds how often a model's answers \
            were right within as many tries of its thought. Prints a JSON object a line.
            """)

    @Option(help: ArgumentHelp("Numbers of a problem, 2 to 4.", valueName: "k"))
    var numbers = 3

    @Option(help: ArgumentHelp("Held-out problems.", valueName: "n"))
    var limit = 2048

    @Option(help: ArgumentHelp("The most tries.", valueName: "n"))
    var tries = 32

    @Option(help: ArgumentHelp("The --output of an evaluation.", valueName: "directory"))
    var results: String?

    func validate() throws {
        guard (2...4).contains(numbers), limit > 0, (1...10_000).contains(tries) else {
            throw ValidationError(
                "--numbers must be 2 to 4, --limit at least 1, --tries 1 to 10000.")
        }
    }

    func run() throws {
        var scaling = try CountdownScaling(
            CountdownTask(numbers: numbers), limit: limit, tries: tries)
        if let results { try scaling.add(results: results) }
        for row in scaling.rows { Output.line(row.json.text()) }
    }
}

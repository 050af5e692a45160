// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortFormats
import RetortJSON
import RetortProvenance

struct ProvenanceCanariesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "canaries",
        abstract:
            "Draw random sentences to plant in a training text, and others to compare them with.",
        discussion: """
            Writes the plan, and with --plant the sentences as JSON lines with 'text', each as often as it is to be planted. \
            'retort provenance audit MODEL --canaries PLAN' then says how exposed each is.
            """)

    @Option(name: .shortAndLong, help: ArgumentHelp("Where to write the plan.", valueName: "file"))
    var output: String

    @Option(help: ArgumentHelp("Where to write the sentences.", valueName: "file"))
    var plant: String?

    @Option(help: "With {secret} once.")
    var sentence = "The number of the locker is {secret}."

    @Option(help: "Digits of a secret.")
    var length = 9

    @Option(help: "How often each canary is planted, with commas; 0 is a control.")
    var repetitions = "0,0,0,0,1,1,1,1,10,10,10,10,100,100,100,100,1000,1000"

    @Option(help: "Sentences that are planted nowhere.")
    var references = 1000

    @Option(help: "The seed; none takes one at random.")
    var seed: UInt64?

    func run() throws {
        let counts = repetitions.split(separator: ",").map { Int($0) }
        guard !counts.isEmpty, !counts.contains(nil) else {
            throw ValidationError("--repetitions: expected numbers with commas.")
        }
        let seed = seed ?? UInt64.random(in: .min ... .max)
        let plan = try CanaryPlan(
            sentence: sentence, secretLength: length, repetitions: counts.compactMap { $0 },
            references: references, seed: seed)
        try OutputFile.write(try ReportJSON.text(of: plan) + "\n", to: output, isPrivate: true)
        guard let plant else { return }
        let lines = plan.plantings(seed: seed).map {
            JSONValue.object(JSONObject([("text", .string($0))])).text() + "\n"
        }
        try OutputFile.write(lines.joined(), to: plant)
    }
}

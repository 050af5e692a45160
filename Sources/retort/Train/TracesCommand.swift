// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortEvaluation
import RetortFormats
import RetortJSON
import RetortProvenance

struct TracesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "traces",
        abstract: "Write a corpus of worked arithmetic, for models from scratch.",
        discussion: """
            A mix is a YAML list of parts such as {task: multiplication, digits: 3x2, share: 0.1, \
            thinking: 0.5, slips: 0.3}: how many samples have a thought, and how many thoughts a wrong \
            digit that the rest follows from. Problems that 'retort eval' holds out are left out.
            """)

    @Argument(help: "A YAML file with the mix.", completion: .file())
    var mix: String

    @Option(name: .shortAndLong, help: "The JSONL file to write.", completion: .file())
    var output: String

    @Option(help: ArgumentHelp("Samples.", valueName: "n"))
    var count: Int

    @Option(help: ArgumentHelp("Equal seeds give equal files.", valueName: "n"))
    var seed: UInt64 = 1

    func validate() throws {
        guard count > 0 else { throw ValidationError("--count must be at least 1.") }
    }

    func run() throws {
        let mix = try TraceMix(try YAMLFile.read(mix))
        let file = try OutputFile(path: output)
        try mix.forEachRecord(count: count, seed: seed) { record in
            try file.write(Array((record.text() + "\n").utf8))
        }
        try file.commit()
        let name = URL(fileURLWithPath: output).lastPathComponent
        try RunLedger.made(
            output, .shard, verb: "traces",
            source: .written(by: "retort traces", name: name, licence: "CC0-1.0"))
        Output.note("\(count) samples in \(output)")
    }
}

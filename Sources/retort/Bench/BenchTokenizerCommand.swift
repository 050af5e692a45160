// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortEngine
import RetortJSON
import RetortTokenizers

struct BenchTokenizerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-tokenizer",
        abstract: "Measure how fast a tokenizer reads a text, on one core.")

    @Argument(help: "A model, of which only the tokenizer is read.")
    var model = "bundled"

    @OptionGroup var input: TextInput

    @Option(help: "Counted runs; the median is reported.")
    var repetitions = 5

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard repetitions > 0 else {
            throw ValidationError("--repetitions must be at least 1.")
        }
    }

    func run() throws {
        let bytes = try input.bytes()
        guard !bytes.isEmpty else { throw CommandError("there is no text to measure with") }
        let opening = ContinuousClock.now
        let tokenizer = try TokenizerOnly.open(model)
        let loadSeconds = (ContinuousClock.now - opening) / .seconds(1)
        var seconds: [Double] = []
        var tokens = 0
        for repetition in 0...repetitions {
            let start = ContinuousClock.now
            tokens = tokenizer.encode(bytes: bytes).count
            // The first run brings the tables into the processor's caches.
            if repetition > 0 { seconds.append((ContinuousClock.now - start) / .seconds(1)) }
        }
        let median = seconds.sorted()[seconds.count / 2]
        let rate = Double(bytes.count) / median / 1e6
        if json {
            Output.json([
                "megabytes_per_second": .number(rate),
                "tokens_per_second": .number(Double(tokens) / median),
                "bytes": .integer(Int64(bytes.count)),
                "tokens": .integer(Int64(tokens)),
                "load_seconds": .number(loadSeconds),
            ])
        } else {
            Output.line(
                String(
                    format: "%d bytes, %d tokens: %.1f MB/s; the tokenizer loads in %.3f s",
                    bytes.count, tokens, rate, loadSeconds))
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortEngine
import RetortGuard
import RetortJSON
import RetortTokenizers

struct GuardNullCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "null",
        abstract: "Check on your own texts that p-values without a mark are what they say.",
        discussion: """
            Texts that no key has marked are looked at with many keys. Their p-values must be uniform (Kolmogorov and \
            Smirnov; of schemes that count, p-values come in steps and are larger than uniform ones) and alarms no \
            more frequent than their level. Without files the texts are random tokens.
            """)

    @Option(
        name: .customLong("scheme"), help: "The scheme.", transform: WatermarkOptions.scheme)
    var scheme = WatermarkScheme.gumbel

    @Option(help: "Tokens before a candidate that choose its word.")
    var contextWidth = 4

    @Option(help: "The model whose tokenizer is used.")
    var model = "bundled"

    @Argument(help: "Texts.", completion: .file())
    var files: [String] = []

    @Option(help: "Tokens that a text is divided into.")
    var tokens = 200

    @Option(help: "The most pieces of that length.")
    var pieces = 1000

    @Option(help: "How many keys are tried.")
    var keys = 100

    @Option(help: "Equal ones give equal results.")
    var seed: UInt64 = 1

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard tokens > contextWidth, pieces > 0, keys > 0 else {
            throw ValidationError(
                "--tokens must exceed --context-width, --pieces and --keys must be at least 1.")
        }
    }

    func run() throws {
        var parameters = WatermarkParameters(scheme: scheme, secret: .philox(0))
        parameters.contextWidth = contextWidth
        let test = try NullTest(
            parameters, documents: try documents(), keys: keys, seed: seed)
        if json {
            Output.json([
                "tests": .integer(Int64(test.tests)), "scores": .integer(Int64(test.scores)),
                "ks_distance": .double(test.distance), "ks_p_value": .double(test.pValue),
                "alarms": .array(
                    test.alarms.map {
                        [
                            "level": .double($0.level), "count": .integer(Int64($0.count)),
                            "rate_interval": [
                                .double($0.interval.lowerBound), .double($0.interval.upperBound),
                            ],
                        ]
                    }),
            ])
            return
        }
        Output.line(
            "\(test.tests) tests of \(test.scores) scores: distance from uniform \(String(format: "%.5f", test.distance)), p = \(String(format: "%.3f", test.pValue))"
        )
        for alarms in test.alarms {
            Output.line(
                String(
                    format: "level %.0e: %d alarms, rate %.2e (%.2e to %.2e)", alarms.level,
                    alarms.count, Double(alarms.count) / Double(test.tests),
                    alarms.interval.lowerBound, alarms.interval.upperBound))
        }
    }

    private func documents() throws -> [[Int32]] {
        guard !files.isEmpty else {
            var random = SeededGenerator(seed: seed &+ 1)
            return (0..<pieces).map { _ in
                (0..<tokens).map { _ in Int32.random(in: 0..<50_000, using: &random) }
            }
        }
        let tokenizer = try TokenizerOnly.open(model)
        var result: [[Int32]] = []
        for file in files where result.count < pieces {
            let text = try InputFile.text(path: file)
            let all = tokenizer.encode(text, addSpecialTokens: false)
            for start in stride(from: 0, to: all.count, by: tokens)
            where result.count < pieces && start + tokens <= all.count {
                result.append(Array(all[start..<start + tokens]))
            }
        }
        return result
    }
}

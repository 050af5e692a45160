// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortEngine
import RetortGuard
import RetortJSON

struct GuardPowerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "power",
        abstract: "Simulate how often a key's mark is found again.",
        discussion:
            "Texts of a given entropy are written with the key, edited and looked at; a verdict needs the level."
    )

    @Option(help: ArgumentHelp("The key's file.", valueName: "file"), completion: .file())
    var key: String

    @Option(
        help: ArgumentHelp("Nats a token, on average; may be given several times.", valueName: "h"))
    var entropy: [Double] = [0.8]

    @Option(
        help: ArgumentHelp("Tokens of a text; may be given several times.", valueName: "n"))
    var tokens: [Int] = [300]

    @Option(help: "Texts of each kind.")
    var texts = 400

    @Option(help: "The chance of a false alarm that a verdict may have.")
    var level = 1e-6

    @Option(help: "0 takes the most likely token, which green lists alone can mark.")
    var temperature: Float = 1

    @Flag(
        help:
            "Also with a tenth, a quarter and half of the tokens replaced, deleted, or all that is marked of a text."
    )
    var edits = false

    @Option(help: "Equal ones give equal results.")
    var seed: UInt64 = 1

    @Flag(help: "Print one JSON object for each row.")
    var json = false

    func validate() throws {
        guard entropy.allSatisfy({ $0 > 0 && $0 <= 4 }), tokens.allSatisfy({ 1...100_000 ~= $0 }),
            texts > 0, level > 0, level < 1, temperature >= 0
        else {
            throw ValidationError(
                "--entropy must lie between 0 and 4, --tokens between 1 and 100000, --level between 0 and 1."
            )
        }
    }

    func run() throws {
        let key = try WatermarkKey(path: key)
        let shares = [0.1, 0.25, 0.5]
        let kinds: [(String, WatermarkPower.Edit)] =
            [("as written", .none)]
            + (edits
                ? shares.map { ("\(Int($0 * 100)) % replaced", .replaced($0)) }
                    + shares.map { ("\(Int($0 * 100)) % deleted", .deleted($0)) }
                    + shares.map { ("\(Int($0 * 100)) % of a text", .pasted($0)) } : [])
        for entropy in entropy {
            for count in tokens {
                for (name, edit) in kinds {
                    var power = WatermarkPower(key: key, entropy: entropy, level: level)
                    power.temperature = temperature
                    let result = try power.measure(
                        tokens: count, texts: texts, edit: edit, seed: seed)
                    print(entropy, count, name, result)
                }
            }
        }
    }

    private func print(
        _ entropy: Double, _ count: Int, _ name: String, _ result: WatermarkPower.Result
    ) {
        if json {
            Output.json([
                "entropy": .double(entropy), "tokens": .integer(Int64(count)),
                "edit": .string(name),
                "found": .double(result.share), "texts": .integer(Int64(result.texts)),
                "median_log10_p_value": .double(result.medianLog10),
            ])
        } else {
            Output.line(
                String(
                    format: "%4.2f nats  %5d tokens  %@  found %5.1f %%  median p 1e%.1f", entropy,
                    count, name.padding(toLength: 16, withPad: " ", startingAt: 0),
                    100 * result.share, result.medianLog10))
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortEngine

struct GuardPRFCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prf",
        abstract: "Print a word of the watermark's pseudorandom function, \(WatermarkPRF.name).",
        discussion:
            "To check that two systems mark alike. Real keys do not belong on command lines.")

    @Option(help: "The key, a number below 2^64.")
    var key: UInt64

    @Option(
        parsing: .unconditional,
        help:
            "Ids of the tokens before, the oldest first, with commas; -1 before the text's beginning."
    )
    var context: String

    @Option(help: "The id of the candidate.")
    var token: Int32

    func run() throws {
        let parts = context.split(separator: ",", omittingEmptySubsequences: false)
        let tokens = parts.compactMap { Int32($0) }
        guard tokens.count == parts.count else {
            throw ValidationError("--context takes ids with commas between them.")
        }
        let function = WatermarkPRF(key: key)
        Output.line("\(function.context(tokens).word(token: token))")
    }
}

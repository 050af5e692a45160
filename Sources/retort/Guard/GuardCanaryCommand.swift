// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortEngine
import RetortGuard
import RetortJSON
import RetortTokenizers

struct GuardCanaryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "canary",
        abstract: "Show an account's reference number, or test whether a student learned it.",
        discussion: """
            'retort serve' puts the line at the end of a share of an account's answers if its policy says 'canaries: SHARE'. \
            With --student the number's likelihood is ranked among numbers that nobody was shown: p = rank / (N + 1), exactly. \
            Test accounts that the student cannot have learned from too: their ranks must be as by chance.
            """)

    @Option(help: ArgumentHelp("The secret of 'retort serve --guard-secret'.", valueName: "file"))
    var secret: String

    @Option(
        help: ArgumentHelp(
            "A key's id, as the log has it; may be given several times.", valueName: "id"))
    var account: [String]

    @Option(help: ArgumentHelp("The model in question.", valueName: "model"))
    var student: String?

    @Option(
        help: ArgumentHelp(
            "Answers that the account was given, JSON objects by the line, which the line may have followed.",
            valueName: "file"))
    var texts: String?

    @Option(help: "The most texts.")
    var limit = 4

    @Option(help: "Numbers that nobody was shown.")
    var references = 999

    @Flag(help: "Print one JSON object for each account.")
    var json = false

    @OptionGroup(title: "Model") var modelOptions: ModelOptions

    func validate() throws {
        guard !account.isEmpty, !account.contains("") else {
            throw ValidationError("--account is needed.")
        }
        guard student != nil || texts == nil else {
            throw ValidationError("--texts goes with --student.")
        }
        guard 1...1_000_000 ~= references, limit > 0 else {
            throw ValidationError("--references is 1 to 1,000,000, --limit at least 1.")
        }
    }

    func run() throws {
        let mint = CanaryMint(secret: try SketchSecret(path: secret))
        guard let student else {
            for account in account {
                let line = mint.line(account: account).trimmingCharacters(
                    in: .whitespacesAndNewlines)
                if json {
                    Output.json(["account": .string(account), "line": .string(line)])
                } else {
                    Output.line("\(account)\t\(line)")
                }
            }
            return
        }
        let model = try modelOptions.open(student)
        let contexts = try texts.map { path in
            try EvidenceFile.read(path, limit: limit) { try EvidenceFile.open($0, model) }
        }
        let reader = CanaryReader(student: model) {
            try model.tokenizer.encode($0, addSpecialTokens: false)
        }
        for account in account {
            let finding = try reader.finding(
                account: account, mint: mint, references: references,
                texts: contexts?.map(\.tokens) ?? [])
            if json {
                Output.json(finding.json)
            } else {
                Output.line(
                    "\(account)\trank \(finding.rank) of \(finding.references + 1)\t\(String(format: "%.1f", finding.exposure)) bits\tp = \(finding.pValue)"
                )
            }
        }
    }
}

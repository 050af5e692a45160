// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortEngine
import RetortGuard

struct GuardKeygenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen",
        abstract: "Make a watermark key.",
        discussion: """
            The file is readable by its owner alone and is never overwritten. Its id, which is printed, says nothing of \
            the key.
            """)

    @Option(name: .shortAndLong, help: ArgumentHelp("Where to write it.", valueName: "file"))
    var output: String

    @Option(
        help: ArgumentHelp(
            "How tokens are chosen: \(WatermarkKey.Scheme.allCases.map(\.rawValue).joined(separator: ", "))."
        ),
        transform: { name in
            guard let scheme = WatermarkKey.Scheme(rawValue: name) else {
                throw ValidationError("--scheme: '\(name)' is not known.")
            }
            return scheme
        })
    var scheme = WatermarkKey.Scheme.gumbel

    @Option(
        help: ArgumentHelp(
            "What its words are drawn with: \(WatermarkKey.Function.allCases.map(\.rawValue).joined(separator: ", ")).",
            discussion:
                "The first is what other systems use; the second keeps its key from who sees its words; the third is DeepMind's, for synthid."
        ),
        transform: { name in
            guard let function = WatermarkKey.Function(rawValue: name) else {
                throw ValidationError("--prf: '\(name)' is not known.")
            }
            return function
        })
    var prf = WatermarkKey.Function.philox

    @Option(help: "Tokens before a candidate that choose its word.")
    var contextWidth: Int?

    @Option(help: "Of green_list: the share of the vocabulary that is green (by default 0.25).")
    var greenShare: Double?

    @Option(help: "Of green_list: what is added to the logits of green tokens (by default 2).")
    var greenBias: Float?

    @Option(help: "Of gumbel_dual_key: how often the second key is used (by default 0.1).")
    var secondKeyShare: Double?

    func run() throws {
        let made = WatermarkKey.generate(scheme, function: prf)
        var parameters = made.parameters
        parameters.contextWidth = contextWidth ?? parameters.contextWidth
        parameters.greenShare = greenShare ?? parameters.greenShare
        parameters.greenBias = greenBias ?? parameters.greenBias
        parameters.secondKeyShare = secondKeyShare ?? parameters.secondKeyShare
        try parameters.validate()
        let key = WatermarkKey(
            identifier: made.identifier, parameters: parameters, created: made.created)
        try key.write(to: output)
        Output.line(key.identifier)
    }
}

// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
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

    func run() throws {
        let key = WatermarkKey.generate(scheme)
        try key.write(to: output)
        Output.line(key.identifier)
    }
}

// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortGuard

struct GuardSecretCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secret",
        abstract: "Make a secret for a log's sketches or for signing an audit log.",
        discussion: """
            The file is readable by its owner alone and is never overwritten: sketches of two secrets cannot be compared.
            """)

    @Option(name: .shortAndLong, help: ArgumentHelp("Where to write it.", valueName: "file"))
    var output: String

    func run() throws { try SketchSecret.generate().write(to: output) }
}

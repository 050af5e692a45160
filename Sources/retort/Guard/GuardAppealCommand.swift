// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortGuard

struct GuardAppealCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "appeal",
        abstract: "Write down what was decided about a key's appeal.",
        discussion: """
            A granted appeal exempts the key until a date; a denied one ends an exemption. 'retort guard monitor' heeds what \
            the audit log says last.
            """)

    @Option(help: "The key's id.")
    var key: String

    @Flag(help: "Exempt it; needs --until.")
    var grant = false

    @Flag(help: "Do not.")
    var deny = false

    @Option(help: ArgumentHelp("The exemption's end, as 2027-03-01.", valueName: "date"))
    var until: String?

    @Option(help: "Why.")
    var reason: String

    @Option(help: "Who decided.")
    var by: String?

    @OptionGroup var audit: AuditOptions

    func validate() throws {
        guard grant != deny else { throw ValidationError("Give either --grant or --deny.") }
        guard grant == (until != nil) else {
            throw ValidationError("--until belongs to --grant, which needs it.")
        }
        guard !key.isEmpty, !reason.isEmpty else {
            throw ValidationError("--key and --reason must not be empty.")
        }
        if let until, TimeText.seconds(until) == nil {
            throw ValidationError("--until: expected a date such as 2027-03-01.")
        }
        guard audit.path != nil else { throw ValidationError("--audit is needed.") }
    }

    func run() throws {
        guard let log = try audit.open() else { return }
        let head = try log.append(
            kind: "appeal",
            Appeals.body(
                key: key, until: until.flatMap(TimeText.seconds), reason: reason, by: by),
            time: Date().timeIntervalSince1970)
        Output.line("\(head.count) \(head.hash)")
    }
}

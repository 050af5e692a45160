// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortGuard
import RetortJSON

struct GuardAuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Check and read audit logs.",
        subcommands: [GuardAuditVerifyCommand.self, GuardAuditShowCommand.self])
}

struct GuardAuditVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check that nothing was changed, removed, inserted or cut off.",
        discussion: """
            Prints the count of entries and the last hash. Note them elsewhere and give them again with --count and --head: \
            who can write the log and FILE.head can forge both, and without a key the entries too.
            """)

    @Argument(help: ArgumentHelp("The audit log.", valueName: "file"))
    var path: String

    @Option(help: ArgumentHelp("A secret that its entries are signed with.", valueName: "file"))
    var auditKey: String?

    @Option(help: "A hash that was noted elsewhere.")
    var head: String?

    @Option(help: "The count that it belongs to.")
    var count: Int?

    func validate() throws {
        guard (head == nil) == (count == nil) else {
            throw ValidationError("--head and --count go together.")
        }
        if let count, count < 1 { throw ValidationError("--count is 1 or more.") }
    }

    func run() throws {
        let log = try AuditLog(path: path, keyPath: auditKey)
        let anchor = head.flatMap { head in count.map { AuditLog.Head(count: $0, hash: head) } }
        let (end, isBehind) = try log.verify(anchor: anchor)
        guard end.count > 0 else { throw CommandError("\(path) has no entries") }
        if isBehind {
            Output.note("\(log.headPath) is older than the log: the last writing was interrupted")
        }
        Output.line("\(end.count) \(end.hash)")
    }
}

struct GuardAuditShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print the entries as JSON lines, after checking them.")

    @Argument(help: ArgumentHelp("The audit log.", valueName: "file"))
    var path: String

    @Option(help: ArgumentHelp("A secret that its entries are signed with.", valueName: "file"))
    var auditKey: String?

    func run() throws {
        let log = try AuditLog(path: path, keyPath: auditKey)
        _ = try log.verify()
        _ = try log.verify { entry in
            Output.json([
                "sequence": .integer(Int64(entry.sequence)),
                "time": .string(TimeText.text(entry.time)), "kind": .string(entry.kind),
                "body": entry.body,
            ])
        }
    }
}

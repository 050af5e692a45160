// SPDX-License-Identifier: Apache-2.0
//
// Records works into a ledger and says which are kept, for tests that run several and kill them.

import Foundation
import RetortProvenance

@main
enum LedgerWriter {
    static func main() throws {
        guard CommandLine.arguments.count == 4, let count = Int(CommandLine.arguments[3]) else {
            say("usage: LedgerWriter LEDGER NAME COUNT")
            exit(2)
        }
        let ledger = try RightsLedger(path: CommandLine.arguments[1])
        let name = CommandLine.arguments[2]
        let shard = ContentHash(of: "shard of \(name)")
        let source = RightsSource(name: name, licence: "CC0-1.0")
        try ledger.record(
            [Artefact(hash: shard, kind: .shard, name: name, created: 0, source: source.id)],
            sources: [source])
        for number in 0..<count {
            let work = WorkEntry(
                hash: ContentHash(of: "\(name) \(number)"), name: "\(name) \(number)",
                records: RecordRanges([number...number]))
            try ledger.record(works: [work], in: shard)
            say("\(number)")
        }
    }

    /// Without a buffer: what was said was kept.
    static func say(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortProvenance
import TestSupport
import Testing

@Suite("Several processes", .timeLimit(.minutes(2))) struct LedgerProcessTests {
    private static func writer(_ ledger: String, _ name: String, _ count: Int) throws -> (
        Process, Pipe
    ) {
        let process = Process()
        process.executableURL = Bundle.main.bundleURL.appendingPathComponent("LedgerWriter")
        process.arguments = [ledger, name, "\(count)"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        return (process, pipe)
    }

    @Test("three processes write into one new ledger at the same time, and nothing is lost")
    func together() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("ledger.sqlite")
        let names = ["a", "b", "c"]
        let writers = try names.map { try Self.writer(path, $0, 40) }
        for (process, pipe) in writers {
            _ = try pipe.fileHandleForReading.readToEnd()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
        }
        let ledger = try RightsLedger(path: path, create: false)
        #expect(try ledger.artefacts(.work).count == 120)
        for name in names {
            let report = try ledger.takedown([ContentHash(of: "\(name) 39")])
            #expect(report.touched(.shard).map(\.artefact.name) == [name])
        }
    }

    @Test("what a killed process said to have kept is there")
    func killed() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("ledger.sqlite")
        let (process, pipe) = try Self.writer(path, "a", 100_000)
        var said = ""
        while said.split(separator: "\n").count < 20 {
            guard let bytes = try pipe.fileHandleForReading.read(upToCount: 4096) else { break }
            said += String(decoding: bytes, as: UTF8.self)
        }
        kill(process.processIdentifier, SIGKILL)
        said += String(
            decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        // The last line may be cut.
        let kept = said.split(separator: "\n", omittingEmptySubsequences: false).dropLast().count
        #expect(kept >= 20)
        let ledger = try RightsLedger(path: path, create: false)
        let works = try ledger.artefacts(.work)
        #expect(works.count >= kept)
        #expect(try ledger.takedown([works[kept - 1].hash]).touched.count == 1)
    }
}

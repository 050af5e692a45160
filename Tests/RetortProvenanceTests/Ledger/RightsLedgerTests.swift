// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import RetortJSON
import RetortProvenance
import TestSupport
import Testing

@Suite("The rights ledger") struct RightsLedgerTests {
    @Test("a ledger of a newer version is refused with what to do, and not a byte of it changes")
    func newer() throws {
        let files = try LedgerFiles()
        let path = files.ledger.path
        try files.ledger.record(works: [], in: ContentHash(of: ""))
        try files.ledger.close()
        let queue = try DatabaseQueue(path: path)
        try queue.write { db in
            try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('9 of the future')")
            try db.execute(sql: "CREATE TABLE future (x); INSERT INTO future VALUES (1)")
        }
        try queue.close()
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        let error = #expect(throws: ProvenanceError.self) { try RightsLedger(path: path) }
        #expect(error?.description.contains("newer retort") == true)
        #expect(error?.description.contains("update this retort") == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }

    @Test("what is no ledger is refused and stays as it is", arguments: ["text", "database"])
    func foreign(_ kind: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path("x.sqlite")
        if kind == "text" {
            try Data(String(repeating: "no database ", count: 1000).utf8)
                .write(to: URL(fileURLWithPath: path))
        } else {
            let queue = try DatabaseQueue(path: path)
            try queue.write { try $0.execute(sql: "CREATE TABLE theirs (x)") }
            try queue.close()
        }
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(throws: ProvenanceError.self) { try RightsLedger(path: path) }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }

    @Test("a ledger that is cut short is an error, not a trap", arguments: [10, 100, 4096, 5000])
    func cut(_ length: Int) throws {
        let files = try LedgerFiles()
        try files.train("run", on: [try files.write("data", to: "data.jsonl")])
        let path = files.ledger.path
        try files.ledger.close()
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        try whole.prefix(length).write(to: URL(fileURLWithPath: path))
        #expect(throws: ProvenanceError.self) {
            let ledger = try RightsLedger(path: path)
            _ = try ledger.find("run").map { try ledger.lineage(of: $0.hash) }
            _ = try ledger.takedown([ContentHash(of: "data")])
        }
    }

    @Test("a question to a ledger that is not there makes none")
    func missing() throws {
        let folder = try TemporaryFolder()
        #expect(throws: ProvenanceError.self) {
            try RightsLedger(path: folder.path("none.sqlite"), create: false)
        }
        #expect(!FileManager.default.fileExists(atPath: folder.path("none.sqlite")))
    }

    @Test("each sample of a shard leads to its source")
    func samples() throws {
        let files = try LedgerFiles()
        let shard = try files.ledger.add(
            RunPlan.Input(try files.write("six lines", to: "s.jsonl"), source: LedgerFiles.ours))
        let theirs = RightsSource(name: "a book", licence: "CC-BY-4.0", attribution: "A. Author")
        try files.ledger.record(
            works: [
                WorkEntry(
                    hash: ContentHash(of: "book"), name: "book", source: theirs,
                    records: RecordRanges([1...2, 4...4])),
                WorkEntry(
                    hash: ContentHash(of: "page"), name: "page", records: RecordRanges([3...3])),
            ], in: shard)
        for (record, licence) in [
            (0, "Apache-2.0"), (1, "CC-BY-4.0"), (2, "CC-BY-4.0"), (3, "Apache-2.0"),
            (4, "CC-BY-4.0"), (5, "Apache-2.0"),
        ] {
            let origins = try files.ledger.origins(ofRecord: record, in: shard)
            #expect(origins.map { $0.source?.licence } == [licence])
            #expect(
                origins.first?.work?.name == [1: "book", 2: "book", 3: "page", 4: "book"][record])
        }
    }

    @Test("what is recorded twice is there once, and its first record stays")
    func twice() throws {
        let files = try LedgerFiles()
        let path = try files.write("data", to: "data.jsonl")
        for source in [LedgerFiles.ours, RightsSource(name: "other", licence: "MIT")] {
            try files.ledger.add(RunPlan.Input(path, source: source))
        }
        let found = try files.ledger.find(path)
        #expect(found.count == 1 && found.first?.source == LedgerFiles.ours.id)
    }

    @Test("an artefact is found by its hash, the beginning of one, name, path and source")
    func find() throws {
        let files = try LedgerFiles()
        let source = RightsSource(name: "site", licence: "CC0-1.0", url: "https://example.org/a")
        let path = try files.write("data", to: "data.jsonl")
        let hash = try files.ledger.add(RunPlan.Input(path, source: source))
        for name in [
            hash.hex, String(hash.hex.prefix(9)), "data.jsonl", path, "site",
            "https://example.org/a",
        ] {
            #expect(try files.ledger.find(name).map(\.hash) == [hash])
        }
        #expect(try files.ledger.find("nothing").isEmpty)
    }

    // Files of this moment are not remembered: they may change within the clock's grain.
    @Test("a file that changed is hashed anew", arguments: [0, 1e11])
    func changed(_ now: Double) throws {
        let files = try LedgerFiles(now: now)
        let path = try files.write("one", to: "a")
        let first = try files.ledger.contents(of: path).address
        #expect(first == ContentHash(of: "one"))
        #expect(try files.ledger.contents(of: path).address == first)
        try files.write("two", to: "a")
        #expect(try files.ledger.contents(of: path).address == ContentHash(of: "two"))
    }

    @Test("a run that goes on adds to itself, and a new one is another")
    func resume() throws {
        let files = try LedgerFiles()
        let data = try files.write("data", to: "data.jsonl")
        let plan = RunPlan(
            verb: "sft", name: "run", output: files.folder.path("run"),
            inputs: [RunPlan.Input(data, source: LedgerFiles.ours)], software: "test")
        let first = try RunRecord.begin(plan, in: files.ledger)
        try first.produced(try files.model("run/checkpoints/step-1", "a"), .checkpoint)
        let second = try RunRecord.begin(plan, in: files.ledger, resume: true)
        #expect(second.run == first.run)
        let model = try files.model("run/model", "b")
        try second.finish(models: [model], facts: JSONObject([("steps", 10)]))
        #expect(try files.ledger.artefacts(.run).count == 1)
        #expect(try files.ledger.artefact(first.run)?.details["steps"] == 10)
    }

    @Test("the place of the ledger is what the environment names, else beside the run")
    func place() {
        #expect(
            RightsLedger.defaultPath(output: "/a/runs/x", environment: [:])
                == "/a/runs/ledger.sqlite")
        #expect(
            RightsLedger.defaultPath(output: "/a/runs/x", environment: ["RETORT_LEDGER": "/b"])
                == "/b")
    }
}

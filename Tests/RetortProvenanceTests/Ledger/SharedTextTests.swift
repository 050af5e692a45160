// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import RetortJSON
import RetortProvenance
import TestSupport
import Testing

@Suite("Texts that stand in several places") struct SharedTextTests {
    private static let lines =
        #"{"text": "one long text", "work": "a"}"# + "\n" + #"{"text": "another", "work": "b"}"#
        + "\n" + #"{"text": "one long text", "work": "c"}"# + "\n"

    private func shard(
        _ files: LedgerFiles, _ name: String, _ text: String, licence: String,
        workField: String? = "work"
    ) throws -> (path: String, hash: ContentHash) {
        let path = try files.write(text, to: name)
        let source = RightsSource(name: name, licence: licence, attribution: "A. Author")
        let shard = try files.ledger.add(RunPlan.Input(path, source: source))
        let works = try WorkScanner(source: source, workField: workField).works(of: path)
        try files.ledger.record(works: works, in: shard)
        return (path, shard)
    }

    @Test(
        "a text under two names is found by both, with all of its samples",
        arguments: [true, false])
    func names(hasNames: Bool) throws {
        let files = try LedgerFiles()
        let (_, shard) = try shard(
            files, "s.jsonl", Self.lines, licence: "MIT", workField: hasNames ? "work" : nil)
        for name in hasNames ? ["a", "c"] : ["s.jsonl#0", "s.jsonl#2"] {
            let report = try files.ledger.takedown(named: name)
            #expect(report.matches.count == 1)
            let step = try #require(report.touched.first { $0.artefact.hash == shard }?.path.last)
            #expect(step.records == RecordRanges([0...0, 2...2]))
        }
        #expect(try files.ledger.find("b").count == (hasNames ? 1 : 0))
    }

    @Test(
        "a text is judged by the licence under which it came into the shard that was used, not another",
        arguments: [false, true])
    func ways(isOpenFirst: Bool) throws {
        let files = try LedgerFiles()
        let order = [("closed.jsonl", "NOASSERTION"), ("open.jsonl", "MIT")]
        var paths: [String: String] = [:]
        for (name, licence) in isOpenFirst ? order.reversed() : order {
            // The same works in files that are not the same.
            let text = Self.lines + #"{"text": "of \#(name)", "work": "own"}"# + "\n"
            paths[name] = try shard(files, name, text, licence: licence).path
        }
        let gate = RightsGate(policy: try .bundled())
        for (name, isRefused) in [("closed.jsonl", true), ("open.jsonl", false)] {
            let model = try files.train("on-\(name)", on: [try #require(paths[name])], source: nil)
            let hash = try files.ledger.contents(of: model).address
            let lineage = try files.ledger.lineage(of: hash)
            #expect(gate.check(lineage).isRefused == isRefused, "\(name)")
            let again = try Lineage(parsing: lineage.json.text().utf8)
            #expect(again.edges == lineage.edges)
            #expect(gate.check(again).isRefused == isRefused)
            // Works that are only counted, too.
            let short = try files.ledger.lineage(of: hash, workLimit: 1)
            #expect(short.artefacts(.work).isEmpty)
            #expect(gate.check(short).isRefused == isRefused)
        }
    }

    @Test("where the same text stands in a shard under two licences both have to be kept")
    func licences() throws {
        let files = try LedgerFiles()
        let text =
            #"{"text": "t", "l": "MIT"}"# + "\n" + #"{"text": "t", "l": "GPL-3.0-only"}"# + "\n"
        let path = try files.write(text, to: "s.jsonl")
        let source = RightsSource(name: "s")
        let shard = try files.ledger.add(RunPlan.Input(path, source: source))
        try files.ledger.record(
            works: try WorkScanner(source: source, licenceField: "l").works(of: path), in: shard)
        let origins = try files.ledger.origins(ofRecord: 1, in: shard)
        #expect(origins.map { $0.source?.licence } == ["GPL-3.0-only AND MIT"])
    }

    @Test("whom to name is kept where the works are only counted")
    func attribution() throws {
        let files = try LedgerFiles()
        let path = try shard(files, "s.jsonl", Self.lines, licence: "CC-BY-4.0").path
        let model = try files.train("m", on: [path], source: nil)
        let lineage = try files.ledger.lineage(
            of: try files.ledger.contents(of: model).address, workLimit: 1)
        let report = RightsGate(policy: try .bundled()).check(lineage)
        #expect(!report.isRefused && !report.obligations.isEmpty)
        let texts = report.obligations.map(\.text)
        #expect(texts.allSatisfy { !$0.contains("(works)") }, "\(texts)")
    }

    @Test("a source can be said anew; what was said stays on record")
    func replace() throws {
        let files = try LedgerFiles()
        let path = try files.write(Self.lines, to: "s.jsonl")
        let unknown = RightsSource(name: "s")
        let known = RightsSource(name: "s", licence: "MIT")
        let shard = try files.ledger.add(RunPlan.Input(path, source: unknown))
        try files.ledger.replaceSource(of: shard, with: known)
        let artefact = try #require(try files.ledger.artefact(shard))
        #expect(artefact.source == known.id)
        #expect(artefact.details["former_sources"] == [.string(unknown.id.hex)])
        #expect(throws: ProvenanceError.self) {
            try files.ledger.replaceSource(of: ContentHash(of: "x"), with: known)
        }
        #expect(RightsSource(name: "s", acquired: 1).saysTheSame(as: unknown))
        #expect(!known.saysTheSame(as: unknown))
    }

    @Test("lines of ASCII have the words that they have among other characters")
    func words() {
        var random = SeededRandom(seed: 3)
        for _ in 0..<200 {
            let letters = (0..<60).map { _ in
                Unicode.Scalar(UInt8.random(in: 1...127, using: &random))
            }
            let text = String(String.UnicodeScalarView(letters)).replacing("\n", with: " ")
            let plain = WorkScanner.fingerprint(text + "\nz")
            #expect(plain == WorkScanner.fingerprint(text + " \u{2026}\nz"), "\(letters)")
        }
        #expect(WorkScanner.fingerprint("It's 3\nit") == WorkScanner.fingerprint("its 3 IT"))
    }

    @Test("a ledger from before texts had several names is taken over with all that it has")
    func older() throws {
        let files = try LedgerFiles()
        let (_, shard) = try shard(files, "s.jsonl", Self.lines, licence: "MIT")
        try files.ledger.close()
        let queue = try DatabaseQueue(path: files.ledger.path)
        try queue.write { db in
            try db.execute(
                sql: """
                    DELETE FROM grdb_migrations WHERE identifier LIKE '2 %'; DROP TABLE name;
                    CREATE TABLE old AS SELECT origin, target, how, details FROM edge;
                    DROP TABLE edge;
                    CREATE TABLE edge (
                        origin INTEGER NOT NULL REFERENCES artefact (id),
                        target INTEGER NOT NULL REFERENCES artefact (id),
                        how TEXT NOT NULL, details TEXT, PRIMARY KEY (origin, target, how)
                    ) STRICT, WITHOUT ROWID;
                    INSERT INTO edge SELECT * FROM old; DROP TABLE old;
                    """)
        }
        try queue.close()
        let ledger = try RightsLedger(path: files.ledger.path)
        let origins = try ledger.origins(ofRecord: 0, in: shard)
        #expect(origins.map { $0.source?.licence } == ["MIT"])
        #expect(try ledger.find("a").count == 1)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import RetortProvenance
import TestSupport
import Testing

/// Ways on which something unknown or forbidden might pass.
@Suite("Ways around the gate") struct GateHoleTests {
    private func gate() throws -> RightsGate { RightsGate(policy: try .bundled()) }

    private func isRefused(_ path: String, _ files: LedgerFiles) throws -> Bool {
        let hash = try files.ledger.contents(of: path).address
        return try gate().check(try files.ledger.lineage(of: hash)).isRefused
    }

    private func work(_ text: String, _ licence: String, attribution: String? = nil) -> WorkEntry {
        WorkEntry(
            hash: ContentHash(of: text), name: "\(licence) \(text)",
            source: RightsSource(name: "w", licence: licence, attribution: attribution))
    }

    @Test("a model from elsewhere says nothing new of what is known here")
    func imported() throws {
        let files = try LedgerFiles()
        let data = try files.write("data", to: "s.jsonl")
        let shard = try files.ledger.add(RunPlan.Input(data, source: LedgerFiles.ours))
        try files.ledger.record(works: [work("w", "CC-BY-NC-4.0")], in: shard)
        let model = try files.train("m", on: [data], source: nil)
        #expect(try isRefused(model, files))
        var foreign = try files.ledger.lineage(of: try files.ledger.contents(of: model).address)
        let milder = RightsSource(name: "w", licence: "CC0-1.0")
        foreign.sources[milder.id] = milder
        for index in foreign.edges.indices where foreign.edges[index].source != nil {
            foreign.edges[index].source = milder.id
        }
        try files.ledger.add(foreign)
        #expect(try isRefused(model, files))
    }

    @Test("a way without a source of its own means the text's")
    func ways() throws {
        let files = try LedgerFiles()
        let paths = try ["a", "b"].map { try files.write($0, to: "\($0).jsonl") }
        let shards = try paths.map {
            try files.ledger.add(RunPlan.Input($0, source: LedgerFiles.ours))
        }
        let closed = RightsSource(name: "w", licence: "CC-BY-NC-4.0")
        let text = ContentHash(of: "w")
        // As a ledger of before has it: the source with the text, none with the way.
        try files.ledger.record(
            [Artefact(hash: text, kind: .work, name: "w", created: 0, source: closed.id)],
            sources: [closed], edges: [Edge(from: text, to: shards[0], how: .contained)])
        try files.ledger.record(works: [work("w", "MIT")], in: shards[1])
        #expect(try isRefused(try files.train("both", on: paths, source: nil), files))
        #expect(try !isRefused(try files.train("open", on: [paths[1]], source: nil), files))
    }

    @Test("where a text came from into another file does not leave with a model")
    func silence() throws {
        let files = try LedgerFiles()
        let paths = try ["p", "o"].map { try files.write($0, to: "\($0).jsonl") }
        for (path, source) in zip(paths, ["customer X", "public"]) {
            let shard = try files.ledger.add(RunPlan.Input(path, source: LedgerFiles.ours))
            try files.ledger.record(
                works: [
                    WorkEntry(
                        hash: ContentHash(of: "w"), name: "w",
                        source: RightsSource(name: source, licence: "MIT"))
                ], in: shard)
        }
        let model = try files.train("m", on: [paths[1]], source: nil)
        let lineage = try files.ledger.lineage(of: try files.ledger.contents(of: model).address)
        #expect(!lineage.json.text().contains("customer X"))
        #expect(lineage.json.text().contains("public"))
    }

    @Test(
        "a reservation holds for all that was recorded of a site, on whatever day and in whatever words"
    )
    func reservations() throws {
        let files = try LedgerFiles()
        func source(_ day: Double, _ note: String? = nil) -> RightsSource {
            RightsSource(name: "site", licence: "CC-BY-4.0", acquired: day, note: note)
        }
        let evidence = OptOutEvidence(
            method: .robots, url: "u", fetched: 1, snapshot: ContentHash(of: "r"),
            verdict: .reserved, reason: "no")
        try files.ledger.record(evidence, of: source(1))
        let later = try files.write("later", to: "later.jsonl")
        let shard = try files.ledger.add(RunPlan.Input(later, source: source(2)))
        #expect(try isRefused(later, files))
        try files.ledger.replaceSource(of: shard, with: source(3, "said anew"))
        #expect(try isRefused(later, files))
        // Works that are only counted, too.
        let counted = try files.write("counted", to: "counted.jsonl")
        let other = try files.ledger.add(RunPlan.Input(counted, source: LedgerFiles.ours))
        try files.ledger.record(
            works: [
                WorkEntry(hash: ContentHash(of: "1"), name: "1", source: source(4)),
                WorkEntry(hash: ContentHash(of: "2"), name: "2", source: source(4)),
            ], in: other)
        let short = try files.ledger.lineage(of: other, workLimit: 1)
        #expect(try gate().check(short).isRefused)
    }

    @Test("what was read once for one crawler and again for another is reserved if either is")
    func crawlers() throws {
        let files = try LedgerFiles()
        let source = RightsSource(name: "s", licence: "MIT")
        for verdict in [OptOutEvidence.Verdict.silent, .reserved, .silent] {
            try files.ledger.record(
                OptOutEvidence(
                    method: .robots, url: "u", fetched: 1, snapshot: ContentHash(of: "r"),
                    verdict: verdict, reason: verdict.rawValue), of: source)
        }
        #expect(try files.ledger.evidence(of: source.id).map(\.verdict) == [.reserved])
    }

    @Test("nothing becomes known by being made of itself")
    func rings() throws {
        let files = try LedgerFiles()
        let unknown = try files.write("nobody knows", to: "a.jsonl")
        let copy = try files.write("nobody knows", to: "b.jsonl")
        let run = try RunRecord.begin(
            RunPlan(
                verb: "transform", name: "copy", output: copy,
                inputs: [RunPlan.Input(unknown, how: .transformed)], software: "cp"),
            in: files.ledger)
        try run.produced(copy, .shard)
        #expect(try isRefused(copy, files))
        // A ring of two, which only a forged lineage has; and a model that is its own.
        let (x, y) = (ContentHash(of: "x"), ContentHash(of: "y"))
        for kind in [Artefact.Kind.shard, .model] {
            let lineage = Lineage(
                root: x,
                artefacts: [x, y].map { Artefact(hash: $0, kind: kind, name: "n", created: 0) },
                edges: [
                    Edge(from: x, to: y, how: .trainedOn), Edge(from: y, to: x, how: .produced),
                ])
            #expect(try gate().check(lineage).isRefused)
        }
        let own = Lineage(
            root: x, artefacts: [Artefact(hash: x, kind: .model, name: "n", created: 0)],
            edges: [Edge(from: x, to: x, how: .produced)])
        #expect(try gate().check(own).isRefused)
    }

    @Test(
        "equal texts under several licences are under all of them, and under none if one cannot be read",
        arguments: [
            (["MIT", "Apache-2.0", "MIT"], "Apache-2.0 AND MIT"),
            (["MIT", "GPL-2.0-only OR MIT"], "(GPL-2.0-only OR MIT) AND MIT"),
            (["CC-BY-NC-4.0", "MIT) OR (MIT"], "NOASSERTION"),
            (["MIT", "NOASSERTION"], "NOASSERTION"),
        ])
    func merged(licences: [String], expected: String) throws {
        let files = try LedgerFiles()
        let path = try files.write("s", to: "s.jsonl")
        let shard = try files.ledger.add(RunPlan.Input(path, source: LedgerFiles.ours))
        try files.ledger.record(
            works: licences.map { work("t", $0, attribution: "by \($0)") }, in: shard)
        let source = try #require(try files.ledger.origins(ofRecord: 0, in: shard).first?.source)
        #expect(source.licence == expected)
        #expect(licences.allSatisfy { source.attribution?.contains("by \($0)") == true })
    }

    @Test("who wrote the same text twice under one licence is named twice")
    func authors() throws {
        let files = try LedgerFiles()
        let path = try files.write("s", to: "s.jsonl")
        let shard = try files.ledger.add(RunPlan.Input(path, source: LedgerFiles.ours))
        try files.ledger.record(
            works: ["A", "B", "A"].map { work("t", "CC-BY-4.0", attribution: $0) }, in: shard)
        let source = try #require(try files.ledger.origins(ofRecord: 0, in: shard).first?.source)
        #expect(source.licence == "CC-BY-4.0" && source.attribution == "A; B")
    }

    @Test("a hundred thousand equal lines are one text, in a moment", .timeLimit(.minutes(1)))
    func many() throws {
        let files = try LedgerFiles()
        let path = try files.write("s", to: "s.jsonl")
        let shard = try files.ledger.add(RunPlan.Input(path, source: LedgerFiles.ours))
        let works = (0..<100_000).map { index in
            WorkEntry(
                hash: ContentHash(of: "Yes."), name: "Yes#\(index)",
                source: RightsSource(name: "w", licence: index % 2 == 0 ? "MIT" : "Apache-2.0"),
                records: RecordRanges([index...index]))
        }
        try files.ledger.record(works: works, in: shard)
        let source = try #require(try files.ledger.origins(ofRecord: 7, in: shard).first?.source)
        #expect(source.licence == "Apache-2.0 AND MIT")
    }

    @Test("who answered for one reason did not answer for another")
    func overrides() throws {
        let files = try LedgerFiles()
        let path = try files.write("books", to: "books.jsonl")
        let source = RightsSource(name: "books")
        try files.ledger.add(RunPlan.Input(path, source: source))
        func begin(_ name: String) throws -> RunRecord {
            try RunRecord.begin(
                RunPlan(
                    verb: "sft", name: name, output: files.folder.path(name),
                    inputs: [RunPlan.Input(path)], software: "test"), in: files.ledger)
        }
        let first = try begin("first")
        try first.pass(try gate(), override: GateOverride(reason: "we wrote them", who: "A"))
        #expect(try !gate().check(try files.ledger.lineage(of: first.run)).isRefused)
        try files.ledger.record(
            OptOutEvidence(
                method: .terms, url: "u", fetched: 1, snapshot: ContentHash(of: "t"),
                verdict: .reserved, reason: "all rights"), of: source)
        #expect(try gate().check(try files.ledger.lineage(of: first.run)).isRefused)
    }

    @Test("what a lineage says of works that it does not list is kept where none is known here")
    func omitted() throws {
        let there = try LedgerFiles()
        let here = try LedgerFiles()
        let text = "the same file"
        let data = try there.write(text, to: "s.jsonl")
        let shard = try there.ledger.add(RunPlan.Input(data, source: LedgerFiles.ours))
        try there.ledger.record(
            works: [work("1", "CC-BY-NC-4.0"), work("2", "CC-BY-NC-4.0")], in: shard)
        let own = try here.write(text, to: "s.jsonl")
        try here.ledger.add(RunPlan.Input(own, source: LedgerFiles.ours))
        #expect(try !isRefused(own, here))
        try here.ledger.add(try there.ledger.lineage(of: shard, workLimit: 1))
        #expect(try isRefused(own, here))
    }
}

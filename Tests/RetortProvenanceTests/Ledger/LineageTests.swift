// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import RetortProvenance
import TestSupport
import Testing

@Suite("Lineages") struct LineageTests {
    @Test("a lineage travels with its model into another ledger, whose takedowns then reach on")
    func travels() throws {
        let here = try LedgerFiles()
        let data = try here.write("data", to: "data.jsonl")
        let shard = try here.ledger.add(RunPlan.Input(data, source: LedgerFiles.ours))
        let work = WorkEntry(hash: ContentHash(of: "w"), name: "w", records: RecordRanges([0...0]))
        try here.ledger.record(works: [work], in: shard)
        let model = try here.train("base", on: [data])

        let there = try LedgerFiles()
        let moved = there.folder.path("moved")
        try FileManager.default.copyItem(atPath: model, toPath: moved)
        let prompts = try there.write("prompts", to: "p.jsonl")
        let student = try there.train(
            "student", on: [prompts], teacher: .local(path: moved, name: nil), answers: "answers")
        let report = try there.ledger.takedown([work.hash])
        #expect(report.touched(.model).map(\.artefact.name) == ["base", "student"])
        let lineage = try #require(try there.ledger.lineage(beside: student))
        #expect(lineage.artefacts.contains { $0.hash == work.hash })
        #expect(lineage.orphans.isEmpty)
        #expect(try Lineage(lineage.json) == lineage)
        // Nothing says where on a machine it was made.
        #expect(!lineage.json.text().contains(there.folder.url.path))
    }

    @Test("works of a large shard are counted, and the shard is then said to be incomplete")
    func omitted() throws {
        let files = try LedgerFiles()
        let data = try files.write("data", to: "data.jsonl")
        let shard = try files.ledger.add(RunPlan.Input(data, source: LedgerFiles.ours))
        try files.ledger.record(
            works: (0..<20).map { WorkEntry(hash: ContentHash(of: "w\($0)"), name: "w\($0)") },
            in: shard)
        let model = try files.train("base", on: [data])
        let root = try files.ledger.contents(of: model).address
        let lineage = try files.ledger.lineage(of: root, workLimit: 19)
        #expect(lineage.artefacts(.work).isEmpty && lineage[shard]?.details["works_omitted"] == 20)
        #expect(try files.ledger.lineage(of: root, workLimit: 20).artefacts(.work).count == 20)

        let there = try LedgerFiles()
        try there.ledger.add(lineage)
        let other = ContentHash(of: "other")
        try there.ledger.record(works: [], in: other)
        try there.ledger.record([Artefact(hash: other, kind: .work, name: "o", created: 0)])
        #expect(try there.ledger.takedown([other]).incomplete.map(\.hash) == [shard])
        // Who knows the works is not made to forget them.
        try files.ledger.add(lineage)
        #expect(try files.ledger.takedown([ContentHash(of: "w1")]).incomplete.isEmpty)
    }

    @Test("a model that was changed has lost its lineage, which is said")
    func changed() throws {
        let files = try LedgerFiles()
        let model = try files.train("base", on: [try files.write("data", to: "data.jsonl")])
        try files.write("# A card\n", to: "base/model/README.md")
        #expect(try files.ledger.lineage(beside: model) != nil)
        try files.write("other weights", to: "base/model/model.safetensors")
        let error = #expect(throws: ProvenanceError.self) {
            try files.ledger.lineage(beside: model)
        }
        #expect(error?.description.contains("was changed") == true)
    }

    static let brokenTexts: [String] = [
        "", "{", "[]", "null", "{\"format\": \"retort-provenance\"}",
        "{\"format\": \"other\", \"version\": 1, \"root\": \"\(String(repeating: "0", count: 64))\"}",
        "{\"format\": \"retort-provenance\", \"version\": 2, \"root\": \"\(String(repeating: "0", count: 64))\"}",
        "{\"format\": \"retort-provenance\", \"version\": 1, \"root\": \"\(String(repeating: "0", count: 64))\"}",
        "{\"format\": \"retort-provenance\", \"version\": 1, \"root\": \"xyz\"}",
        "{\"format\": \"retort-provenance\", \"version\": 1e400, \"root\": 5}",
    ]

    @Test("a broken lineage is an error that says what was expected", arguments: brokenTexts)
    func broken(_ text: String) {
        let error = #expect(throws: ProvenanceError.self) { try Lineage(parsing: text.utf8) }
        #expect(error?.description.isEmpty == false)
    }

    @Test("a lineage with any byte lost is an error or as whole as before, never a trap")
    func mutated() throws {
        let files = try LedgerFiles()
        let model = try files.train("base", on: [try files.write("data", to: "data.jsonl")])
        let text = try #require(try files.ledger.lineage(beside: model)).json.text()
        let bytes = Array(text.utf8)
        for index in bytes.indices {
            var mutated = bytes
            mutated.remove(at: index)
            _ = try? Lineage(parsing: mutated)
        }
    }

    @Test("a ring of a forged lineage ends")
    func ring() throws {
        let a = ContentHash(of: "a")
        let b = ContentHash(of: "b")
        let source = LedgerFiles.ours
        let lineage = Lineage(
            root: a,
            artefacts: [a, b].map {
                Artefact(hash: $0, kind: .model, name: "m", created: 0, source: source.id)
            },
            edges: [
                Edge(from: a, to: b, how: .taughtBy), Edge(from: b, to: a, how: .taughtBy),
            ], sources: [source.id: source])
        let files = try LedgerFiles()
        try files.ledger.add(try Lineage(lineage.json))
        #expect(try files.ledger.lineage(of: a).artefacts.count == 2)
        #expect(try files.ledger.takedown([a]).touched.count == 2)
    }
}

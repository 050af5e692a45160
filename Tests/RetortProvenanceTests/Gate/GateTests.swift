// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import RetortProvenance
import TestSupport
import Testing

@Suite("The gate") struct GateTests {
    private let gate: RightsGate

    init() throws { gate = RightsGate(policy: try .bundled()) }

    @Test("a dataset is judged by who wrote it, whatever its tag says")
    func inherited() {
        func verdict(_ licence: String, _ generators: [String]) -> GateVerdict {
            gate.source(
                RightsSource(
                    name: "ours", licence: licence, acquisition: .generated, generators: generators)
            ).verdict
        }
        #expect(verdict("MIT", ["gpt-4o"]) == .forbidden)
        #expect(verdict("ODC-By-1.0", ["google/gemma-3-27b-it"]) == .conditional)
        #expect(verdict("MIT", ["deepseek-r1"]) == .allowed)
        #expect(verdict("MIT", ["deepseek-r1", "some/merge"]) == .unknown)
        // Generated, and nobody says by what.
        #expect(verdict("MIT", []) == .unknown)
    }

    @Test("an open model at a service is under the service's terms too")
    func service() {
        #expect(gate.teacher(names: ["deepseek-r1"], host: "localhost:8000").verdict == .allowed)
        #expect(
            gate.teacher(
                names: ["deepseek-r1"], host: "bedrock-runtime.us-east-1.amazonaws.com"
            ).verdict == .forbidden)
        #expect(gate.teacher(names: ["deepseek-r1"], host: "example.org").verdict == .unknown)
        #expect(gate.teacher(names: []).verdict == .unknown)
    }

    @Test("of several names of one model the strictest counts")
    func names() {
        #expect(gate.teacher(names: ["our-teacher", "gpt-4o"]).verdict == .forbidden)
        #expect(gate.teacher(names: ["deepseek-r1", "our-teacher"]).verdict == .allowed)
        let both = gate.teacher(names: ["deepseek-r1", "llama-3.1-8b"])
        #expect(
            both.verdict == .conditional && both.obligations.contains { $0.kind == .namePrefix })
    }

    private func distill(
        _ files: LedgerFiles, teacher: String, host: String = "localhost", name: String = "student"
    ) throws -> RunRecord {
        let prompts = try files.write("prompts", to: "prompts.jsonl")
        return try RunRecord.begin(
            RunPlan(
                verb: "distill", name: name, output: files.folder.path(name),
                inputs: [RunPlan.Input(prompts, how: .prompted, source: LedgerFiles.ours)],
                teacher: .endpoint(host: host, model: teacher), software: "test"), in: files.ledger)
    }

    @Test("a teacher that forbids it is refused, and what is refused is on record")
    func refused() throws {
        let files = try LedgerFiles()
        let record = try distill(files, teacher: "gpt-4o", host: "api.openai.com")
        let error = #expect(throws: ProvenanceError.self) { try record.pass(gate) }
        #expect(error?.description.contains("teacher gpt-4o: forbidden") == true)
        #expect(error?.description.contains("override") == true)
        #expect(try files.ledger.decisions(of: record.run).map(\.verdict) == ["refused"])
    }

    @Test("an override needs a reason and a name, is kept, and holds for what is made of it later")
    func override() throws {
        for (reason, who) in [("", "me"), ("because", " \n")] {
            #expect(throws: ProvenanceError.self) { try GateOverride(reason: reason, who: who) }
        }
        let files = try LedgerFiles()
        let record = try distill(files, teacher: "somebody/merge")
        let override = try GateOverride(reason: "We trained it ourselves.", who: "A. Person")
        let report = try record.pass(gate, override: override)
        #expect(report.verdict == .unknown && !report.isRefused)
        let model = try files.model("student/model", "w")
        try record.finish(models: [model])
        let decision = try #require(try files.ledger.decisions(of: record.run).first)
        #expect(decision.override?.who == "A. Person")
        #expect(decision.record["policy"]?["sha256"]?.stringValue == gate.policy.stamp.hash.hex)

        let lineage = try #require(try files.ledger.lineage(beside: model))
        #expect(lineage.decisions.count == 1)
        let address = try files.ledger.contents(of: model).address
        #expect(!gate.check(try files.ledger.lineage(of: address)).isRefused)
        // Who gets the model answers for it anew.
        let there = try LedgerFiles()
        try there.ledger.add(lineage)
        #expect(gate.check(try there.ledger.lineage(of: address)).isRefused)
    }

    @Test("non-commercial data need a non-commercial purpose")
    func purpose() throws {
        let source = RightsSource(name: "nc", licence: "CC-BY-NC-4.0")
        #expect(gate.report([gate.source(source)]).isRefused)
        let other = RightsGate(policy: gate.policy, purpose: .nonCommercial)
        #expect(!other.report([other.source(source)]).isRefused)
    }

    @Test("a reservation that was found refuses the source")
    func reserved() throws {
        let files = try LedgerFiles()
        let source = RightsSource(name: "site", licence: "CC0-1.0", acquisition: .crawled)
        let robots = RobotsFile(Array("User-agent: *\nDisallow: /\n".utf8))
        let evidence = robots.evidence(
            url: "https://example.org/robots.txt", path: "/a", agents: ["retort"], fetched: 1)
        try files.ledger.record(evidence, of: source)
        let data = try files.write("page", to: "page.jsonl")
        let shard = try files.ledger.add(RunPlan.Input(data, source: source))
        let report = gate.check(try files.ledger.lineage(of: shard))
        #expect(report.isRefused && report.reasons.contains("robots.txt reserves it"))
    }

    @Test("one work among many that a lineage only counts is judged as if it stood there")
    func manyWorks() throws {
        let files = try LedgerFiles()
        func check(_ licence: String, _ generators: [String], reserved: Bool = false) throws
            -> GateReport
        {
            let data = try files.write(
                "\(licence) \(generators) \(reserved)", to: "\(licence).jsonl")
            let shard = try files.ledger.add(RunPlan.Input(data, source: LedgerFiles.ours))
            let odd = RightsSource(
                name: "odd \(reserved)", licence: licence, url: "https://example.org/odd",
                generators: generators)
            if reserved {
                try files.ledger.record(
                    TDMReservation.evidence(
                        reservation: "1", policy: nil, url: "u", fetched: 0), of: odd)
            }
            try files.ledger.record(
                works: (0..<30).map { number in
                    WorkEntry(
                        hash: ContentHash(of: "\(data) \(number)"), name: "\(number)",
                        source: number == 17
                            ? odd : RightsSource(name: "\(number)", licence: "CC0-1.0"))
                }, in: shard)
            let lineage = try files.ledger.lineage(of: shard, workLimit: 10)
            #expect(lineage.artefacts(.work).isEmpty)
            #expect(try gate.check(Lineage(lineage.json)) == gate.check(lineage))
            return gate.check(lineage)
        }
        #expect(try check("CC0-1.0", []).verdict == .allowed)
        #expect(try check("CC-BY-NC-4.0", []).verdict == .nonCommercial)
        #expect(try check("MIT", ["gpt-4o"]).verdict == .forbidden)
        let reserved = try check("CC-BY-4.0", [], reserved: true)
        #expect(reserved.verdict == .forbidden && reserved.reasons.contains("1 of them"))
    }

    @Test("what nobody recorded is refused")
    func unrecorded() throws {
        let files = try LedgerFiles()
        let shard = try files.ledger.add(RunPlan.Input(try files.write("x", to: "x.jsonl")))
        let report = gate.check(try files.ledger.lineage(of: shard))
        #expect(report.isRefused && report.reasons.contains("nobody said where it came from"))
    }

    @Test("a base is under its weights' licence, a teacher under its outputs' terms")
    func roles() throws {
        #expect(gate.base(names: ["meta-llama/Llama-2-7b-hf"]).verdict == .conditional)
        #expect(gate.teacher(names: ["meta-llama/Llama-2-7b-hf"]).verdict == .forbidden)
        #expect(gate.base(names: ["unheard/of"]).verdict == .unknown)
        #expect(gate.base(names: ["unheard/of"], licence: "Apache-2.0").verdict == .allowed)
    }

    @Test("a recipe is checked before anything runs")
    func recipe() throws {
        let files = try LedgerFiles()
        func check(_ teacher: JSONValue) throws -> GateReport {
            try gate.check(
                recipe: ["kind": "distill", "distill": ["teacher": teacher]], ledger: files.ledger,
                directory: files.folder.url.path)
        }
        let openai = try check(["endpoint": "https://api.openai.com/v1", "name": "gpt-4o"])
        #expect(openai.isRefused && openai.reasons.contains("forbidden"))
        #expect(
            try !check(["endpoint": "http://localhost:8000/v1", "name": "deepseek-r1"]).isRefused)
        #expect(try check(["model": "models/merge"]).isRefused)
        let teacher = try files.train("ours", on: [try files.write("data", to: "data.jsonl")])
        #expect(try !check(["model": .string(teacher)]).isRefused)
        let report = try gate.check(
            recipe: ["data": ["train": ["none.jsonl"]]], ledger: files.ledger,
            directory: files.folder.url.path)
        #expect(report.reasons.contains("it is not there yet"))
    }
}

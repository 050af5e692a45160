// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import RetortProvenance
import TestSupport
import Testing

@Suite("R1 in miniature") struct RecipeLineageTests {
    @Test(
        "the whole lineage of each model resolves, with nothing unknown and nothing that is nobody's"
    )
    func resolves() throws {
        let pipeline = try PipelineLineage()
        let gate = RightsGate(policy: try .bundled())
        let expected: Set = [
            "base", "zero", "cold-start", "reasoning-rl", "rejection-sampling", "r1",
            "student-base-1", "distilled-1", "student-zero-1", "answers-only-1", "on-policy-1",
            "unverified-1", "from-base-1", "distilled-rl-1",
            "bundled", "retort-bundled.gguf",
        ]
        #expect(Set(pipeline.models.keys) == expected)
        for name in expected.sorted() {
            let lineage = try pipeline.lineage(name)
            #expect(lineage.orphans.isEmpty, "\(name): \(lineage.orphans.map(\.name))")
            let report = gate.check(lineage)
            #expect(report.verdict == .allowed, "\(name): \(report.reasons)")
            #expect(!report.findings.isEmpty)
        }
        // From the last student back to the corpus of the teacher's base.
        let lineage = try pipeline.lineage("distilled-rl-1")
        let names = Set(lineage.artefacts.map(\.name))
        #expect(
            names.isSuperset(of: ["r1", "zero", "base", "corpus.jsonl", "mix.yaml", "digits.txt"]))
        #expect(lineage.artefacts(.run).count == 11)
    }

    @Test("a work in the corpus is followed through all of them")
    func takedown() throws {
        let pipeline = try PipelineLineage()
        let ledger = pipeline.files.ledger
        let corpus = try ledger.contents(of: pipeline.files.folder.path("r1-mini/corpus.jsonl"))
        let work = ContentHash(of: "planted")
        try ledger.record(
            works: [WorkEntry(hash: work, name: "planted", records: RecordRanges([7...7]))],
            in: corpus.address)
        let report = try ledger.takedown([work])
        #expect(
            Set(report.touched(.model).map(\.artefact.name)) == Set(pipeline.models.keys))
        #expect((report.touched(.model).map(\.generation).max() ?? 0) >= 4)
    }

    @Test("its models have documents", arguments: ["r1", "distilled-rl-1", "retort-bundled.gguf"])
    func documents(_ name: String) throws {
        let pipeline = try PipelineLineage()
        var facts = ModelFacts(
            name: name, version: "1.0", licence: "Apache-2.0", provider: "Retort",
            released: 1_790_000_000)
        facts.architecture = "DeepseekV3ForCausalLM"
        facts.parameters = 1_860_000
        facts.trainingTokens = 40_000_000
        let model = ModelLineage(
            try pipeline.lineage(name), facts: facts, gate: RightsGate(policy: try .bundled()))
        #expect(model.data.contains { !$0.generators.isEmpty })
        // No run stands before one that made what it reads.
        let order = model.runs.reversed().map(\.name)
        let known = ["corpus.jsonl", "base", "zero", "cold-start", "reasoning-rl", "r1"]
        #expect(order.filter { known.contains($0) } == known)
        let summary = try JSONValue(parsing: model.document(.euSummary))
        let models = summary["sources"]?["synthetic"]?["models"]?.arrayValue ?? []
        #expect(!models.isEmpty && models.allSatisfy { $0["own"] == true })
        // For Tools/validate_provenance_documents.py.
        if let keep = ProcessInfo.processInfo.environment["RETORT_KEEP_DOCUMENTS"] {
            try FileManager.default.createDirectory(
                atPath: "\(keep)/\(name)", withIntermediateDirectories: true)
            try model.write(to: "\(keep)/\(name)")
        }
    }
}

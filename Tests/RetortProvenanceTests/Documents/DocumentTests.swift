// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import RetortProvenance
import TestSupport
import Testing

@Suite("Documents") struct DocumentTests {
    private static func facts() -> ModelFacts {
        var facts = ModelFacts(
            name: "mini", version: "1.0", licence: "Apache-2.0", provider: "A Provider",
            released: 1_790_000_000)
        facts.architecture = "DeepseekV3ForCausalLM"
        facts.parameters = 1_200_000
        facts.languages = ["en"]
        facts.evaluations = [
            .init(task: "products", metric: "pass@1", value: 0.875, interval: 0.8...0.9)
        ]
        facts.limitations = ["It computes by writing."]
        facts.uses = ["Tests"]
        return facts
    }

    private static func model(_ change: (LedgerFiles) throws -> String) throws -> ModelLineage {
        let files = try LedgerFiles()
        let path = try change(files)
        let lineage = try files.ledger.lineage(of: try files.ledger.contents(of: path).address)
        return ModelLineage(lineage, facts: facts(), gate: RightsGate(policy: try .bundled()))
    }

    /// A student of a teacher of one's own, with a dataset of the teacher's answers.
    static func student() throws -> ModelLineage {
        try model { files in
            let data = try files.write("data", to: "data.jsonl")
            let teacher = try files.train("teacher", on: [data])
            return try files.train(
                "student", on: [data], verb: "distill", teacher: .local(path: teacher, name: nil),
                answers: "answers")
        }
    }

    /// A student of somebody else's model, with data under a licence that asks for something.
    static func obliged(override: Bool = false) throws -> ModelLineage {
        try model { files in
            let data = try files.write("data", to: "data.jsonl")
            let source = RightsSource(
                name: "people/essays", licence: "CC-BY-4.0", url: "https://example.org/essays",
                publisher: "People", acquisition: .crawled, acquired: 1_780_000_000,
                attribution: "The People <who> | wrote it")
            let robots = RobotsFile(Array("User-agent: *\nContent-Usage: train-ai=y".utf8))
            try files.ledger.record(
                robots.evidence(
                    url: "https://example.org/robots.txt", path: "/essays", agents: ["x"],
                    fetched: 1_780_000_000), of: source)
            let record = try RunRecord.begin(
                RunPlan(
                    verb: "distill", name: "student", output: files.folder.path("student"),
                    inputs: [RunPlan.Input(data, source: source)],
                    teacher: .endpoint(
                        host: override ? "api.openai.com" : "localhost",
                        model: override ? "gpt-4o" : "Llama-3.1-8B-Instruct"),
                    software: "test"), in: files.ledger)
            try record.pass(
                RightsGate(policy: try .bundled()),
                override: override ? try GateOverride(reason: "A contract.", who: "Us") : nil)
            let model = try files.model("student/model", "w")
            try record.finish(models: [model], name: "student")
            return model
        }
    }

    @Test("the same model gives the same documents", arguments: DocumentFormat.allCases)
    func deterministic(_ format: DocumentFormat) throws {
        let model = try Self.student()
        let text = model.document(format)
        #expect(text == model.document(format) && text.hasSuffix("\n"))
        #expect(text.contains("mini"))
        if format != .euSummaryText, !text.hasPrefix("---") { _ = try JSONValue(parsing: text) }
    }

    @Test("CycloneDX names data, teacher and licences, and its references lead somewhere")
    func cyclonedx() throws {
        let model = try Self.student()
        let json = try JSONValue(parsing: model.document(.cyclonedx))
        let component = try #require(json["metadata"]?["component"])
        #expect(component["hashes"]?.arrayValue?.first?["content"]?.stringValue == model.hash.hex)
        #expect(component["licenses"]?.arrayValue?.first?["expression"] == "Apache-2.0")
        let components = json["components"]?.arrayValue ?? []
        let names = components.compactMap { $0["name"]?.stringValue }
        #expect(Set(names) == ["data.jsonl", "dataset", "teacher"])
        let references = Set(
            (components + [component]).compactMap { $0["bom-ref"]?.stringValue })
        #expect(references.count == components.count + 1)
        for dependency in json["dependencies"]?.arrayValue ?? [] {
            for reference in [dependency["ref"]] + (dependency["dependsOn"]?.arrayValue ?? []) {
                #expect(references.contains(reference?.stringValue ?? ""))
            }
        }
    }

    @Test("SPDX gives each package exactly one declared and one concluded licence")
    func spdx() throws {
        let json = try JSONValue(parsing: try Self.obliged().document(.spdx))
        let graph = json["@graph"]?.arrayValue ?? []
        let packages = graph.filter {
            $0["type"] == "ai_AIPackage" || $0["type"] == "dataset_DatasetPackage"
        }
        #expect(packages.count == 3)
        for package in packages {
            for kind in ["hasDeclaredLicense", "hasConcludedLicense"] {
                let relations = graph.filter {
                    $0["relationshipType"]?.stringValue == kind && $0["from"] == package["spdxId"]
                }
                #expect(relations.count == 1)
            }
        }
        let ids = graph.compactMap { $0["spdxId"]?.stringValue }
        #expect(Set(ids).count == ids.count)
    }

    @Test("Croissant lists all data with their hashes")
    func croissant() throws {
        let model = try Self.student()
        let json = try JSONValue(parsing: model.document(.croissant))
        let files = json["distribution"]?.arrayValue ?? []
        #expect(
            files.compactMap { $0["sha256"]?.stringValue }
                == model.data.map(\.artefact.hash.hex))
    }

    @Test(
        "the EU summary puts data where the template asks for them, and teachers among synthetic ones"
    )
    func euSummary() throws {
        let own = try JSONValue(parsing: try Self.student().document(.euSummary))
        let synthetic = own["sources"]?["synthetic"]
        #expect(synthetic?["models"]?.arrayValue?.map { $0["name"] } == ["teacher"])
        #expect(synthetic?["models"]?.arrayValue?.first?["own"] == true)
        #expect(synthetic?["programs"] == ["retort traces"])
        let other = try JSONValue(parsing: try Self.obliged().document(.euSummary))
        #expect(other["sources"]?["crawled"]?.arrayValue?.count == 1)
        #expect(other["sources"]?["synthetic"]?["models"]?.arrayValue?.first?["own"] == false)
        let checks = other["processing"]?["reservations"]?["checks"]?.arrayValue
        #expect(checks?.first?["verdict"] == "permitted")
    }

    /// Members that the schema wants and the value lacks, or the other way round, by their places.
    private func differences(
        _ value: JSONValue, _ schema: JSONValue, _ root: JSONValue, _ place: String
    ) -> [String] {
        if schema["$ref"] != nil, let data = root["$defs"]?["data"] {
            return differences(value, data, root, place)
        }
        if let items = schema["items"], let array = value.arrayValue {
            return array.flatMap { differences($0, items, root, "\(place)[]") }
        }
        guard let properties = schema["properties"]?.objectValue, let object = value.objectValue
        else { return [] }
        let required = Set((schema["required"]?.arrayValue ?? []).compactMap(\.stringValue))
        let found = required.symmetricDifference(object.keys).map { "\(place).\($0)" }
        let inner = object.members.flatMap { member in
            differences(
                member.value, properties[member.key] ?? .null, root, "\(place).\(member.key)")
        }
        return found + inner
    }

    @Test("the EU summary has the members of its schema, no less and no more")
    func euSchema() throws {
        let schema = try JSONValue(parsing: DocumentFormat.euSummarySchema)
        for model in [
            try Self.student(), try Self.obliged(), try Self.obliged(override: true),
        ] {
            let summary = try JSONValue(parsing: model.document(.euSummary))
            #expect(differences(summary, schema, schema, "").isEmpty)
            var wrong = summary.objectValue ?? JSONObject()
            wrong["general"] = ["provider": ["name": "x"]]
            let found = differences(.object(wrong), schema, schema, "")
            #expect(found.contains(".general.provider.contact"))
        }
    }

    @Test(
        "the card says what must be said, so that the check at export asks only for name and papers"
    )
    func modelCard() throws {
        let model = try Self.obliged()
        let card = model.document(.modelCard)
        #expect(card.contains("**Built with Llama**"))
        let gate = RightsGate(policy: try .bundled())
        let problems = gate.checkExport(
            ExportCandidate(name: "mini", licence: "Apache-2.0", card: card),
            obligations: model.report.obligations)
        #expect(problems.map(\.obligation.kind) == [.namePrefix, .licenceCopy, .notice])
        // Foreign words stay within their cells.
        #expect(!card.contains("<who>") && !card.contains(" | wrote"))
    }

    @Test("an override stands in the documents with its reason")
    func override() throws {
        let model = try Self.obliged(override: true)
        #expect(model.document(.modelCard).contains("A contract."))
        #expect(model.document(.cyclonedx).contains("A contract. (Us)"))
        let summary = try JSONValue(parsing: model.document(.euSummary))
        #expect(summary["evidence"]?["overrides"]?.arrayValue?.first?["who"] == "Us")
    }

    @Test("facts are read from JSON, and what is wrong is named")
    func factsFromJSON() throws {
        let facts = try ModelFacts([
            "name": "m", "version": "1", "licence": "MIT", "provider": "p",
            "evaluations": [["task": "t", "metric": "m", "value": 0.5, "interval": [0.4, 0.6]]],
        ])
        #expect(facts.evaluations.first?.interval == 0.4...0.6)
        for (member, value) in [
            ("licence", "no licence !"), ("colour", "red"), ("parameters", "many"),
        ] as [(String, JSONValue)] {
            var object = JSONObject([
                ("name", "m"), ("version", "1"), ("licence", "MIT"), ("provider", "p"),
            ])
            object[member] = value
            #expect(throws: ProvenanceError.self) { try ModelFacts(.object(object)) }
        }
    }

    @Test("documents are written whole, with their usual names")
    func write() throws {
        let folder = try TemporaryFolder()
        let paths = try Self.student().write(to: folder.url.path)
        #expect(paths.count == DocumentFormat.allCases.count)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
        #expect(Set(names) == Set(DocumentFormat.allCases.map(\.fileName)))
        #expect(throws: ProvenanceError.self) {
            try Self.student().write(to: folder.path("none"))
        }
        // For Tools/validate_provenance_documents.py.
        if let keep = ProcessInfo.processInfo.environment["RETORT_KEEP_DOCUMENTS"] {
            for (name, model) in [
                ("student", try Self.student()), ("obliged", try Self.obliged()),
                ("override", try Self.obliged(override: true)),
            ] {
                let target = "\(keep)/\(name)"
                try FileManager.default.createDirectory(
                    atPath: target, withIntermediateDirectories: true)
                try model.write(to: target)
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// SPDX 3.0.1 as JSON-LD, profiles AI and Dataset: each package with exactly one declared and one concluded
// licence, as the profiles ask. Checked by spdx3-validate (Tools/validate_provenance_documents.py).

import RetortJSON

struct SPDXDocument {
    let model: ModelLineage
    private let terms = "https://spdx.org/rdf/3.0.1/terms"

    init(_ model: ModelLineage) { self.model = model }

    var json: JSONValue {
        var graph = Graph(prefix: "urn:retort:spdx:\(model.hash.hex)")
        let time = ProvenanceDate.text(model.facts.released)
        let provider = graph.agent(model.facts.provider)
        graph.elements.append([
            "type": "CreationInfo", "@id": "_:creation", "specVersion": "3.0.1",
            "created": .string(time), "createdBy": [.string(provider)],
        ])
        let root = package(&graph, provider)
        var packages: Set = [model.hash]
        for data in model.data where packages.insert(data.artefact.hash).inserted {
            package(data, &graph, provider)
        }
        for parent in model.parents where packages.insert(parent.artefact.hash).inserted {
            package(parent, &graph, provider)
        }
        relationships(&graph)
        let identifiers = graph.elements.compactMap { $0["spdxId"] }
        graph.elements.append([
            "type": "SpdxDocument", "spdxId": .string("\(graph.prefix)#document"),
            "creationInfo": "_:creation", "name": .string("\(model.facts.name) and its making"),
            "profileConformance": ["core", "software", "simpleLicensing", "ai", "dataset"],
            "rootElement": [.string(root)], "element": .array(identifiers),
        ])
        return [
            "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
            "@graph": .array(graph.elements),
        ]
    }

    /// Collects elements; agents and licences once each.
    private struct Graph {
        let prefix: String
        var elements: [JSONValue] = []
        private var agents: [String: String] = [:]
        private var licences: [String: String] = [:]
        private var relations = 0

        init(prefix: String) { self.prefix = prefix }

        mutating func agent(_ name: String) -> String {
            if let known = agents[name] { return known }
            let id = "\(prefix)#agent-\(agents.count + 1)"
            agents[name] = id
            elements.append([
                "type": "Organization", "spdxId": .string(id), "creationInfo": "_:creation",
                "name": .string(name),
            ])
            return id
        }

        mutating func licence(_ expression: String) -> String {
            if let known = licences[expression] { return known }
            let id = "\(prefix)#licence-\(licences.count + 1)"
            licences[expression] = id
            elements.append([
                "type": "simplelicensing_LicenseExpression", "spdxId": .string(id),
                "creationInfo": "_:creation",
                "simplelicensing_licenseExpression": .string(expression),
            ])
            return id
        }

        mutating func relate(
            _ from: String, _ type: String, _ to: [String], comment: String? = nil
        ) {
            guard !to.isEmpty else { return }
            relations += 1
            var object = JSONObject([
                ("type", "Relationship"), ("spdxId", .string("\(prefix)#relation-\(relations)")),
                ("creationInfo", "_:creation"), ("from", .string(from)),
                ("relationshipType", .string(type)), ("to", .array(to.map { .string($0) })),
            ])
            object["comment"] = comment.map { .string($0) }
            elements.append(.object(object))
        }
    }

    private func id(_ hash: ContentHash) -> String { "urn:retort:sha256:\(hash.hex)" }

    private static func hashes(_ hash: ContentHash) -> JSONValue {
        [["type": "Hash", "algorithm": "sha256", "hashValue": .string(hash.hex)]]
    }

    private static func dictionary(_ pairs: [(String, String)]) -> JSONValue {
        .array(
            pairs.map {
                ["type": "DictionaryEntry", "key": .string($0.0), "value": .string($0.1)]
            })
    }

    private func license(
        _ graph: inout Graph, _ package: String, declared: String, concluded: String
    ) {
        graph.relate(package, "hasDeclaredLicense", [licence(&graph, declared)])
        graph.relate(package, "hasConcludedLicense", [licence(&graph, concluded)])
    }

    private func licence(_ graph: inout Graph, _ expression: String) -> String {
        let isKnown = (try? LicenceExpression(parsing: expression)) != nil
        guard isKnown, expression != RightsSource.noAssertion else {
            return "\(terms)/ExpandedLicensing/NoAssertionLicense"
        }
        return graph.licence(expression)
    }

    // MARK: Packages

    private func package(_ graph: inout Graph, _ provider: String) -> String {
        let facts = model.facts
        var object = JSONObject([
            ("type", "ai_AIPackage"), ("spdxId", .string(id(model.hash))),
            ("creationInfo", "_:creation"), ("name", .string(facts.name)),
            ("software_packageVersion", .string(facts.version)),
            ("software_downloadLocation", .string(facts.downloadURL ?? id(model.hash))),
            ("software_primaryPurpose", "model"), ("suppliedBy", .string(provider)),
            ("originatedBy", [.string(provider)]),
            ("releaseTime", .string(ProvenanceDate.text(facts.released))),
            ("builtTime", .string(ProvenanceDate.text(built))),
            ("verifiedUsing", Self.hashes(model.hash)),
        ])
        object["description"] = facts.description.map { .string($0) }
        object["ai_typeOfModel"] = ["transformer"]
        if let architecture = facts.architecture {
            object["ai_typeOfModel"] = ["transformer", .string(architecture)]
        }
        if !facts.uses.isEmpty {
            object["ai_informationAboutApplication"] = .string(facts.uses.joined(separator: "\n"))
        }
        object["ai_informationAboutTraining"] = .string(training)
        if !facts.limitations.isEmpty {
            object["ai_limitation"] = .string(facts.limitations.joined(separator: "\n"))
        }
        if !facts.evaluations.isEmpty {
            object["ai_metric"] = Self.dictionary(
                facts.evaluations.map {
                    ("\($0.task): \($0.metric)", DocumentText.number($0.value))
                })
        }
        if let parameters = facts.parameters {
            object["ai_hyperparameter"] = Self.dictionary([("parameters", "\(parameters)")])
        }
        object["software_attributionText"] = .array(
            model.report.obligations.map { .string($0.text) })
        if model.report.obligations.isEmpty { object["software_attributionText"] = nil }
        graph.elements.append(.object(object))
        license(&graph, id(model.hash), declared: facts.licence, concluded: facts.licence)
        return id(model.hash)
    }

    private var built: Double { model.lineage[model.hash]?.created ?? model.facts.released }

    /// The runs, from the first on.
    private var training: String {
        model.runs.reversed().map { run in
            let verb = run.details["verb"]?.stringValue ?? "run"
            return "\(verb) \(run.name), \(ProvenanceDate.day(run.created))"
        }.joined(separator: "\n")
    }

    private func package(_ data: ModelLineage.Data, _ graph: inout Graph, _ provider: String) {
        let artefact = data.artefact
        let source = data.source
        let owner = source?.publisher.map { graph.agent($0) } ?? provider
        let made = ProvenanceDate.text(source?.acquired ?? artefact.created)
        var object = JSONObject([
            ("type", "dataset_DatasetPackage"), ("spdxId", .string(id(artefact.hash))),
            ("creationInfo", "_:creation"), ("name", .string(artefact.name)),
            ("software_packageVersion", .string(String(artefact.hash.hex.prefix(12)))),
            ("software_downloadLocation", .string(source?.url ?? id(artefact.hash))),
            ("software_primaryPurpose", "data"), ("suppliedBy", .string(owner)),
            ("originatedBy", [.string(owner)]), ("releaseTime", .string(made)),
            ("builtTime", .string(made)), ("verifiedUsing", Self.hashes(artefact.hash)),
            ("dataset_datasetType", ["text"]),
            ("dataset_dataCollectionProcess", .string(process(data))),
        ])
        object["dataset_datasetSize"] = artefact.size.map { .integer(Int64($0)) }
        graph.elements.append(.object(object))
        license(
            &graph, id(artefact.hash), declared: source?.licence ?? RightsSource.noAssertion,
            concluded: data.licence)
    }

    private func process(_ data: ModelLineage.Data) -> String {
        var parts = [data.source.map { "acquired: \($0.acquisition.rawValue)" } ?? "made by a run"]
        parts += data.generators.map { "written by the model \($0)" }
        parts += data.programs.map { "written by the program \($0)" }
        return parts.joined(separator: "; ")
    }

    private func package(_ parent: ModelLineage.Parent, _ graph: inout Graph, _ provider: String) {
        let artefact = parent.artefact
        let source = artefact.source.flatMap { model.lineage.sources[$0] }
        let owner =
            source?.publisher.map { graph.agent($0) }
            ?? (parent.isMade ? provider : graph.agent("not known"))
        let made = ProvenanceDate.text(artefact.created)
        var object = JSONObject([
            ("type", "ai_AIPackage"), ("spdxId", .string(id(artefact.hash))),
            ("creationInfo", "_:creation"), ("name", .string(artefact.name)),
            ("software_packageVersion", .string(String(artefact.hash.hex.prefix(12)))),
            ("software_downloadLocation", .string(source?.url ?? id(artefact.hash))),
            ("software_primaryPurpose", "model"), ("suppliedBy", .string(owner)),
            ("releaseTime", .string(made)), ("ai_typeOfModel", ["transformer"]),
        ])
        if parent.host == nil { object["verifiedUsing"] = Self.hashes(artefact.hash) }
        graph.elements.append(.object(object))
        license(
            &graph, id(artefact.hash), declared: source?.licence ?? RightsSource.noAssertion,
            concluded: parent.licence)
    }

    // MARK: Relations

    private func relationships(_ graph: inout Graph) {
        var trained: [String] = []
        var tested: [String] = []
        for data in model.data {
            if data.how == .validatedOn || data.how == .evaluated {
                tested.append(id(data.artefact.hash))
            } else {
                trained.append(id(data.artefact.hash))
            }
        }
        graph.relate(id(model.hash), "trainedOn", trained)
        graph.relate(id(model.hash), "testedOn", tested)
        for parent in model.parents {
            let from = id(parent.artefact.hash)
            switch parent.role {
            case .base: graph.relate(id(model.hash), "descendantOf", [from])
            case .teacher:
                let answers = model.data.filter { $0.generators.contains(parent.artefact.name) }
                graph.relate(from, "generates", answers.map { id($0.artefact.hash) })
                graph.relate(
                    id(model.hash), "other", [from], comment: "learned from what this model says")
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// An ML-BOM as CycloneDX 1.6 has it (ECMA-424): the model with its card, data and other models as
// components, dependencies between them. Checked by the schema of cyclonedx-python-lib
// (Tools/validate_provenance_documents.py).

import RetortJSON

struct CycloneDXDocument {
    let model: ModelLineage

    init(_ model: ModelLineage) { self.model = model }

    var json: JSONValue {
        let facts = model.facts
        return [
            "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
            "bomFormat": "CycloneDX", "specVersion": "1.6",
            "serialNumber": .string("urn:uuid:\(model.documentUUID("cyclonedx"))"), "version": 1,
            "metadata": [
                "timestamp": .string(ProvenanceDate.text(facts.released)),
                "tools": ["components": [["type": "application", "name": "retort"]]],
                "supplier": supplier(facts.provider, facts.contact), "component": component,
            ],
            "components": .array(
                model.data.map { component(of: $0) } + parents.map { component(of: $0) }),
            "dependencies": .array(dependencies),
        ]
    }

    private func supplier(_ name: String, _ contact: String? = nil) -> JSONValue {
        var object = JSONObject([("name", .string(name))])
        if let contact {
            if contact.contains("@"), !contact.contains("/") {
                object["contact"] = [["email": .string(contact)]]
            } else {
                object["url"] = [.string(contact)]
            }
        }
        return .object(object)
    }

    private static func ref(_ hash: ContentHash) -> JSONValue { .string("sha256:\(hash.hex)") }

    private static func hashes(_ hash: ContentHash) -> JSONValue {
        [["alg": "SHA-256", "content": .string(hash.hex)]]
    }

    private static func licences(_ licence: String) -> JSONValue {
        let isExpression = (try? LicenceExpression(parsing: licence)) != nil
        return isExpression && licence != RightsSource.noAssertion
            ? [["expression": .string(licence)]] : [["license": ["name": .string(licence)]]]
    }

    private static func properties(_ pairs: [(String, String)]) -> JSONValue {
        .array(pairs.map { ["name": .string("retort:\($0.0)"), "value": .string($0.1)] })
    }

    /// One artefact is one component, whatever it was to the model.
    private var parents: [ModelLineage.Parent] {
        var seen: Set<ContentHash> = []
        return model.parents.filter { seen.insert($0.artefact.hash).inserted }
    }

    // MARK: The model

    private var component: JSONValue {
        let facts = model.facts
        var object = JSONObject([
            ("type", "machine-learning-model"), ("bom-ref", Self.ref(model.hash)),
            ("supplier", supplier(facts.provider, facts.contact)), ("name", .string(facts.name)),
            ("version", .string(facts.version)),
        ])
        object["description"] = facts.description.map { .string($0) }
        object["hashes"] = Self.hashes(model.hash)
        object["licenses"] = Self.licences(facts.licence)
        if let url = facts.downloadURL {
            object["externalReferences"] = [["type": "distribution", "url": .string(url)]]
        }
        let bases = model.parents.filter { $0.role == .base }
        if !bases.isEmpty {
            object["pedigree"] = [
                "ancestors": .array(
                    bases.map { base in
                        [
                            "type": "machine-learning-model", "name": .string(base.artefact.name),
                            "hashes": Self.hashes(base.artefact.hash),
                        ]
                    })
            ]
        }
        object["modelCard"] = card
        var properties = [
            ("policy", "\(model.report.policy.date) \(model.report.policy.hash)"),
            ("verdict", model.report.verdict.rawValue),
        ]
        properties += model.report.obligations.map { ("obligation:\($0.kind.rawValue)", $0.text) }
        properties += model.overrides.map {
            ("override", "\($0.subject): \($0.override.reason) (\($0.override.who))")
        }
        if let parameters = facts.parameters { properties.append(("parameters", "\(parameters)")) }
        object["properties"] = Self.properties(properties)
        return .object(object)
    }

    private var card: JSONValue {
        let facts = model.facts
        var parameters = JSONObject([
            ("approach", ["type": .string(approach)]), ("task", "text-generation"),
            ("architectureFamily", "transformer"),
        ])
        parameters["modelArchitecture"] = facts.architecture.map { .string($0) }
        parameters["datasets"] = .array(model.data.map { ["ref": Self.ref($0.artefact.hash)] })
        parameters["inputs"] = [["format": "text"]]
        parameters["outputs"] = [["format": "text"]]
        var card = JSONObject([("modelParameters", .object(parameters))])
        if !facts.evaluations.isEmpty {
            card["quantitativeAnalysis"] = [
                "performanceMetrics": .array(facts.evaluations.map { Self.metric($0) })
            ]
        }
        var considerations = JSONObject()
        func texts(_ items: [String]) -> JSONValue { .array(items.map { .string($0) }) }
        if !facts.uses.isEmpty { considerations["useCases"] = texts(facts.uses) }
        if !facts.limitations.isEmpty {
            considerations["technicalLimitations"] = texts(facts.limitations)
        }
        if !considerations.isEmpty { card["considerations"] = .object(considerations) }
        return .object(card)
    }

    private static func metric(_ evaluation: ModelFacts.Evaluation) -> JSONValue {
        var object = JSONObject([
            ("type", .string(evaluation.metric)),
            ("value", .string(DocumentText.number(evaluation.value))),
            ("slice", .string(evaluation.task)),
        ])
        if let interval = evaluation.interval {
            object["confidenceInterval"] = [
                "lowerBound": .string(DocumentText.number(interval.lowerBound)),
                "upperBound": .string(DocumentText.number(interval.upperBound)),
            ]
        }
        return .object(object)
    }

    /// Of the last run that trained.
    private var approach: String {
        switch model.runs.first?.details["verb"]?.stringValue {
        case "rl": "reinforcement-learning"
        case "train": "self-supervised"
        default: "supervised"
        }
    }

    // MARK: What it was made of

    private func component(of data: ModelLineage.Data) -> JSONValue {
        let artefact = data.artefact
        var object = JSONObject([
            ("type", "data"), ("bom-ref", Self.ref(artefact.hash)),
            ("name", .string(artefact.name)),
        ])
        object["publisher"] = data.source?.publisher.map { .string($0) }
        object["hashes"] = Self.hashes(artefact.hash)
        object["licenses"] = Self.licences(data.licence)
        var content = JSONObject([
            ("type", "dataset"), ("name", .string(data.source?.name ?? artefact.name)),
        ])
        if let url = data.source?.url { content["contents"] = ["url": .string(url)] }
        content["governance"] = data.source?.publisher.map { name in
            ["owners": [["organization": ["name": .string(name)]]]]
        }
        object["data"] = [.object(content)]
        var properties = [("how", data.how.rawValue)]
        if let source = data.source {
            properties.append(("acquisition", source.acquisition.rawValue))
        }
        properties += data.generators.map { ("generated-by", $0) }
        properties += data.programs.map { ("written-by", $0) }
        if let size = artefact.size { properties.append(("bytes", "\(size)")) }
        object["properties"] = Self.properties(properties)
        return .object(object)
    }

    private func component(of parent: ModelLineage.Parent) -> JSONValue {
        let artefact = parent.artefact
        var object = JSONObject([
            ("type", "machine-learning-model"), ("bom-ref", Self.ref(artefact.hash)),
            ("name", .string(artefact.name)),
        ])
        // A model behind an API has no content that could be hashed.
        if parent.host == nil { object["hashes"] = Self.hashes(artefact.hash) }
        object["licenses"] = Self.licences(parent.licence)
        let roles = model.parents.filter { $0.artefact.hash == artefact.hash }.map(\.role.rawValue)
        var properties = roles.map { ("role", $0) }
        if let host = parent.host { properties.append(("endpoint", host)) }
        object["properties"] = Self.properties(properties)
        return .object(object)
    }

    /// The model depends on all; other models on the data and models of their own making.
    private var dependencies: [JSONValue] {
        let listed = Set(model.data.map(\.artefact.hash) + parents.map(\.artefact.hash))
        var result: [JSONValue] = []
        for hash in [model.hash] + parents.map(\.artefact.hash) {
            let origins = ancestors(of: hash, stoppingAt: listed).filter { $0 != hash }
            guard !origins.isEmpty else { continue }
            result.append([
                "ref": Self.ref(hash), "dependsOn": .array(origins.sorted().map { Self.ref($0) }),
            ])
        }
        return result
    }

    /// The nearest listed artefacts behind one.
    private func ancestors(of hash: ContentHash, stoppingAt listed: Set<ContentHash>)
        -> Set<ContentHash>
    {
        var found: Set<ContentHash> = []
        var seen: Set = [hash]
        var pending = [hash]
        while let next = pending.popLast() {
            for (origin, _) in model.graph.origins(of: next)
            where seen.insert(origin.hash).inserted {
                if listed.contains(origin.hash) {
                    found.insert(origin.hash)
                } else {
                    pending.append(origin.hash)
                }
            }
        }
        return found
    }
}

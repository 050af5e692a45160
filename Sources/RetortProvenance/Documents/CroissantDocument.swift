// SPDX-License-Identifier: Apache-2.0
//
// The data that a model was trained on as one dataset of MLCommons' Croissant 1.0, with what its
// vocabulary for responsible AI asks. Checked by mlcroissant (Tools/validate_provenance_documents.py).

import RetortJSON

struct CroissantDocument {
    let model: ModelLineage

    init(_ model: ModelLineage) { self.model = model }

    var json: JSONValue {
        let facts = model.facts
        var object = JSONObject([
            ("@context", Self.context), ("@type", "sc:Dataset"),
            (
                "conformsTo",
                [
                    "http://mlcommons.org/croissant/1.0",
                    "http://mlcommons.org/croissant/RAI/1.0",
                ]
            ),
            ("name", .string("\(Self.name(facts.name))-training-data")),
            (
                "description",
                .string("All data that the model \(facts.name) was trained on, with their hashes.")
            ),
            ("url", .string(facts.downloadURL ?? "urn:retort:sha256:\(model.hash.hex)")),
            ("license", .array(licences.map { .string($0) })),
            ("version", .string(Self.semantic(facts.version))),
            ("datePublished", .string(ProvenanceDate.day(facts.released))),
            ("creator", ["@type": "sc:Organization", "name": .string(facts.provider)]),
            ("citeAs", .string("\(facts.provider): training data of \(facts.name)")),
            ("rai:dataCollection", .string(collection)),
            ("rai:dataCollectionType", .array(collectionTypes.map { .string($0) })),
            ("rai:dataUseCases", ["Training of language models"]),
        ])
        if !limitations.isEmpty {
            object["rai:dataLimitations"] = .array(limitations.map { .string($0) })
        }
        object["distribution"] = .array(model.data.enumerated().map { file($0, $1) })
        return .object(object)
    }

    /// Names have letters, digits, `-` and `_` alone.
    private static func name(_ text: String) -> String {
        String(
            text.map { character in
                character.isASCII && (character.isLetter || character.isNumber)
                    || character == "_" ? character : "-"
            })
    }

    /// Croissant asks for three numbers.
    private static func semantic(_ version: String) -> String {
        let parts = version.split(separator: ".").prefix(3).map { $0.prefix { $0.isNumber } }
        guard !parts.isEmpty, parts.allSatisfy({ !$0.isEmpty }) else { return "0.0.0" }
        return (parts + Array(repeating: "0", count: 3 - parts.count)).joined(separator: ".")
    }

    private func file(_ number: Int, _ data: ModelLineage.Data) -> JSONValue {
        let artefact = data.artefact
        let isLines = artefact.name.hasSuffix(".jsonl") || artefact.kind == .dataset
        var object = JSONObject([
            ("@type", "cr:FileObject"), ("@id", .string("data-\(number + 1)")),
            ("name", .string(artefact.name)),
            ("description", .string(describe(data))),
            ("contentUrl", .string(data.source?.url ?? artefact.name)),
            ("encodingFormat", isLines ? "application/jsonlines" : "text/plain"),
            ("sha256", .string(artefact.hash.hex)),
        ])
        object["contentSize"] = artefact.size.map { .string("\($0) B") }
        return .object(object)
    }

    private func describe(_ data: ModelLineage.Data) -> String {
        var parts = ["\(data.how.rawValue); licence \(data.licence)"]
        parts += data.generators.map { "written by the model \($0)" }
        parts += data.programs.map { "written by the program \($0)" }
        return parts.joined(separator: "; ")
    }

    private var licences: [String] {
        let all = Set(model.data.map(\.licence)).sorted()
        return all.isEmpty ? [RightsSource.noAssertion] : all
    }

    private var collection: String {
        model.data.map { "\($0.artefact.name): \(describe($0))" }.joined(separator: "\n")
    }

    /// Of RAI's classes.
    private var collectionTypes: [String] {
        var types: Set<String> = []
        for data in model.data {
            if data.isSynthetic {
                types.insert("Software Collection")
                continue
            }
            switch data.source?.acquisition {
            case .crawled: types.insert("Web Scraping")
            case .users: types.insert("Manual Human Curator")
            case .publicDataset, .licensed, .privateDataset: types.insert("Secondary Data Analysis")
            default: types.insert("Others")
            }
        }
        return types.sorted()
    }

    private var limitations: [String] {
        model.data.filter { $0.isSynthetic }.map {
            "\($0.artefact.name) was written by "
                + ($0.generators + $0.programs).joined(separator: ", ") + ", not by people"
        }
    }

    /// The terms of Croissant 1.0 as its specification lists them.
    private static let context: JSONValue = [
        "@language": "en", "@vocab": "https://schema.org/", "citeAs": "cr:citeAs",
        "column": "cr:column", "conformsTo": "dct:conformsTo",
        "cr": "http://mlcommons.org/croissant/", "rai": "http://mlcommons.org/croissant/RAI/",
        "data": ["@id": "cr:data", "@type": "@json"],
        "dataType": ["@id": "cr:dataType", "@type": "@vocab"],
        "dct": "http://purl.org/dc/terms/",
        "examples": ["@id": "cr:examples", "@type": "@json"], "extract": "cr:extract",
        "field": "cr:field", "fileProperty": "cr:fileProperty", "fileObject": "cr:fileObject",
        "fileSet": "cr:fileSet", "format": "cr:format", "includes": "cr:includes",
        "isLiveDataset": "cr:isLiveDataset", "jsonPath": "cr:jsonPath", "key": "cr:key",
        "md5": "cr:md5", "parentField": "cr:parentField", "path": "cr:path",
        "recordSet": "cr:recordSet", "references": "cr:references", "regex": "cr:regex",
        "repeated": "cr:repeated", "replace": "cr:replace", "sc": "https://schema.org/",
        "separator": "cr:separator", "source": "cr:source", "subField": "cr:subField",
        "transform": "cr:transform",
    ]
}

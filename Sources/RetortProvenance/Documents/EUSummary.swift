// SPDX-License-Identifier: Apache-2.0
//
// The public summary of the content used for training that Article 53(1)(d) of Regulation (EU) 2024/1689
// asks of providers of general-purpose models, by the sections of the Commission's template of 24 July
// 2025: general information, sources of data, processing. The template gives no machine-readable form:
// Resources/eu-summary.schema.json is one of our own.

import RetortJSON

struct EUSummary {
    let model: ModelLineage

    init(_ model: ModelLineage) { self.model = model }

    var json: JSONValue {
        [
            "format": "retort-eu-summary", "version": 1,
            "template": "Regulation (EU) 2024/1689, Article 53(1)(d); template of 2025-07-24",
            "general": general, "sources": sources, "processing": processing, "evidence": evidence,
        ]
    }

    // MARK: 1 General information

    private var general: JSONValue {
        let facts = model.facts
        let bases = model.parents.filter { $0.role == .base && !$0.isMade }
        return [
            "provider": [
                "name": .string(facts.provider),
                "contact": facts.contact.map { .string($0) } ?? .null,
            ],
            "model": [
                "name": .string(facts.name), "version": .string(facts.version),
                "sha256": .string(model.hash.hex), "licence": .string(facts.licence),
                "parameters": facts.parameters.map { .integer(Int64($0)) } ?? .null,
                "placed_on_market": .string(ProvenanceDate.day(facts.released)),
                "modified_models": .array(bases.map { .string($0.artefact.name) }),
            ],
            "modalities": ["text"],
            "training_data_size": [
                "text": .string(sizeRange),
                "tokens": facts.trainingTokens.map { .integer(Int64($0)) } ?? .null,
                "bytes": .integer(Int64(bytes)),
            ],
            "languages": .array(facts.languages.map { .string($0) }),
            "latest_acquisition": latest.map { .string(ProvenanceDate.day($0)) } ?? .null,
        ]
    }

    private var bytes: Int { model.data.reduce(0) { $0 + ($1.artefact.size ?? 0) } }

    /// The template's classes. A token is at least a byte, so that few bytes are few tokens.
    private var sizeRange: String {
        guard let tokens = model.facts.trainingTokens else {
            return bytes < 1_000_000_000 ? "less than 1 billion tokens" : "not counted"
        }
        return switch tokens {
        case ..<1_000_000_000: "less than 1 billion tokens"
        case ...10_000_000_000_000: "1 billion to 10 trillion tokens"
        default: "more than 10 trillion tokens"
        }
    }

    private var latest: Double? {
        model.data.map { $0.source?.acquired ?? $0.artefact.created }.max()
    }

    // MARK: 2 Sources

    private var sources: JSONValue {
        func entries(_ kinds: Set<RightsSource.Acquisition>) -> [JSONValue] {
            model.data.filter { data in
                guard let source = data.source, !data.isSynthetic else { return false }
                return kinds.contains(source.acquisition)
            }.map { entry($0) }
        }
        let synthetic = model.data.filter(\.isSynthetic)
        let teachers = Set(
            synthetic.flatMap(\.generators)
                + model.parents.filter { $0.role == .teacher }.map(\.artefact.name))
        return [
            "public_datasets": .array(entries([.publicDataset])),
            "licensed": .array(entries([.licensed])),
            "private_datasets": .array(entries([.privateDataset])),
            "crawled": .array(entries([.crawled])), "users": .array(entries([.users])),
            "synthetic": [
                "data": .array(synthetic.map { entry($0) }),
                "models": .array(teachers.sorted().map { generator($0) }),
                "programs": .array(
                    Set(synthetic.flatMap(\.programs)).sorted().map { .string($0) }),
            ],
            "other": .array(entries([.other, .unknown, .generated]) + unsourced),
        ]
    }

    /// Made by runs of what is listed already, and no model's words.
    private var unsourced: [JSONValue] {
        model.data.filter { $0.source == nil && !$0.isSynthetic }.map { entry($0) }
    }

    private func generator(_ name: String) -> JSONValue {
        let parent = model.parents.first { $0.artefact.name == name }
        return [
            "name": .string(name),
            "endpoint": parent?.host.map { .string($0) } ?? .null,
            "own": .bool(parent?.isMade ?? false),
            "licence": .string(parent?.licence ?? RightsSource.noAssertion),
        ]
    }

    private func entry(_ data: ModelLineage.Data) -> JSONValue {
        let source = data.source
        return [
            "name": .string(source?.name ?? data.artefact.name),
            "file": .string(data.artefact.name), "sha256": .string(data.artefact.hash.hex),
            "bytes": data.artefact.size.map { .integer(Int64($0)) } ?? .null,
            "url": source?.url.map { .string($0) } ?? .null,
            "publisher": source?.publisher.map { .string($0) } ?? .null,
            "licence": .string(data.licence),
            "acquired": source?.acquired.map { .string(ProvenanceDate.day($0)) } ?? .null,
        ]
    }

    // MARK: 3 Processing

    private var processing: JSONValue {
        let evidence = model.lineage.evidence.sorted { $0.key < $1.key }.flatMap { id, items in
            items.map { (model.lineage.sources[id]?.name ?? id.hex, $0) }
        }
        let measures = model.facts.reservationMeasures ?? recordedMeasures(evidence.count)
        return [
            "reservations": [
                "measures": .string(measures),
                "checks": .array(
                    evidence.map { name, item in
                        [
                            "source": .string(name), "protocol": .string(item.method.rawValue),
                            "url": .string(item.url), "verdict": .string(item.verdict.rawValue),
                            "read": .string(ProvenanceDate.text(item.fetched)),
                            "sha256": .string(item.snapshot.hex),
                        ]
                    }),
            ],
            "illegal_content": [
                "measures": .string(model.facts.contentMeasures ?? "None were recorded.")
            ],
        ]
    }

    /// Only what the ledger knows: nothing is said of checks that it has no evidence of.
    private func recordedMeasures(_ checks: Int) -> String {
        let crawled = model.lineage.sources.values.filter { $0.acquisition == .crawled }
        if checks > 0 {
            return "\(checks) reservations were looked for and kept, as listed; what is reserved is"
                + " refused by rule."
        }
        return crawled.isEmpty
            ? "No collection from websites was recorded."
            : "Content was collected from websites, and no check of reservations was recorded."
    }

    private var evidence: JSONValue {
        [
            "lineage_root": .string(model.lineage.root.hex),
            "policy": [
                "date": .string(model.report.policy.date),
                "sha256": .string(model.report.policy.hash.hex),
                "verdict": .string(model.report.verdict.rawValue),
            ],
            "overrides": .array(
                model.overrides.map { subject, override in
                    [
                        "subject": .string(subject), "reason": .string(override.reason),
                        "who": .string(override.who),
                    ]
                }),
        ]
    }
}

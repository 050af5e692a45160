// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// README.md of a model: what Hugging Face reads of it as YAML, what it was made of, and what its
/// licences and teachers ask to be said.
struct ModelCard {
    let model: ModelLineage

    init(_ model: ModelLineage) { self.model = model }

    var text: String {
        var parts = [frontMatter, "# \(DocumentText.line(model.facts.name))"]
        if let description = model.facts.description { parts.append(description) }
        // What must be said stands where it is read.
        parts += statements
        parts += [overview, making, dataSection]
        if !model.facts.evaluations.isEmpty { parts.append(evaluations) }
        if !model.facts.uses.isEmpty {
            parts.append("## Uses\n\n" + DocumentText.list(model.facts.uses))
        }
        if !model.facts.limitations.isEmpty {
            parts.append("## Limitations\n\n" + DocumentText.list(model.facts.limitations))
        }
        parts += [rights, provenance]
        return parts.joined(separator: "\n\n") + "\n"
    }

    // MARK: Front matter

    private var frontMatter: String {
        let facts = model.facts
        var lines = ["---"] + DocumentText.licence(facts.licence)
        lines += DocumentText.yaml("language", facts.languages)
        lines.append("pipeline_tag: \"text-generation\"")
        lines.append("library_name: \"transformers\"")
        // Only what the hub knows by its name can be linked.
        let bases = model.parents.filter { $0.role == .base }.map { hubName($0.artefact) }
            .filter { $0.contains("/") }
        lines += DocumentText.yaml("base_model", unique(bases))
        let datasets = model.data.compactMap { $0.source?.name }.filter { Self.isHubName($0) }
        lines += DocumentText.yaml("datasets", unique(datasets))
        var tags = ["retort", "provenance"]
        if model.parents.contains(where: { $0.role == .teacher }) { tags.append("distillation") }
        if model.data.contains(where: \.isSynthetic) { tags.append("synthetic") }
        lines += DocumentText.yaml("tags", tags)
        return (lines + ["---"]).joined(separator: "\n")
    }

    private func hubName(_ artefact: Artefact) -> String {
        let source = artefact.source.flatMap { model.lineage.sources[$0] }
        return source.map(\.name).flatMap { Self.isHubName($0) ? $0 : nil } ?? artefact.name
    }

    private static func isHubName(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy { byte in
                        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                            || (0x61...0x7A).contains(byte) || [0x2D, 0x2E, 0x5F].contains(byte)
                    }
            }
    }

    private func unique(_ items: [String]) -> [String] {
        var result: [String] = []
        for item in items where !result.contains(item) { result.append(item) }
        return result
    }

    // MARK: Text

    /// Sentences that have to stand in the card, word for word.
    private var statements: [String] {
        model.report.obligations.filter { $0.kind == .statement }
            .compactMap(\.values.first).map { "**\($0)**" }
    }

    private var overview: String {
        let facts = model.facts
        var rows = [
            ["Provider", DocumentText.line(facts.provider)],
            ["Version", DocumentText.line(facts.version)],
            ["Released", ProvenanceDate.day(facts.released)],
            ["Licence", DocumentText.code(facts.licence)],
        ]
        if let architecture = facts.architecture {
            rows.append(["Architecture", DocumentText.code(architecture)])
        }
        if let parameters = facts.parameters { rows.append(["Parameters", "\(parameters)"]) }
        if let tokens = facts.trainingTokens { rows.append(["Tokens of training", "\(tokens)"]) }
        rows.append(["SHA-256", DocumentText.code(model.hash.hex)])
        if let contact = facts.contact { rows.append(["Contact", DocumentText.line(contact)]) }
        return DocumentText.table(["", ""], rows)
    }

    private var making: String {
        var rows = model.runs.reversed().map { run in
            [
                DocumentText.code(run.details["verb"]?.stringValue ?? "run"),
                DocumentText.line(run.name), ProvenanceDate.day(run.created),
                reads(run).joined(separator: "; "),
            ]
        }
        if rows.isEmpty { rows = [["–", "–", "–", "–"]] }
        return "## How it was made\n\n"
            + DocumentText.table(["run", "name", "date", "from"], rows)
    }

    private func reads(_ run: Artefact) -> [String] {
        model.graph.origins(of: run.hash).map { origin, edge in
            "\(edge.how.rawValue) \(DocumentText.line(origin.name))"
        }
    }

    private var dataSection: String {
        let rows = model.data.map { data in
            [
                DocumentText.line(data.source?.name ?? data.artefact.name),
                DocumentText.code(data.licence),
                DocumentText.line((data.generators + data.programs).joined(separator: ", ")),
                data.artefact.size.map { "\($0)" } ?? "",
                DocumentText.code(data.artefact.hash.hex),
            ]
        }
        guard !rows.isEmpty else { return "## Data\n\nNone." }
        return "## Data\n\n"
            + DocumentText.table(["source", "licence", "written by", "bytes", "SHA-256"], rows)
    }

    private var evaluations: String {
        let rows = model.facts.evaluations.map { evaluation in
            let interval = evaluation.interval.map {
                " (\(DocumentText.number($0.lowerBound)) to \(DocumentText.number($0.upperBound)))"
            }
            return [
                DocumentText.line(evaluation.task), DocumentText.line(evaluation.metric),
                DocumentText.number(evaluation.value) + (interval ?? ""),
            ]
        }
        return "## Evaluation\n\n" + DocumentText.table(["task", "metric", "value"], rows)
    }

    private var rights: String {
        let obligations = model.report.obligations
        var text = "## Rights\n\n"
        if obligations.isEmpty {
            text += "What it was made of asks for nothing."
        } else {
            text +=
                "What it was made of asks for this:\n\n"
                + DocumentText.list(
                    obligations.map {
                        "\(DocumentText.line($0.text)) (\(DocumentText.code($0.row)))"
                    })
        }
        let overrides = model.overrides
        if !overrides.isEmpty {
            text +=
                "\n\nThe policy refuses the following; somebody answers for it:\n\n"
                + DocumentText.list(
                    overrides.map { subject, override in
                        DocumentText.line("\(subject): \(override.reason) (\(override.who))")
                    })
        }
        let refused = model.report.refusals
        if !refused.isEmpty {
            text +=
                "\n\nThe policy refuses the following, and nobody answers for it:\n\n"
                + DocumentText.list(
                    refused.map { DocumentText.line("\($0.subject): \($0.reason)") })
        }
        return text
    }

    private var provenance: String {
        """
        ## Provenance

        `\(Lineage.fileName)` beside this file says what the model was made of, by hashes. The verdict is \
        `\(model.report.verdict.rawValue)` by the policy of \(model.report.policy.date), SHA-256 \
        `\(model.report.policy.hash.hex)`. It is no advice on law.
        """
    }
}

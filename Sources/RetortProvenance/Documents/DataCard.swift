// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// README.md of a model's training data as a dataset, for Hugging Face.
struct DataCard {
    let model: ModelLineage

    init(_ model: ModelLineage) { self.model = model }

    var text: String {
        [frontMatter, "# Training data of \(DocumentText.line(model.facts.name))", files, rights]
            .joined(separator: "\n\n") + "\n"
    }

    private var frontMatter: String {
        let licences = Set(model.data.map(\.licence)).sorted()
        let licence = licences.count == 1 ? licences[0] : licences.joined(separator: " AND ")
        var lines = ["---"] + DocumentText.licence(licence)
        lines.append("pretty_name: \(DocumentText.quoted("Training data of \(model.facts.name)"))")
        lines += DocumentText.yaml("language", model.facts.languages)
        lines += DocumentText.yaml("task_categories", ["text-generation"])
        let isSynthetic = model.data.contains(where: \.isSynthetic)
        lines += DocumentText.yaml("tags", ["retort"] + (isSynthetic ? ["synthetic"] : []))
        return (lines + ["---"]).joined(separator: "\n")
    }

    private var files: String {
        let rows = model.data.map { data in
            let writers = data.generators + data.programs
            return [
                DocumentText.line(data.artefact.name), DocumentText.code(data.licence),
                DocumentText.line(data.source?.acquisition.rawValue ?? "made by a run"),
                DocumentText.line(writers.joined(separator: ", ")),
                DocumentText.code(data.artefact.hash.hex),
            ]
        }
        guard !rows.isEmpty else { return "No data were recorded." }
        return DocumentText.table(
            ["file", "licence", "acquired", "written by", "SHA-256"], rows)
    }

    private var rights: String {
        let obligations = model.report.obligations
        guard !obligations.isEmpty else { return "## Rights\n\nNothing is asked for." }
        return "## Rights\n\n" + DocumentText.list(obligations.map { DocumentText.line($0.text) })
    }
}

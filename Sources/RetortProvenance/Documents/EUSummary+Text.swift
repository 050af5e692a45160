// SPDX-License-Identifier: Apache-2.0

import RetortJSON

extension EUSummary {
    /// The summary for people, as Markdown, from the same values as the JSON.
    var text: String {
        let json = json
        func word(_ value: JSONValue?) -> String {
            switch value {
            case .string(let text)?: DocumentText.line(text)
            case .integer(let number)?: "\(number)"
            case .array(let items)?: items.map { word($0) }.joined(separator: ", ")
            default: "–"
            }
        }
        let general = json["general"]
        let described = general?["model"]
        var parts = [
            "# Public summary of training content",
            DocumentText.line(json["template"]?.stringValue ?? "") + ".",
            "## 1 General information",
            DocumentText.table(
                ["", ""],
                [
                    ["Provider", word(general?["provider"]?["name"])],
                    ["Contact", word(general?["provider"]?["contact"])],
                    ["Model", word(described?["name"])], ["Version", word(described?["version"])],
                    ["SHA-256", word(described?["sha256"])],
                    ["Placed on the market", word(described?["placed_on_market"])],
                    ["Modified from", word(described?["modified_models"])],
                    ["Modalities", word(general?["modalities"])],
                    ["Text", word(general?["training_data_size"]?["text"])],
                    ["Bytes", word(general?["training_data_size"]?["bytes"])],
                    ["Languages", word(general?["languages"])],
                    ["Latest acquisition", word(general?["latest_acquisition"])],
                ]),
            "## 2 Sources of data",
        ]
        let sources = json["sources"]
        for (title, key) in [
            ("Publicly available datasets", "public_datasets"), ("Licensed data", "licensed"),
            ("Other private data", "private_datasets"), ("Crawled content", "crawled"),
            ("Data of users", "users"), ("Other", "other"),
        ] {
            parts.append("### \(title)")
            parts.append(Self.table(sources?[key]?.arrayValue ?? [], word))
        }
        let synthetic = sources?["synthetic"]
        parts.append("### Synthetic data")
        parts.append(Self.table(synthetic?["data"]?.arrayValue ?? [], word))
        for generator in synthetic?["models"]?.arrayValue ?? [] {
            let own = generator["own"]?.boolValue == true ? ", a model of the provider's own" : ""
            parts.append(
                "Written by the model \(word(generator["name"]))\(own); licence"
                    + " \(word(generator["licence"])).")
        }
        for program in synthetic?["programs"]?.arrayValue ?? [] {
            parts.append("Written by rule by the program \(word(program)).")
        }
        let processing = json["processing"]
        parts += [
            "## 3 Processing", "### Reservations of rights",
            word(processing?["reservations"]?["measures"]),
        ]
        let checks = processing?["reservations"]?["checks"]?.arrayValue ?? []
        if !checks.isEmpty {
            let keys = ["source", "protocol", "verdict", "read", "sha256"]
            parts.append(DocumentText.table(keys, checks.map { row in keys.map { word(row[$0]) } }))
        }
        parts += ["### Illegal content", word(processing?["illegal_content"]?["measures"])]
        return parts.joined(separator: "\n\n") + "\n"
    }

    private static func table(_ rows: [JSONValue], _ word: (JSONValue?) -> String) -> String {
        guard !rows.isEmpty else { return "None." }
        let keys = ["name", "licence", "publisher", "url", "bytes", "sha256"]
        return DocumentText.table(keys, rows.map { row in keys.map { word(row[$0]) } })
    }
}

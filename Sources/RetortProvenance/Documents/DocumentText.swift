// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// Parts of Markdown and YAML into which foreign words can be put.
enum DocumentText {
    /// A text that stays within its line and its cell.
    static func line(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " ")
            .replacing("\\", with: "\\\\").replacing("|", with: "\\|").replacing("<", with: "&lt;")
    }

    static func code(_ text: String) -> String {
        let text = text.split(whereSeparator: \.isNewline).joined(separator: " ")
            .replacing("|", with: "\\|").replacing("`", with: "'")
        return "`\(text)`"
    }

    static func table(_ head: [String], _ rows: [[String]]) -> String {
        ([head, head.map { _ in "---" }] + rows)
            .map { "| \($0.joined(separator: " | ")) |" }.joined(separator: "\n")
    }

    static func list(_ items: [String]) -> String {
        items.map { "- \($0)" }.joined(separator: "\n")
    }

    /// JSON's strings are YAML's.
    static func quoted(_ text: String) -> String { JSONValue.string(text).text() }

    /// A member of YAML's front matter with a list; nothing for an empty one.
    static func yaml(_ key: String, _ items: [String]) -> [String] {
        items.isEmpty ? [] : ["\(key):"] + items.map { "- \(quoted($0))" }
    }

    /// What Hugging Face calls a licence: its identifiers are SPDX's in lower case, and `other` with
    /// a name for what it does not know.
    static func licence(_ expression: String) -> [String] {
        let known: Set<String> = [
            "apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cc-by-4.0",
            "cc-by-sa-4.0", "cc-by-sa-3.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0",
            "odbl-1.0", "odc-by", "gpl-3.0", "lgpl-3.0", "agpl-3.0", "gpl-2.0", "isc", "mpl-2.0",
            "unlicense", "wtfpl", "zlib", "ecl-2.0", "epl-2.0", "pddl",
        ]
        let lower = expression.lowercased()
        let name = lower.replacing("-only", with: "").replacing("-or-later", with: "")
        if known.contains(name) { return ["license: \(quoted(name))"] }
        if lower == "odc-by-1.0" { return ["license: \"odc-by\""] }
        return ["license: \"other\"", "license_name: \(quoted(lower))"]
    }

    /// A number with four digits behind the point at most.
    static func number(_ value: Double) -> String {
        let scaled = (value * 10_000).rounded() / 10_000
        return scaled == scaled.rounded() && abs(scaled) < 1e15
            ? "\(Int(scaled))" : "\(scaled)"
    }
}

// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import RetortEngine
import RetortJSON

/// Findings with their controls, and what they do not show.
public struct EvidenceReport: Sendable {
    public enum Mode: String, Sendable {
        /// The student's weights are at hand: texts are laid before it.
        case reading
        /// The student answers: its own texts are looked at.
        case generation
    }

    public let mode: Mode
    public let key: WatermarkKey
    public let student: EvidenceFinding
    /// Models that did not learn from the teacher, under the same test.
    public let controls: [EvidenceFinding]
    public let texts: Int
    /// How accounts' reference numbers rank in the student.
    public var canaries: [CanaryFinding] = []
    /// Seconds since 1970.
    public let created: Double
    /// What the student's finding must reach.
    public static let level = 1e-5

    public init(
        mode: Mode, key: WatermarkKey, student: EvidenceFinding, controls: [EvidenceFinding],
        texts: Int, created: Double
    ) {
        self.mode = mode
        self.key = key
        self.student = student
        self.controls = controls
        self.texts = texts
        self.created = created
    }

    /// Whether the controls are as they must be for the finding to count.
    public var controlsHold: Bool {
        ([student] + controls).allSatisfy { $0.wrongKeys.isEmpty || $0.uniformity > 0.001 }
            && controls.allSatisfy { $0.pValue.value > 0.001 }
    }

    public var isFound: Bool { controlsHold && student.pValue.value <= Self.level }

    public var conclusion: String {
        guard controlsHold else {
            return
                "Nothing can be concluded: a control is not as it would be by chance, so the test itself is in doubt."
        }
        return isFound
            ? "The student's choices follow the key far beyond chance: text that was marked with it was among what the student, or a model that it stems from, was trained on."
            : "No trace of the key was found. That is no evidence that the student did not learn from marked text: paraphrases, further training and small shares remove traces."
    }

    /// What the finding does not say, whichever it is.
    public static let limits = [
        "Not who trained the student, nor that it was done on purpose: marked text that others published leaves the same trace.",
        "Not by which account the text was had; the key says who wrote the text and not who read it.",
        "Not how much of the training text was marked; the score grows with the share, the number of passes and the entropy of the text.",
        "Nothing about text that was not marked, or marked with another key.",
        "Nothing if the key was known to others: who has it can forge the mark in text, and so in a student.",
        "No trace is no proof of innocence.",
    ]

    public var json: JSONValue {
        [
            "report": "retort-evidence-1", "mode": .string(mode.rawValue),
            "key": .string(key.identifier), "scheme": .string(key.scheme.rawValue),
            "created": .double(created), "texts": .integer(Int64(texts)),
            "student": student.json, "controls": .array(controls.map(\.json)),
            "canaries": .array(canaries.map(\.json)),
            "controls_hold": .bool(controlsHold), "found": .bool(isFound),
            "conclusion": .string(conclusion),
            "does_not_show": .array(Self.limits.map { .string($0) }),
        ]
    }

    public var markdown: String {
        var lines = [
            "# Does \(student.subject) bear the mark of \(key.identifier)?", "", conclusion, "",
            "| tested | places | mean score (by chance \(String(format: "%.3f", student.expected))) | p-value | wrong keys: least p of \(student.wrongKeys.count) | uniform, p |",
            "|---|---|---|---|---|---|",
        ]
        for finding in [student] + controls {
            lines.append(
                "| \(finding.subject) | \(finding.places) | \(String(format: "%.4f", finding.meanScore)) | \(finding.pValue) | \(finding.wrongKeys.first.map(\.description) ?? "–") | \(String(format: "%.3f", finding.uniformity)) |"
            )
        }
        lines += [
            "", "Mode: \(mode.rawValue), \(texts) texts, scheme \(key.scheme.rawValue).",
            "Each pair of context and token counts once; contexts of the prompt, and those that came before in the same text, do not count. \(student.isWeighted ? "Each counts by how much more likely than the base the student makes the token. " : "")The p-value is that of the sum's own distribution by chance.",
        ]
        if !canaries.isEmpty {
            lines += [
                "", "## Reference numbers of accounts", "",
                "| account | rank | of | exposure, bits | p-value |", "|---|---|---|---|---|",
            ]
            lines += canaries.map {
                "| \($0.account) | \($0.rank) | \($0.references + 1) | \(String(format: "%.1f", $0.exposure)) | \($0.pValue) |"
            }
            lines += [
                "",
                "Ranked among numbers that nobody was shown; accounts that the student cannot have learned from are controls. Of so many accounts as stand here one has a p-value below \(String(format: "%.2g", 0.05 / Double(canaries.count))) by chance once in twenty reports.",
            ]
        }
        lines += ["", "## What this does not show", ""]
        lines += Self.limits.map { "- \($0)" }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// An Ed25519 signature under a report (RFC 8032), by swift-crypto.
public struct EvidenceSignature: Sendable {
    private let key: Curve25519.Signing.PrivateKey

    /// Reads a signing key, or makes one that its owner alone may read.
    /// - Throws: ``GuardError`` if the file is none, or others may read it.
    public init(path: String) throws {
        if FileManager.default.fileExists(atPath: path) {
            let text = try PrivateFile.read(
                path, what: "signing key", maker: "retort guard evidence --sign")
            let line = text.trimmingCharacters(in: .whitespacesAndNewlines)
            guard let data = Data(base64Encoded: line),
                let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: data)
            else { throw GuardError("\(path) is no signing key: it has no 32 bytes in base64") }
            self.key = key
        } else {
            key = Curve25519.Signing.PrivateKey()
            try PrivateFile.write(key.rawRepresentation.base64EncodedString() + "\n", to: path)
        }
    }

    public var publicKey: String { key.publicKey.rawRepresentation.base64EncodedString() }

    /// The report with `public_key` and `signature`: of its text without these two, as `JSONValue` writes it.
    public func signed(_ report: JSONValue) throws -> JSONValue {
        var object = report.objectValue ?? JSONObject()
        object["public_key"] = .string(publicKey)
        let signature = try key.signature(for: Data(JSONValue.object(object).text().utf8))
        object["signature"] = .string(signature.base64EncodedString())
        return .object(object)
    }

    /// Whether a signed report is as it was signed, by the holder of `publicKey` if that is given.
    public static func isValid(_ report: JSONValue, publicKey: String? = nil) -> Bool {
        guard var object = report.objectValue,
            let signature = object["signature"]?.stringValue.flatMap({ Data(base64Encoded: $0) }),
            let named = object["public_key"]?.stringValue, publicKey ?? named == named,
            let data = Data(base64Encoded: named),
            let key = try? Curve25519.Signing.PublicKey(rawRepresentation: data)
        else { return false }
        object["signature"] = nil
        return key.isValidSignature(
            signature, for: Data(JSONValue.object(object).text().utf8))
    }
}

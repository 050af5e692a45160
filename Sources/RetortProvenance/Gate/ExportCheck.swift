// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON

/// A model as it is to be given away.
public struct ExportCandidate: Sendable, Equatable {
    public var name: String
    /// An SPDX expression.
    public var licence: String
    /// The text of its card.
    public var card: String
    /// Files beside it by name, those that licences ask for.
    public var papers: [String: String]

    public init(name: String, licence: String, card: String, papers: [String: String] = [:]) {
        self.name = name
        self.licence = licence
        self.card = card
        self.papers = papers
    }

    /// Reads the card and the papers of a model's directory.
    /// - Parameter name: nil takes the directory's.
    public init(directory: String, name: String? = nil, licence: String) {
        var papers: [String: String] = [:]
        for file in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] {
            let lower = file.lowercased()
            guard lower.hasPrefix("licen") || lower.hasPrefix("notice") || lower == "readme.md"
            else { continue }
            guard let bytes = FileManager.default.contents(atPath: "\(directory)/\(file)") else {
                continue
            }
            papers[file] = String(decoding: bytes, as: UTF8.self)
        }
        let card = papers.first { $0.key.lowercased() == "readme.md" }?.value ?? ""
        self.init(
            name: name ?? (directory as NSString).lastPathComponent, licence: licence, card: card,
            papers: papers)
    }
}

/// An obligation that a model does not keep.
public struct ExportProblem: Sendable, Equatable, CustomStringConvertible {
    public var obligation: Obligation
    /// What was found and what was expected.
    public var description: String
}

extension RightsGate {
    /// Whether a model keeps what its lineage asks of it.
    /// - Returns: What it does not keep; nothing if it may go.
    public func checkExport(_ model: ExportCandidate, obligations: [Obligation])
        -> [ExportProblem]
    {
        obligations.compactMap { obligation in
            problem(model, obligation).map {
                ExportProblem(obligation: obligation, description: "\($0) (\(obligation.row))")
            }
        }
    }

    private func problem(_ model: ExportCandidate, _ obligation: Obligation) -> String? {
        let values = obligation.values
        let list = values.map { "\"\($0)\"" }.joined(separator: " or ")
        let name = model.name.split(separator: "/").last.map(String.init) ?? model.name
        switch obligation.kind {
        case .namePrefix:
            guard !values.contains(where: { name.hasPrefix($0) }) else { return nil }
            return "the model is called \"\(name)\"; its name must begin with \(list)"
        case .statement:
            return Self.has(model.card, anyOf: values) ? nil : "the card must say \(list)"
        case .attribution:
            return values.isEmpty || Self.has(model.card, anyOf: values)
                ? nil : "the card must name \(list)"
        case .useRestrictions:
            return Self.has(model.card, anyOf: values)
                ? nil : "the card must pass on the restrictions of \(list)"
        case .licenceCopy:
            let copies = model.papers.filter { $0.key.lowercased().hasPrefix("licen") }
            return copies.contains { Self.has($0.value, anyOf: values) }
                ? nil : "a file LICENSE with \(list) must come with the model"
        case .notice:
            let notices = model.papers.filter { $0.key.lowercased().hasPrefix("notice") }
            return notices.contains { Self.has($0.value, anyOf: values) }
                ? nil : "a file NOTICE must have \(list)"
        case .shareAlike:
            return Self.isUnder(model.licence, values)
                ? nil : "the model is under \(model.licence); it must be under \(list)"
        case .nonCommercial:
            return licence(model.licence).verdict == .nonCommercial
                ? nil
                : "the model is under \(model.licence); its licence must forbid commercial use"
        // A number of users is nothing that a model could show.
        case .userLimit: return nil
        }
    }

    /// Whether a text has a phrase, whatever its line breaks and case.
    private static func has(_ text: String, anyOf phrases: [String]) -> Bool {
        func plain(_ text: String) -> String {
            text.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
        let text = plain(text)
        // As they are, or as a card has to write them.
        return phrases.contains {
            text.contains(plain($0)) || text.contains(plain(DocumentText.line($0)))
        }
    }

    /// Whether a licence is one of those asked for, in every choice that it leaves.
    private static func isUnder(_ licence: String, _ values: [String]) -> Bool {
        guard let expression = try? LicenceExpression(parsing: licence) else { return false }
        func holds(_ expression: LicenceExpression) -> Bool {
            switch expression {
            case .licence(let id, let orLater):
                let id = orLater ? "\(id)-or-later" : id
                return values.contains { $0.lowercased() == id.lowercased() }
            case .exception: return false
            case .and(let parts): return parts.contains { holds($0) }
            case .or(let parts): return parts.allSatisfy { holds($0) }
            }
        }
        return holds(expression)
    }
}

extension GateReport {
    /// The file NOTICE that the obligations ask for; nil if they ask for none.
    public var notice: String? {
        let texts = obligations.filter { $0.kind == .notice }.flatMap(\.values)
        return texts.isEmpty
            ? nil
            : "This model was made with the following.\n\n"
                + texts.map { "- \($0)\n" }.joined()
    }
}

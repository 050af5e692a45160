// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON

/// What a recipe would make a model of.
public struct RecipeSubjects: Sendable, Equatable {
    /// Files and directories of data: the recipe's key and the path.
    public var data: [(key: String, path: String)] = []
    /// The model that it begins from.
    public var base: String?
    public var teacher: RunPlan.Teacher?
    /// What the recipe declares of its teacher's licence.
    public var teacherLicence: String?

    /// Reads what of a recipe names data or models; the rest may be anything.
    public init(_ recipe: JSONValue) {
        base = recipe["model"]?["from"]?.stringValue
        let data = recipe["data"]
        let collect = recipe["distill"]?["collect"]
        for (key, value) in [
            ("data.train", data?["train"]), ("data.dataset", data?["dataset"]),
            ("data.validation", data?["validation"]),
            ("distill.collect.prompts", collect?["prompts"]), ("tokenizer", recipe["tokenizer"]),
        ] {
            for path in Self.paths(value) { self.data.append((key, path)) }
        }
        guard let teacher = recipe["distill"]?["teacher"] else { return }
        teacherLicence = teacher["licence"]?["identifier"]?.stringValue
        let name = teacher["name"]?.stringValue
        if let path = teacher["model"]?.stringValue {
            self.teacher = .local(path: path, name: name)
        } else if let endpoint = teacher["endpoint"]?.stringValue {
            let host = URL(string: endpoint)?.host ?? endpoint
            self.teacher = .endpoint(host: host, model: name ?? "")
        }
    }

    /// A path, several, or objects with one.
    private static func paths(_ value: JSONValue?) -> [String] {
        switch value {
        case .string(let path)?: [path]
        case .array(let items)?: items.flatMap { paths($0) }
        case .object(let object)?: paths(object["path"] ?? object["file"])
        default: []
        }
    }

    public static func == (a: RecipeSubjects, b: RecipeSubjects) -> Bool {
        a.base == b.base && a.teacher == b.teacher && a.teacherLicence == b.teacherLicence
            && a.data.map(\.key) == b.data.map(\.key) && a.data.map(\.path) == b.data.map(\.path)
    }
}

extension RightsGate {
    /// What the policy says of a recipe before anything runs; nothing is recorded.
    /// - Parameters:
    ///   - ledger: Knows what earlier runs made; nil knows only what stands beside models.
    ///   - directory: What relative paths begin from.
    /// - Throws: ``ProvenanceError`` if a model was changed since its lineage was written.
    public func check(recipe: JSONValue, ledger: RightsLedger?, directory: String = ".")
        throws(ProvenanceError) -> GateReport
    {
        let subjects = RecipeSubjects(recipe)
        var findings: [GateFinding] = []
        for (key, path) in subjects.data {
            findings += try data(Self.resolve(path, directory), key: key, ledger)
        }
        if let base = subjects.base {
            let path = Self.resolve(base, directory)
            findings +=
                try lineage(of: path, ledger).map { check($0).findings }
                ?? [self.base(names: [base])]
        }
        switch subjects.teacher {
        case .local(let path, let name)?:
            let full = Self.resolve(path, directory)
            findings +=
                try lineage(of: full, ledger).map { check($0).findings }
                ?? [
                    teacher(
                        names: [name, path].compactMap { $0 }, licence: subjects.teacherLicence)
                ]
        case .endpoint(let host, let model)?: findings.append(teacher(names: [model], host: host))
        case nil: break
        }
        var unique: [GateFinding] = []
        for finding in findings where !unique.contains(finding) { unique.append(finding) }
        return report(unique)
    }

    private static func resolve(_ path: String, _ directory: String) -> String {
        path.hasPrefix("/") ? path : "\(directory)/\(path)"
    }

    private func data(_ path: String, key: String, _ ledger: RightsLedger?) throws(ProvenanceError)
        -> [GateFinding]
    {
        if let lineage = try lineage(of: path, ledger) { return check(lineage).findings }
        let name = (path as NSString).lastPathComponent
        let what =
            FileManager.default.fileExists(atPath: path)
            ? "nobody recorded where it came from" : "it is not there yet"
        return [
            GateFinding(subject: "\(key) \"\(name)\"", verdict: .unknown, reason: what)
        ]
    }

    private func lineage(of path: String, _ ledger: RightsLedger?) throws(ProvenanceError)
        -> Lineage?
    {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        if let ledger {
            let address = try ledger.contents(of: path).address
            if try ledger.artefact(address) != nil { return try ledger.lineage(of: address) }
            return try ledger.lineage(beside: path)
        }
        guard let lineage = try RightsLedger.statedLineage(beside: path),
            lineage.root == (try ContentFiles(path: path)).address
        else { return nil }
        return lineage
    }
}

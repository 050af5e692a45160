// SPDX-License-Identifier: Apache-2.0
//
// Every run writes down what it reads, whom it asks and what it makes, in the rights ledger beside its directory. Training
// on one's own texts is nobody's business; what is forbidden, and a teacher whose terms are not known, is
// refused before anything is asked or trained, unless a reason is written down.

import Foundation
import RetortJSON
import RetortProvenance
import RetortTraining

/// What a run of `train`, `sft`, `rl` or `distill` writes into the ledger.
struct RunLedger {
    private let record: RunRecord
    private let output: String

    /// Records the beginning.
    /// - Parameters:
    ///   - value: The recipe as it was read.
    ///   - allowance: Why the run goes on although the gate refuses it.
    /// - Throws: `ProvenanceError` if the ledger cannot be written; ``CommandError`` if the run is refused.
    static func begin(
        _ recipe: Recipe, _ value: JSONValue, resume: Bool, allowance: String?
    ) throws -> RunLedger {
        let ledger = try RightsLedger(path: RightsLedger.defaultPath(output: recipe.output))
        let subjects = RecipeSubjects(value)
        let isThere = FileManager.default.fileExists(atPath:)
        let inputs = subjects.data.filter { isThere($0.path) }.map { data in
            data.key == "tokenizer"
                ? RunPlan.Input(data.path, how: .tokenizedWith, kind: .tokenizer)
                : RunPlan.Input(
                    data.path,
                    how: data.key == "data.validation"
                        ? .validatedOn
                        : data.key == "distill.collect.prompts" ? .prompted : .trainedOn)
        }
        let declared = Declared(value["distill"]?["teacher"]?["licence"])
        var teacher = subjects.teacher
        // Answers that were collected elsewhere need no teacher here.
        if case .local(let path, _)? = teacher, !isThere(path) { teacher = nil }
        let plan = RunPlan(
            verb: recipe.kind == .pretrain ? "train" : recipe.kind.rawValue,
            name: URL(fileURLWithPath: recipe.output).lastPathComponent, output: recipe.output,
            recipe: value, inputs: inputs, base: subjects.base.flatMap { isThere($0) ? $0 : nil },
            teacher: teacher, software: "retort \(Version.text)")
        let record = try RunRecord.begin(
            plan, in: ledger, resume: resume,
            teacherSource: declared.source(of: subjects.teacher))
        try pass(
            record, ledger, subjects.teacher, declared, mayTeach: recipe.kind == .distill,
            allowance: allowance)
        return RunLedger(record: record, output: recipe.output)
    }

    /// Asks the gate, and writes down what it said.
    private static func pass(
        _ record: RunRecord, _ ledger: RightsLedger, _ teacher: RunPlan.Teacher?,
        _ declared: Declared, mayTeach: Bool, allowance: String?
    ) throws {
        let gate = RightsGate(policy: try .bundled())
        var report = gate.check(try ledger.lineage(of: record.run))
        var refusals = report.findings.filter { $0.verdict == .forbidden }
        if mayTeach {
            for finding in try findings(gate, ledger, teacher, declared) {
                report.findings.append(finding)
                if finding.verdict >= .nonCommercial { refusals.append(finding) }
            }
        }
        var details = report.json.objectValue ?? JSONObject()
        var verdict = refusals.isEmpty ? report.verdict.rawValue : "refused"
        if !refusals.isEmpty, let allowance {
            let user = ProcessInfo.processInfo.userName
            let override = try GateOverride(
                reason: allowance, who: user.isEmpty ? "the user of this machine" : user)
            details["override"] = [
                "reason": .string(override.reason), "who": .string(override.who),
            ]
            verdict = "overridden"
            refusals = []
        }
        try ledger.record(
            RecordedDecision(
                artefact: record.run, verdict: verdict, record: details,
                created: Date().timeIntervalSince1970))
        guard refusals.isEmpty else {
            let reasons = refusals.map {
                "\($0.subject) is \($0.verdict.rawValue): \($0.reason.hasSuffix(".") ? String($0.reason.dropLast()) : $0.reason)"
            }
            throw CommandError(
                "refused by the policy of \(report.policy.date): \(Set(reasons).sorted().joined(separator: "; ")). Choose another teacher, say in the recipe's 'distill.teacher.licence' what its terms are, or go on with --allow REASON, which is written down"
            )
        }
    }

    /// What the gate says of who is asked. What it does not know stands as the recipe declares it, for which the
    /// recipe's author answers.
    private static func findings(
        _ gate: RightsGate, _ ledger: RightsLedger, _ teacher: RunPlan.Teacher?,
        _ declared: Declared
    ) throws -> [GateFinding] {
        let found: [GateFinding]
        switch teacher {
        case .endpoint(let host, let model):
            found = [gate.teacher(names: [model], host: host, licence: declared.licence)]
        case .local(let path, let name):
            if FileManager.default.fileExists(atPath: path),
                let lineage = try ledger.lineage(beside: path)
            {
                found = gate.check(lineage).findings
            } else {
                found = [
                    gate.teacher(
                        names: [name, path].compactMap { $0 }, licence: declared.licence)
                ]
            }
        case nil: return []
        }
        guard let licence = declared.licence else { return found }
        return found.map { finding in
            guard finding.verdict == .unknown else { return finding }
            let stated = gate.licence(licence)
            return GateFinding(
                subject: finding.subject, verdict: stated.verdict,
                reason: "declared in the recipe: \(stated.reason)", rows: stated.rows,
                obligations: stated.obligations)
        }
    }

    /// Records something that a command made in one go.
    /// - Parameters:
    ///   - inputs: What it was made of; files that are not there are left out.
    ///   - source: Of what a program wrote by rule.
    static func made(
        _ output: String, _ kind: Artefact.Kind, verb: String, of inputs: [String] = [],
        source: RightsSource? = nil
    ) throws {
        let ledger = try RightsLedger(path: RightsLedger.defaultPath(output: output))
        let plan = RunPlan(
            verb: verb, name: URL(fileURLWithPath: output).lastPathComponent, output: output,
            inputs: inputs.filter { FileManager.default.fileExists(atPath: $0) }
                .map { RunPlan.Input($0) },
            software: "retort \(Version.text)")
        let record = try RunRecord.begin(plan, in: ledger)
        try record.produced(output, kind, source: source)
        try record.finish(models: [])
    }

    /// Records what was made of a model whose origin is known, and writes its lineage beside it.
    static func derived(_ output: String, from origin: String, how: Derivation) throws {
        let path = RightsLedger.defaultPath(output: output)
        let isThere = FileManager.default.fileExists(atPath:)
        let isBeside = isThere(RightsLedger.lineagePath(of: origin))
        guard isBeside || isThere(path) else { return }
        // Who only converts a model that somebody else made has no ledger to keep.
        let scratch = FileManager.default.temporaryDirectory
            .appendingPathComponent("retort-ledger-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: scratch) }
        let ledger = try RightsLedger(
            path: isThere(path) ? path : scratch.appendingPathComponent("ledger.sqlite").path)
        let address = try ledger.contents(of: origin).address
        if isBeside {
            guard try RightsLedger.statedLineage(beside: origin)?.root == address else {
                Output.note(
                    "\(origin) was changed since its lineage was written; what is made of it has none"
                )
                return
            }
        } else {
            guard try ledger.artefact(address) != nil else { return }
        }
        try ledger.derived(output, kind: .model, from: origin, originKind: .model, how: how)
        try ledger.writeLineage(of: output)
    }

    /// What was collected, before a student learns from it.
    func collected(_ dataset: String) throws { try record.produced(dataset, .dataset) }

    /// Records checkpoints, and the model of a run that is finished.
    func end(isFinished: Bool) throws {
        let folder = "\(output)/checkpoints"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names.sorted() where name.hasPrefix("step-") {
            try record.produced("\(folder)/\(name)", .checkpoint, name: name)
        }
        let model = "\(output)/model"
        guard isFinished, FileManager.default.fileExists(atPath: model) else { return }
        try record.finish(
            models: [model], name: URL(fileURLWithPath: output).lastPathComponent)
    }
}

/// What a recipe says of its teacher's terms.
private struct Declared {
    private let verdict: String?
    private let identifier: String?
    private let note: String?

    init(_ json: JSONValue?) {
        verdict = json?["verdict"]?.stringValue
        identifier = json?["identifier"]?.stringValue
        note = json?["note"]?.stringValue
    }

    /// Nil if whoever wrote the recipe does not answer for it.
    var licence: String? { verdict == "allowed" ? identifier : nil }

    func source(of teacher: RunPlan.Teacher?) -> RightsSource? {
        guard case .endpoint(let host, let model) = teacher, let licence else { return nil }
        return RightsSource(
            name: model, licence: licence, url: "https://\(host)", publisher: host, note: note)
    }
}

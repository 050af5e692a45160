// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortEngine
import RetortFormats
import RetortGuard
import RetortJSON
import RetortTemplates
import RetortTokenizers

struct GuardEvidenceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evidence",
        abstract: "Test whether a student learned from text that a key marked.",
        discussion: """
            With --student, a model whose weights are at hand, texts are laid before it and what it would write next is \
            scored (reading mode). With --answers, what a student behind an endpoint wrote is scored (generation mode; \
            'retort eval --endpoint URL --output DIR' collects samples.jsonl). Each test comes with controls: wrong keys, \
            and models that did not learn from the teacher.
            """)

    @Option(help: ArgumentHelp("The model in question.", valueName: "model"))
    var student: String?

    @Option(
        name: .customLong("teacher-key"), help: ArgumentHelp("The key's file.", valueName: "file"),
        completion: .file())
    var key: String

    @Option(
        help: ArgumentHelp(
            "Texts to lay before the student, JSON objects by the line: 'messages', or 'prompt' and 'answer', or 'text'.",
            valueName: "file"),
        completion: .file())
    var texts: String?

    @Option(
        help: ArgumentHelp(
            "What a student wrote, JSON objects by the line, instead of --student.",
            valueName: "file"),
        completion: .file())
    var answers: String?

    @Option(
        help: ArgumentHelp("The model whose tokenizer wrote --answers.", valueName: "model"))
    var model = "bundled"

    @Option(
        help: ArgumentHelp(
            "What to compare with: what the student was before, or the teacher itself without its mark. The student's choices are then those that rose most against it. It is a control too.",
            valueName: "model"))
    var base: String?

    @Option(
        help: ArgumentHelp(
            "A control that did not learn from the teacher (with --answers: its texts); may be given several times.",
            valueName: "model"))
    var control: [String] = []

    @Option(help: "How many wrong keys to try.")
    var wrongKeys = 100

    @Option(help: "The most texts.")
    var limit: Int?

    @Option(
        help: ArgumentHelp(
            "Sign the report with this Ed25519 key, which is made if it is missing.",
            valueName: "file"),
        completion: .file())
    var sign: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Write report.md and report.json here.", valueName: "directory"))
    var output: String?

    @Option(
        help: ArgumentHelp(
            "The secret of 'serve --guard-secret', to rank --account's reference numbers in --student.",
            valueName: "file"),
        completion: .file())
    var canarySecret: String?

    @Option(
        help: ArgumentHelp("An account; may be given several times.", valueName: "id"))
    var account: [String] = []

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup(title: "Model") var modelOptions: ModelOptions

    func validate() throws {
        guard (student == nil) != (answers == nil) else {
            throw ValidationError("Give either --student or --answers.")
        }
        guard (student == nil) == (texts == nil) else {
            throw ValidationError("--student goes with --texts.")
        }
        guard (canarySecret == nil) == account.isEmpty, account.isEmpty || student != nil else {
            throw ValidationError("--canary-secret and --account go with --student, together.")
        }
        guard base == nil || student != nil else {
            throw ValidationError("--base goes with --student.")
        }
        guard wrongKeys >= 0, limit ?? 1 > 0 else {
            throw ValidationError("--wrong-keys must be at least 0, --limit at least 1.")
        }
    }

    func run() throws {
        let key = try WatermarkKey(path: key)
        let signature = try sign.map { try EvidenceSignature(path: $0) }
        let report = try student.map { try reading($0, key) } ?? generation(key)
        let signed = try signature?.signed(report.json) ?? report.json
        if let output {
            try FileManager.default.createDirectory(
                atPath: output, withIntermediateDirectories: true)
            try OutputFile.write(signed.text() + "\n", to: "\(output)/report.json")
            try OutputFile.write(report.markdown, to: "\(output)/report.md")
        }
        if json { Output.json(signed) } else { Output.line(report.markdown) }
    }

    private func reading(_ student: String, _ key: WatermarkKey) throws -> EvidenceReport {
        let model = try modelOptions.open(student)
        let texts = try EvidenceFile.read(texts ?? "", limit: limit) {
            try EvidenceFile.text($0, model)
        }
        let before = try base.map { try modelOptions.open($0) }
        func finding(_ name: String, _ model: ReasoningModel, _ base: ReasoningModel?) throws
            -> EvidenceFinding
        {
            guard model.config.vocabSize == before?.config.vocabSize ?? model.config.vocabSize
            else {
                throw CommandError("\(name) and the base have different vocabularies")
            }
            let reader = RadioactivityReader(
                student: model, base: base, width: key.parameters.contextWidth)
            let places = try reader.places(texts) { done in
                if Terminal.errorIsTerminal, done % 100 == 0 {
                    Output.note("\(name): \(done) of \(texts.count) texts")
                }
            }
            return try EvidenceFinding(name, places, key: key, wrongKeys: wrongKeys)
        }
        var controls = try control.map { try finding($0, try modelOptions.open($0), before) }
        if let base, let before { controls.append(try finding(base, before, nil)) }
        var report = EvidenceReport(
            mode: .reading, key: key, student: try finding(student, model, before),
            controls: controls, texts: texts.count, created: Date().timeIntervalSince1970)
        report.canaries = try canaries(model)
        return report
    }

    private func canaries(_ student: ReasoningModel) throws -> [CanaryFinding] {
        guard let canarySecret, let texts else { return [] }
        let mint = CanaryMint(secret: try SketchSecret(path: canarySecret))
        let contexts = try EvidenceFile.read(texts, limit: 2) {
            try EvidenceFile.open($0, student)
        }
        let reader = CanaryReader(student: student) {
            try student.tokenizer.encode($0, addSpecialTokens: false)
        }
        return try account.map {
            try reader.finding(
                account: $0, mint: mint, references: 999, texts: contexts.map(\.tokens))
        }
    }

    private func generation(_ key: WatermarkKey) throws -> EvidenceReport {
        let tokenizer = try TokenizerOnly.open(model)
        var count = 0
        func finding(_ path: String) throws -> EvidenceFinding {
            let texts = try EvidenceFile.read(path, limit: limit) {
                EvidenceFile.answer($0, tokenizer)
            }
            count = max(count, texts.count)
            return try EvidenceFinding(
                path, EvidencePlace.written(texts, width: key.parameters.contextWidth), key: key,
                wrongKeys: wrongKeys)
        }
        let student = try finding(answers ?? "")
        return EvidenceReport(
            mode: .generation, key: key, student: student, controls: try control.map(finding),
            texts: count, created: Date().timeIntervalSince1970)
    }
}

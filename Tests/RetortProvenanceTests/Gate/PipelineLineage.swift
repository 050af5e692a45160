// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import RetortProvenance
import TestSupport

/// Goes through the stages of Recipes/r1-mini as `retort pipeline` does and records what the verbs would, with
/// small files for data and weights. What a stage reads and makes is taken from its command line there.
struct PipelineLineage {
    struct Stage {
        var name: String
        var words: [String]

        /// The value behind a word, such as `--set`'s `data.train=…`, or `-o`.
        func value(_ key: String) -> String? {
            if let word = words.first(where: { $0.hasPrefix("\(key)=") }) {
                return String(word.dropFirst(key.count + 1))
            }
            guard let at = words.firstIndex(of: key), at + 1 < words.count else { return nil }
            return words[at + 1]
        }
    }

    let files: LedgerFiles
    private(set) var models: [String: String] = [:]

    private static var recipes: URL {
        URL(fileURLWithPath: "\(#filePath)").deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Recipes/r1-mini")
    }

    /// Stages that train or make data, those of several seeds for the seed 1.
    static func stages() throws -> [Stage] {
        let text = try String(
            contentsOf: recipes.appendingPathComponent("pipeline.yaml"), encoding: .utf8)
        var stages: [Stage] = []
        var isCommand = false
        for line in text.split(separator: "\n") {
            let plain = line.drop { $0 == " " }
            if plain.hasPrefix("- name: "), line.hasPrefix("  - name") {
                stages.append(Stage(name: String(plain.dropFirst(8)), words: []))
                isCommand = false
            } else if plain.hasPrefix("run: "), !stages.isEmpty {
                isCommand = true
                stages[stages.count - 1].words += words(plain.dropFirst(5))
            } else if isCommand, plain.hasPrefix("-") || line.hasPrefix("      ") {
                stages[stages.count - 1].words += words(plain[...])
            } else {
                isCommand = false
            }
        }
        let verbs = ["train-tokenizer", "traces", "sft", "rl", "distill", "train"]
        return stages.filter { stage in stage.words.first.map { verbs.contains($0) } ?? false }
    }

    private static func words(_ text: Substring) -> [String] {
        text.split(separator: " ").map(String.init).filter { $0 != ">-" }
            .map {
                $0.replacing("{seed}", with: "1").replacing("{digits}", with: "4")
                    .replacing("{mix}", with: "mix")
            }
    }

    init() throws {
        files = try LedgerFiles()
        for stage in try Self.stages() { try run(stage) }
        try runBundled()
    }

    /// Tools/bundled_model/README.md: R1's answers, set into conversations by a script; training; GGUF.
    private mutating func runBundled() throws {
        let gate = RightsGate(policy: try .bundled())
        func plan(_ verb: String, _ name: String, _ inputs: [RunPlan.Input] = []) -> RunPlan {
            RunPlan(
                verb: verb, name: name, output: files.folder.path(name), inputs: inputs,
                software: "test")
        }
        var collect = plan("distill", "bundled-traces")
        collect.teacher = .local(path: models["r1"] ?? "", name: nil)
        let traces = try RunRecord.begin(collect, in: files.ledger)
        try traces.pass(gate)
        let answers = try files.write("answers", to: "bundled-traces/dataset/train.jsonl")
        try traces.produced(files.folder.path("bundled-traces/dataset"), .dataset)
        try traces.finish(models: [])

        let phrases = try files.write("phrases", to: "phrases.py")
        let own = RightsSource(name: "retort", licence: "Apache-2.0", acquisition: .other)
        let script = try RunRecord.begin(
            plan(
                "prepare", "bundled-data",
                [.init(answers, how: .filtered), .init(phrases, how: .filtered, source: own)]),
            in: files.ledger)
        try script.pass(gate)
        let data = try files.write("conversations", to: "bundled.jsonl")
        try script.produced(data, .shard)
        try script.finish(models: [])

        let training = try RunRecord.begin(
            plan("sft", "bundled", [.init(data)]), in: files.ledger)
        try training.pass(gate)
        let model = try files.model("bundled/model", "weights of bundled")
        try training.finish(models: [model], name: "bundled")
        models["bundled"] = model
        let gguf = try files.write("GGUF", to: "retort-bundled.gguf")
        try files.ledger.derived(
            gguf, kind: .model, from: model, originKind: .model, how: .converted,
            details: JSONObject([("type", "q8_0")]))
        try files.ledger.writeLineage(of: gguf)
        models["retort-bundled.gguf"] = gguf
    }

    private func path(_ word: String) -> String {
        word.replacing("{output}", with: files.folder.path("r1-mini"))
            .replacing("{here}", with: Self.recipes.path)
    }

    private mutating func run(_ stage: Stage) throws {
        let verb = stage.words[0]
        let output = path(stage.value("output") ?? stage.value("-o") ?? stage.name)
        let name = (output as NSString).lastPathComponent
        var inputs: [RunPlan.Input] = []
        if let data = stage.value("data.train") { inputs.append(.init(path(data))) }
        if let tokenizer = stage.value("tokenizer") {
            inputs.append(.init(path(tokenizer), how: .tokenizedWith, kind: .tokenizer))
        }
        if ["train-tokenizer", "traces"].contains(verb), stage.words.count > 1 {
            // The project's own files.
            inputs.append(
                .init(
                    path(stage.words[1]),
                    source: RightsSource(name: "retort", licence: "Apache-2.0", acquisition: .other)
                ))
        }
        let record = try RunRecord.begin(
            RunPlan(
                verb: verb, name: name, output: output,
                recipe: ["command": .string(stage.words.joined(separator: " "))], inputs: inputs,
                base: stage.value("model.from").map { path($0) },
                teacher: stage.value("distill.teacher.model").map {
                    .local(path: path($0), name: nil)
                }, software: "test"), in: files.ledger)
        try record.pass(RightsGate(policy: try .bundled()))
        switch verb {
        case "train-tokenizer":
            try files.write("{}", to: "r1-mini/\(name)/tokenizer.json")
            try record.produced(output, .tokenizer)
            try record.finish(models: [])
        case "traces":
            try files.write("traces of \(name)", to: "r1-mini/\(name)")
            try record.produced(
                output, .shard,
                source: .written(by: "retort traces", name: name, licence: "Apache-2.0"))
            try record.finish(models: [])
        default:
            if verb == "distill" {
                try files.write("answers of \(name)", to: "r1-mini/\(name)/dataset/train.jsonl")
                try record.produced("\(output)/dataset", .dataset)
            }
            let model = try files.model("r1-mini/\(name)/model", "weights of \(name)")
            try record.finish(models: [model], name: name)
            models[name] = model
        }
    }

    func lineage(_ name: String) throws -> Lineage {
        let path = models[name] ?? ""
        return try files.ledger.lineage(of: try files.ledger.contents(of: path).address)
    }
}

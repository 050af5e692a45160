// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import RetortProvenance
import TestSupport

/// A folder with a ledger, files and directories of models, for tests.
struct LedgerFiles {
    let folder: TemporaryFolder
    let ledger: RightsLedger

    init(now: Double = 1_790_000_000) throws {
        folder = try TemporaryFolder()
        ledger = try RightsLedger(path: folder.path("ledger.sqlite"), now: { now })
    }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        let url = folder.url.appendingPathComponent(name)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
        return url.path
    }

    /// A directory that could be a model's; its weights are `seed`.
    func model(_ name: String, _ seed: String) throws -> String {
        try write("{\"model_type\": \"qwen2\"}", to: "\(name)/config.json")
        try write(seed, to: "\(name)/model.safetensors")
        return folder.path(name)
    }

    static let ours = RightsSource.written(
        by: "retort traces", name: "products", licence: "Apache-2.0")

    /// A run of one input and one model.
    @discardableResult
    func train(
        _ name: String, on inputs: [String], verb: String = "sft", base: String? = nil,
        teacher: RunPlan.Teacher? = nil, source: RightsSource? = ours, answers: String? = nil
    ) throws -> String {
        let record = try RunRecord.begin(
            RunPlan(
                verb: verb, name: name, output: folder.path(name),
                recipe: ["training": ["steps": 10]],
                inputs: inputs.map { RunPlan.Input($0, source: source) }, base: base,
                teacher: teacher, software: "retort test"), in: ledger)
        if let answers {
            try write(answers, to: "\(name)/dataset/train.jsonl")
            try record.produced(folder.path("\(name)/dataset"), .dataset)
        }
        let checkpoint = try model("\(name)/checkpoints/step-000005", "\(name) at 5")
        try record.produced(checkpoint, .checkpoint, details: JSONObject([("step", 5)]))
        let model = try model("\(name)/model", "weights of \(name)")
        try record.finish(models: [model], name: name)
        return model
    }
}

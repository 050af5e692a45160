// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import RetortTensor
import RetortTraining
import Testing

@Suite struct RecipeTests {
    private static func recipe(_ changes: [String: JSONValue]) -> JSONValue {
        let plain: JSONValue = [
            "output": "run", "tokenizer": "tok", "model": ["from": "base"],
            "data": ["train": "corpus.jsonl"], "training": ["steps": 10],
        ]
        var object = plain.objectValue ?? JSONObject()
        for (key, value) in changes { object[key] = value }
        return .object(object)
    }

    @Test("a short recipe has the defaults")
    func defaults() throws {
        let recipe = try Recipe(Self.recipe([:]))
        #expect(recipe.kind == .pretrain)
        #expect(recipe.batch == 16)
        #expect(recipe.steps == 10)
        #expect(recipe.learningRate == 2e-5)
        #expect(recipe.data.files.map(\.path) == ["corpus.jsonl"])
        #expect(recipe.data.files[0].format == nil)
    }

    @Test("every part is read")
    func parts() throws {
        let recipe = try Recipe(
            Self.recipe([
                "kind": "sft", "seed": 7, "threads": 3,
                "data": [
                    "train": [["path": "a.txt", "format": "lines"], "b.jsonl"], "length": 64,
                    "packing": "best_fit", "turns": "last", "drop_long": true,
                ],
                "training": ["epochs": 2, "batch": 4, "accumulation": 3, "compute": "f32"],
                "optimizer": ["name": "muon", "learning_rate": 1e-2, "state_bits": 8],
                "schedule": ["kind": "wsd", "warmup_steps": 5, "final_fraction": 0],
                "lora": ["rank": 4, "alpha": 8, "targets": "o_proj"],
                "deepseek": ["bias_update_speed": 0.01],
                "checkpoints": ["every": 7, "keep": 1, "dtype": "bf16"],
                "cost": ["price_per_hour": 0.5, "currency": "EUR", "watts": 60],
            ]))
        #expect(recipe.kind == .sft)
        #expect(recipe.data.files[0].format == .text(.line))
        #expect(recipe.data.turns == .last)
        #expect(recipe.optimizer.kind == .muon)
        #expect(recipe.lowRank?.targets == ["o_proj"])
        #expect(recipe.checkpoints.dtype == .bf16)
        #expect(recipe.cost.currency == "EUR")
        #expect(recipe.biasUpdate == 0.01)
    }

    @Test(
        "what is wrong is named",
        arguments: [
            (["outputs": "x"], "'outputs' is not known"),
            (["output": ""], "'output' is missing"),
            (["training": ["batch": 4]], "'training.steps'"),
            (["training": ["steps": 10, "batch": 0]], "'training.batch' is 0"),
            (["training": ["steps": 10, "compute": "f8"]], "expected one of f32, bf16"),
            (["optimizer": ["lr": 1]], "'optimizer.lr' is not known"),
            (["optimizer": ["state_bits": 16]], "expected 8 or 32"),
            (["optimizer": 3], "'optimizer' is a number"),
            (["model": ["from": "a", "config": ["x": 1]]], "both 'from' and 'config'"),
            (["model": ["config": "llama"]], "'model.config'"),
            (["data": ["train": "a", "dataset": "b"]], "exactly one"),
            (["data": ["train": [["format": "text"]]]], "'data.train[0].path' is missing"),
            (["data": ["train": [["path": "x", "format": "csv"]]]], "'data.train[0].format'"),
            (["lora": ["targets": .array([])]], "names no layer"),
            (["data": ["dataset": "d", "validation": "v"]], "'data.validation' has no effect"),
            (["optimizer": ["eps": 0]], "'optimizer.eps' is 0"),
            (["checkpoints": ["dtype": "q4_0"]], "expected one of f32, f16, bf16"),
        ] as [([String: JSONValue], String)])
    func wrong(changes: [String: JSONValue], expected: String) {
        let text = trainingFailure { _ = try Recipe(Self.recipe(changes)) }
        #expect(text.contains(expected), "\(text)")
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortFormats
import RetortJSON
import RetortTensor
import RetortTraining
import TestSupport
import Testing

/// A small run in a folder of its own.
struct SmallRun {
    static let architectures = ["llama", "deepseek", "lora", "muon-8bit"]

    let folder: TemporaryFolder
    private let kind: String
    private let changes: [String: JSONValue]

    init(_ kind: String, changes: [String: JSONValue] = [:]) throws {
        folder = try TemporaryFolder()
        self.kind = kind
        self.changes = changes
        var random = SeededRandom(seed: 5)
        let words = ["red", "green", "blue", "one", "two", "three", "\n", "apples", "are", "and"]
        let lines = (0..<80).map { _ in
            let text = (0..<Int.random(in: 3...40, using: &random)).map { _ in
                words.randomElement(using: &random) ?? ""
            }.joined(separator: " ")
            let record: JSONValue = ["text": .string(text)]
            return record.text()
        }
        _ = try folder.write(lines.joined(separator: "\n") + "\n", to: "corpus.jsonl")
        try FileManager.default.createDirectory(
            atPath: folder.path("tokenizer"), withIntermediateDirectories: true)
        _ = try folder.write(
            contents(fixture("data/tokenizer-bytes.json").path), to: "tokenizer/tokenizer.json")
        _ = try folder.write(
            #"{"eos_token": "<|endoftext|>"}"#, to: "tokenizer/tokenizer_config.json")
    }

    func recipe(output: String = "run", steps: Int = 12) throws -> Recipe {
        let plain: JSONValue = [
            "output": .string(folder.path(output)), "threads": 1,
            "tokenizer": .string(folder.path("tokenizer")),
            "schedule": ["warmup_steps": 3], "checkpoints": ["every": 4, "keep": 2],
            "evaluation": ["every": 5, "batches": 2], "optimizer": ["learning_rate": 3e-3],
        ]
        var object = plain.objectValue ?? JSONObject()
        object["model"] = ["config": Self.config(kind), "initializer_range": 0.1]
        object["data"] = [
            "train": .string(folder.path("corpus.jsonl")), "validation_every": 6, "length": 24,
        ]
        object["training"] = [
            "batch": 2, "accumulation": 2, "steps": .integer(Int64(steps)), "compute": "f32",
        ]
        if kind == "lora" {
            object["model"] = ["from": .string(folder.path("base/model"))]
            object["lora"] = ["rank": 3, "alpha": 6, "targets": ["q_proj", "v_proj", "down_proj"]]
        }
        if kind == "muon-8bit" {
            object["optimizer"] = ["name": "muon", "state_bits": 8, "learning_rate": 3e-3]
        }
        for (key, value) in changes { object[key] = value }
        return try Recipe(.object(object))
    }

    static func config(_ kind: String) -> JSONValue {
        let text =
            kind == "deepseek"
            ? #"""
            {"model_type": "deepseek_v3", "hidden_size": 24, "intermediate_size": 40,
             "moe_intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
             "num_key_value_heads": 2, "n_routed_experts": 4, "num_experts_per_tok": 2,
             "n_shared_experts": 1, "first_k_dense_replace": 1, "q_lora_rank": 12,
             "kv_lora_rank": 16, "qk_nope_head_dim": 8, "qk_rope_head_dim": 4, "v_head_dim": 8,
             "n_group": 1, "topk_group": 1, "topk_method": "noaux_tc",
             "scoring_func": "sigmoid", "norm_topk_prob": true, "routed_scaling_factor": 1.0,
             "num_nextn_predict_layers": 1, "max_position_embeddings": 64,
             "rms_norm_eps": 1e-6, "tie_word_embeddings": false}
            """#
            : #"""
            {"model_type": "llama", "hidden_size": 24, "intermediate_size": 40,
             "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
             "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "head_dim": 6,
             "tie_word_embeddings": true}
            """#
        return (try? JSONValue(parsing: Array(text.utf8))) ?? .null
    }

    /// LoRA needs a model to change.
    func makeBase() throws {
        if kind == "lora" { try makeStart("llama") }
    }

    /// A model that training can begin from, in `base/model`.
    func makeStart(_ other: String? = nil) throws {
        let base = try SmallRun(other ?? kind)
        _ = try Trainer(base.recipe(steps: 2)).run()
        try FileManager.default.moveItem(
            atPath: base.folder.path("run"), toPath: folder.path("base"))
    }

    /// The weights of a finished run.
    func weights(_ output: String) throws -> [UInt8] {
        let name = kind == "lora" ? "adapter_model.safetensors" : "model.safetensors"
        return try contents(folder.path("\(output)/model/\(name)"))
    }

    func metrics(_ output: String) throws -> [JSONValue] {
        try String(decoding: contents(folder.path("\(output)/metrics.jsonl")), as: UTF8.self)
            .split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
    }
}

@Suite struct TrainerTests {
    @Test(
        "a run that is stopped after any step and resumed ends with the bits of one that was not",
        arguments: SmallRun.architectures)
    func resume(kind: String) throws {
        let small = try SmallRun(kind)
        try small.makeBase()
        #expect(try Trainer(small.recipe(output: "whole")).run())
        let expected = try small.weights("whole")
        let losses = try small.metrics("whole").map { $0["loss"]?.doubleValue }
        for stop in [1, 4, 7, 11] {
            let recipe = try small.recipe(output: "cut-\(stop)")
            var taken = 0
            let isFinished = try Trainer(recipe).run(shouldStop: {
                taken += 1
                return taken == stop
            })
            #expect(!isFinished)
            #expect(try Trainer(recipe, resume: true).run())
            #expect(try small.weights("cut-\(stop)") == expected, "stopped after \(stop)")
            let metrics = try small.metrics("cut-\(stop)")
            #expect(metrics.map { $0["loss"]?.doubleValue } == losses)
            #expect(metrics.map { $0["step"]?.intValue } == Array(1...12))
        }
    }

    @Test("what came after the newest checkpoint is done again", arguments: ["llama", "deepseek"])
    func killed(kind: String) throws {
        let small = try SmallRun(kind)
        #expect(try Trainer(small.recipe(output: "whole")).run())
        let recipe = try small.recipe()
        struct Killed: Error {}
        // As if the process ended between two checkpoints, in the middle of a line.
        #expect(throws: Killed.self) {
            _ = try Trainer(recipe).run(observe: { event in
                if case .step(let metrics) = event, metrics.step == 7 { throw Killed() }
            })
        }
        let log = small.folder.path("run/metrics.jsonl")
        try Data(contents(log) + Array(#"{"step": 8, "lo"#.utf8)).write(
            to: URL(fileURLWithPath: log))
        try FileManager.default.createDirectory(
            atPath: small.folder.path("run/checkpoints/step-000008.99.partial"),
            withIntermediateDirectories: false)
        #expect(try Trainer(recipe, resume: true).run())
        #expect(try small.weights("run") == small.weights("whole"))
        #expect(try small.metrics("run").count == 12)
        let left = try FileManager.default.contentsOfDirectory(
            atPath: small.folder.path("run/checkpoints"))
        #expect(!left.contains { $0.hasSuffix(".partial") })
    }

    @Test("training lowers the loss and says what it measured")
    func learns() throws {
        let small = try SmallRun("deepseek")
        let trainer = try Trainer(small.recipe(steps: 40))
        #expect(try trainer.run())
        let metrics = try small.metrics("run")
        let (first, last) = (metrics[0], metrics[39])
        #expect(
            try #require(last["loss"]?.doubleValue) < 0.8 * #require(first["loss"]?.doubleValue))
        #expect(
            try #require(last["mtp_loss"]?.doubleValue) < #require(first["mtp_loss"]?.doubleValue))
        let load = try #require(last["expert_load"]?.arrayValue)
        #expect(load.count == 2)
        for layer in load {
            let shares = try #require(layer.arrayValue).compactMap(\.doubleValue)
            #expect(abs(shares.reduce(0, +) - 1) < 1e-9)
        }
        #expect(last["bits_per_byte"]?.doubleValue != nil)
        #expect(last["validation_loss"]?.doubleValue != nil)
    }

    @Test("the best checkpoint and the newest are kept")
    func keeps() throws {
        let small = try SmallRun("llama")
        #expect(try Trainer(small.recipe(steps: 24)).run())
        let names = try FileManager.default.contentsOfDirectory(
            atPath: small.folder.path("run/checkpoints"))
        let best = try FileManager.default.destinationOfSymbolicLink(
            atPath: small.folder.path("run/checkpoints/best"))
        #expect(names.contains(best))
        #expect(names.contains("step-000024"))
        #expect(names.count <= 4)
        _ = try Checkpoint(path: small.folder.path("run/checkpoints/best"))
    }

    @Test("the finished model runs", arguments: [DType.f32, .bf16])
    func model(dtype: DType) throws {
        let small = try SmallRun(
            "deepseek", changes: ["checkpoints": ["dtype": .string(dtype.rawValue)]])
        #expect(try Trainer(small.recipe(steps: 2)).run())
        let checkpoint = try Checkpoint(path: small.folder.path("run/model"))
        #expect(checkpoint.config.numNextnPredictLayers == 1)
        #expect(try checkpoint.tensor("model.layers.0.mlp.up_proj.weight").dtype == dtype)
    }

    @Test("a run does not go on as another model")
    func changed() throws {
        let small = try SmallRun("llama")
        #expect(try Trainer(small.recipe(steps: 4)).run())
        let other = try SmallRun(
            "llama",
            changes: [
                "output": .string(small.folder.path("run")),
                "model": ["config": SmallRun.config("deepseek")],
            ])
        let failure = trainingFailure { _ = try Trainer(other.recipe(), resume: true) }
        #expect(failure.contains("model.config"))
    }

    @Test("rows longer than the model's positions are refused") func length() throws {
        let small = try SmallRun("llama")
        let long = try SmallRun(
            "llama",
            changes: [
                "data": ["train": .string(small.folder.path("corpus.jsonl")), "length": 100]
            ])
        #expect(
            trainingFailure { _ = try Trainer(long.recipe()) }.contains("max_position_embeddings"))
    }

    @Test("padding is no load of experts") func padding() throws {
        let small = try SmallRun("deepseek")
        let path = try small.folder.write(
            (0..<16).map { #"{"prompt": "\#($0) ", "completion": "\#($0)"}"# }
                .joined(separator: "\n"), to: "pairs.jsonl")
        func shares(length: Int64) throws -> [Double] {
            let run = try SmallRun(
                "deepseek",
                changes: [
                    "kind": "sft",
                    "data": [
                        "train": .string(path), "length": .integer(length), "packing": "single",
                    ],
                    "training": ["batch": 16, "steps": 1, "compute": "f32"],
                    "deepseek": ["mtp_loss_lambda": 0],
                ])
            #expect(try Trainer(run.recipe()).run())
            let load = try #require(run.metrics("run")[0]["expert_load"]?.arrayValue)
            return try #require(load[0].arrayValue).compactMap(\.doubleValue)
        }
        let long = try shares(length: 60)
        // Almost all places are padding, which would make two of the experts do everything.
        #expect(try #require(long.max()) < 0.49)
        // The same documents with less of it have the same load.
        for (share, other) in zip(long, try shares(length: 20)) {
            #expect(abs(share - other) < 0.005)
        }
    }

    @Test("a run is not begun over another")
    func refuses() throws {
        let small = try SmallRun("llama")
        let recipe = try small.recipe(steps: 4)
        #expect(try Trainer(recipe).run())
        #expect(trainingFailure { _ = try Trainer(recipe) }.contains("--resume"))
    }

    @Test("two do not train in one directory at a time")
    func locked() throws {
        let small = try SmallRun("llama")
        let recipe = try small.recipe(steps: 4)
        var first: Trainer? = try Trainer(recipe)
        #expect(trainingFailure { _ = try Trainer(recipe) }.contains("another process"))
        #expect(try first?.run() == true)
        first = nil
        #expect(try Trainer(recipe, resume: true).run())
    }

    @Test("memory that is not there is asked for before the first step") func memory() throws {
        let text = "MemTotal:  100 kB\nMemAvailable:   24125 kB\nCached: 1 kB\n"
        #expect(AvailableMemory.value(in: text) == 24125)
        #expect(AvailableMemory.value(in: "MemAvailable: much") == nil)
        try AvailableMemory.check(0)
        guard AvailableMemory.bytes() != nil else { return }
        let failure = trainingFailure { try AvailableMemory.check(.max) }
        #expect(failure.contains("GiB are free") && failure.contains("checkpointing"))
    }

    @Test("a loss that is no number ends the run and leaves the newest checkpoint")
    func diverges() throws {
        let small = try SmallRun(
            "llama",
            changes: [
                "optimizer": ["learning_rate": 100, "clip_norm": 0],
                "schedule": ["kind": "constant"], "checkpoints": ["every": 1],
            ])
        let text = trainingFailure { _ = try Trainer(small.recipe(steps: 400)).run() }
        #expect(text.contains("diverged"))
        let names = try FileManager.default.contentsOfDirectory(
            atPath: small.folder.path("run/checkpoints"))
        let newest = try #require(names.filter { $0.hasPrefix("step-") }.sorted().last)
        try Checkpoint(path: small.folder.path("run/checkpoints/\(newest)")).validateFinite()
    }

    @Test("a metrics file that cannot be written is an error before the first step")
    func unwritableMetrics() throws {
        let small = try SmallRun("llama")
        try FileManager.default.createDirectory(
            atPath: small.folder.path("run/metrics.jsonl/inside"), withIntermediateDirectories: true
        )
        #expect(throws: (any Error).self) { _ = try Trainer(small.recipe(steps: 4)).run() }
    }

    @Test(
        "a damaged checkpoint is an error that names it",
        arguments: [
            "trainer_state.json", "optimizer.safetensors", "model.safetensors",
        ])
    func damaged(file: String) throws {
        let small = try SmallRun("llama")
        let recipe = try small.recipe(steps: 4)
        #expect(try Trainer(recipe).run())
        let path = small.folder.path("run/checkpoints/step-000004/\(file)")
        try Data(contents(path).prefix(20)).write(to: URL(fileURLWithPath: path))
        let failure = #expect(throws: (any Error).self) {
            _ = try Trainer(recipe, resume: true)
        }
        #expect("\(failure.map { "\($0)" } ?? "")".contains(file))
    }

    @Test("fine-tuning predicts what the assistant says and nothing else")
    func sft() throws {
        let small = try SmallRun("llama")
        let lines = (0..<40).map {
            #"{"prompt": "What is \#($0) and one? ", "completion": "It is \#($0 + 1)."}"#
        }
        let path = try small.folder.write(lines.joined(separator: "\n"), to: "pairs.jsonl")
        let run = try SmallRun(
            "llama", changes: ["kind": "sft", "data": ["train": .string(path), "length": 40]])
        let trainer = try Trainer(run.recipe(steps: 30))
        #expect(try trainer.run())
        let metrics = try run.metrics("run")
        let last = try #require(metrics.last?["loss"]?.doubleValue)
        #expect(last < 0.8 * (try #require(metrics.first?["loss"]?.doubleValue)))
    }
}

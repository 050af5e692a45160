// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import RetortTraining
import TestSupport

/// Short runs of tiny models.
struct TinyRun: Sendable {
    /// What a rank saw.
    struct Seen: Sendable {
        var steps: [StepMetrics] = []
        var isFinished = false
        /// Elements of each bucket that was sent.
        var buckets: [Int] = []
    }

    static let models: [String: JSONValue] = [
        "llama": llama(isTied: false), "tied": llama(isTied: true), "deepseek": deepseek,
    ]

    private static func llama(isTied: Bool) -> JSONValue {
        [
            "model_type": "llama", "hidden_size": 32, "intermediate_size": 48,
            "num_attention_heads": 4, "num_hidden_layers": 2, "num_key_value_heads": 2,
            "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
            "tie_word_embeddings": .bool(isTied),
        ]
    }

    private static let deepseek: JSONValue = [
        "model_type": "deepseek_v3", "hidden_size": 32, "intermediate_size": 48,
        "first_k_dense_replace": 1, "kv_lora_rank": 16, "q_lora_rank": 24,
        "moe_intermediate_size": 20, "n_group": 4, "n_routed_experts": 8, "n_shared_experts": 1,
        "norm_topk_prob": true, "num_attention_heads": 4, "num_experts_per_tok": 3,
        "num_hidden_layers": 2, "num_key_value_heads": 4, "num_nextn_predict_layers": 1,
        "qk_nope_head_dim": 12, "qk_rope_head_dim": 8, "v_head_dim": 10,
        "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
        "routed_scaling_factor": 2.5, "scoring_func": "sigmoid", "topk_group": 2,
        "topk_method": "noaux_tc", "tie_word_embeddings": false,
    ]

    let base: JSONObject
    let folder: String

    init(_ folder: TemporaryFolder, model: String, lines: Int = 80) throws {
        self.folder = folder.url.path
        var random = SeededRandom(seed: 11)
        var text = ""
        for _ in 0..<lines {
            let words = (0..<Int.random(in: 3...6, using: &random)).map { _ in
                ["ab", "bc", "cde", "de", "ea", "fab"].randomElement(using: &random) ?? "a"
            }
            text += words.joined(separator: " ") + "\n"
        }
        let corpus = try folder.write(text, to: "corpus.txt")
        let values: JSONValue = [
            "tokenizer": .string(fixture("data/tokenizer-bytes.json").path), "threads": 1,
            "model": [
                "config": Self.models[model] ?? .null, "initializer_range": 0.1,
            ],
            "data": [
                "train": ["path": .string(corpus), "format": "lines"],
                "validation_every": 9, "length": 16,
            ],
            "training": ["steps": 8, "compute": "f32"],
            "optimizer": ["learning_rate": 0.003],
            "evaluation": ["every": 4],
        ]
        base = values.objectValue ?? JSONObject()
    }

    func recipe(
        _ name: String, batch: Int, _ changes: [String: JSONValue] = [:]
    ) throws -> Recipe {
        var object = base
        object["output"] = .string("\(folder)/\(name)")
        for (key, value) in changes.merging(
            ["training.batch": .integer(Int64(batch))], uniquingKeysWith: { $1 })
        {
            let keys = key.split(separator: ".").map(String.init)
            if keys.count == 1 {
                object[key] = value
            } else {
                var inner = object[keys[0]]?.objectValue ?? JSONObject()
                inner[keys[1]] = value
                object[keys[0]] = .object(inner)
            }
        }
        return try Recipe(.object(object))
    }

    /// Trains on `ranks` threads, or without a group.
    /// - Parameter stop: Whose `shouldStop` becomes true after which step.
    func train(
        _ name: String, batch: Int, ranks: Int = 1, _ changes: [String: JSONValue] = [:],
        resume: Bool = false, stop: (rank: Int, step: Int)? = nil
    ) throws -> [Seen] {
        let recipe = try recipe(name, batch: batch, changes)
        @Sendable func run(_ group: any TrainingGroup) throws -> Seen {
            var seen = Seen()
            let trainer = try Trainer(recipe, resume: resume, group: group)
            trainer.exchange.bucketSize = 500
            seen.isFinished = try trainer.run(
                shouldStop: { stop.map { $0 == (group.rank, seen.steps.count) } ?? false },
                observe: { if case .step(let metrics) = $0 { seen.steps.append(metrics) } })
            if let threads = group as? ThreadGroup { seen.buckets = threads.buckets }
            return seen
        }
        guard ranks > 1 else { return [try run(SoloGroup())] }
        return try together(ranks) { try run($0) }.map { try $0.get() }
    }
}

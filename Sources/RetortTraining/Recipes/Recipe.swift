// SPDX-License-Identifier: Apache-2.0
//
// What a training run does, as a file says it. `docs/training.md` describes every key.

import RetortJSON
import RetortTensor

/// A training run: model, data, optimizer, and what is kept.
public struct Recipe: Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        /// Every token is predicted.
        case pretrain
        /// Only what the assistant says is predicted.
        case sft
        /// Answers are sampled and rewarded.
        case rl
        /// A teacher is imitated.
        case distill
    }

    /// Where the model comes from.
    public enum ModelSource: Sendable {
        /// A Hugging Face directory.
        case directory(String)
        /// From scratch, with a configuration as in config.json.
        case scratch(config: JSONObject, deviation: Float)
    }

    /// A file of the corpus.
    public struct DataFile: Sendable, Equatable {
        public var path: String
        /// Nil: told by the file itself.
        public var format: CorpusFormat?

        public init(path: String, format: CorpusFormat? = nil) {
            self.path = path
            self.format = format
        }
    }

    public struct Data: Sendable {
        /// A dataset directory that `retort prepare` made; or else files.
        public var dataset: String?
        public var files: [DataFile] = []
        public var validationFiles: [DataFile] = []
        /// One document in so many is kept apart, where there are no files for it.
        public var validationEvery: Int?
        public var packing: Packing?
        public var length = 256
        public var maximumTokens: Int?
        public var dropsLongDocuments = false
        public var turns = SampleOptions.Turns.all
        /// A file with a chat template, in place of the model's.
        public var chatTemplate: String?
    }

    /// Rank-limited changes of linear layers.
    public struct LowRank: Sendable, Equatable {
        public var rank = 8
        public var alpha: Float = 16
        /// The layers' names, as in PEFT's `target_modules`.
        public var targets = ["q_proj", "v_proj"]
    }

    public struct Checkpoints: Sendable, Equatable {
        /// Steps between checkpoints.
        public var every = 500
        /// The newest that are kept, beside the best.
        public var keep = 2
        /// The type of the weights of the finished model.
        public var dtype = DType.f32
    }

    public struct Cost: Sendable, Equatable {
        public var pricePerHour: Double?
        public var currency = "USD"
        /// Watts of the machine under load, where it does not tell.
        public var watts: Double?
    }

    public var kind = Kind.pretrain
    /// The directory of the run.
    public var output = "run"
    public var seed: UInt64 = 1
    public var threads: Int?
    public var model = ModelSource.directory("")
    /// Where the tokenizer comes from, if not from the model's directory.
    public var tokenizer: String?
    public var data = Data()
    /// Rows of a pass, on each rank.
    public var batch = 16
    /// Passes of a step.
    public var accumulation = 1
    /// Steps, or nil with `epochs`.
    public var steps: Int?
    public var epochs: Int?
    public var computeType = ComputeType.bf16
    public var checkpointing = false
    public var optimizer = OptimizerSettings()
    public var scheduleKind = Schedule.Kind.cosine
    public var learningRate: Float = 1e-3
    /// Whether the recipe names one.
    var hasLearningRate = false
    public var warmupSteps = 0
    public var finalFraction: Float = 0.1
    public var decayFraction: Float = 0.2
    public var lowRank: LowRank?
    /// Of the kind ``Kind/rl``, and of distillation on what the student samples.
    public var policy: PolicySettings?
    /// Of the kind ``Kind/distill``.
    public var distillation: DistillationSettings?
    /// γ of auxiliary-loss-free balancing (DeepSeek-V3, 2024): what a step adds to or takes from the
    /// bias of an expert.
    public var biasUpdate: Float = 1e-3
    /// α of the sequence-wise balance loss.
    public var balanceWeight: Float = 1e-4
    /// λ of the loss of multi-token prediction.
    public var predictionWeight: Float = 0.3
    public var checkpoints = Checkpoints()
    /// Steps between measurements on the validation data.
    public var evaluateEvery = 250
    /// Batches of a measurement at most.
    public var evaluateBatches = 50
    public var cost = Cost()
}

// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import RetortTensor

extension Recipe {
    /// Reads a recipe.
    /// - Throws: ``TrainingError`` naming the key that is missing, unknown or out of range.
    public init(_ json: JSONValue) throws(TrainingError) {
        let root = try RecipeFields(json, place: "")
        kind = try root.choice("kind", Kind.self) ?? kind
        guard let output = try root.string("output"), !output.isEmpty else {
            throw root.fail("output", "is missing; it names the directory of the run")
        }
        self.output = output
        seed = UInt64(try root.integer("seed", in: 0...Int.max) ?? 1)
        threads = try root.integer("threads", in: 1...256)
        tokenizer = try root.string("tokenizer")
        model = try Self.model(root)
        if kind == .distill { distillation = try DistillationSettings(root.fields("distill")) }
        let samples = kind == .rl || distillation?.method == .onPolicy
        if samples { policy = try PolicySettings(root.fields("rl")) }
        data = try Self.data(
            root.fields("data"), samples ? .none : kind == .distill ? .optional : .required)
        try readTraining(root.fields("training"))
        try readOptimizer(root.fields("optimizer"))
        try readSchedule(root.fields("schedule"))
        if root.contains("lora") { lowRank = try Self.lowRank(root.fields("lora")) }
        if case .directory = model, !hasLearningRate {
            // What a model from scratch learns with would undo what another knows.
            learningRate = lowRank == nil ? 2e-5 : 2e-4
        }
        let deepseek = try root.fields("deepseek")
        biasUpdate = try deepseek.float("bias_update_speed", in: 0...1) ?? biasUpdate
        balanceWeight = try deepseek.float("balance_loss_alpha", in: 0...10) ?? balanceWeight
        predictionWeight = try deepseek.float("mtp_loss_lambda", in: 0...10) ?? predictionWeight
        try deepseek.finish()
        let checkpoints = try root.fields("checkpoints")
        self.checkpoints.every =
            try checkpoints.integer("every", in: 1...Int.max) ?? self.checkpoints.every
        self.checkpoints.keep =
            try checkpoints.integer("keep", in: 1...10_000) ?? self.checkpoints.keep
        if let name = try checkpoints.string("dtype") {
            guard let dtype = DType(rawValue: name), [.f32, .f16, .bf16].contains(dtype) else {
                throw checkpoints.fail("dtype", "is '\(name)'; expected one of f32, f16, bf16")
            }
            self.checkpoints.dtype = dtype
        }
        try checkpoints.finish()
        let evaluation = try root.fields("evaluation")
        evaluateEvery = try evaluation.integer("every", in: 1...Int.max) ?? evaluateEvery
        evaluateBatches = try evaluation.integer("batches", in: 1...Int.max) ?? evaluateBatches
        try evaluation.finish()
        let cost = try root.fields("cost")
        self.cost.pricePerHour = try cost.number("price_per_hour", in: 0...1e9)
        self.cost.currency = try cost.string("currency") ?? self.cost.currency
        self.cost.watts = try cost.number("watts", in: 0...1e7)
        try cost.finish()
        try root.finish()
    }

    private static func model(_ root: RecipeFields) throws(TrainingError) -> ModelSource {
        let model = try root.fields("model")
        let directory = try model.string("from")
        let config = model.value("config")
        let deviation = try model.float("initializer_range", in: 1e-6...10) ?? 0.02
        try model.finish()
        switch (directory, config) {
        case (let directory?, nil): return .directory(directory)
        case (nil, .object(let object)?): return .scratch(config: object, deviation: deviation)
        case (nil, let other?):
            throw model.fail("config", "is \(other.kind); the keys of a config.json were expected")
        case (nil, nil):
            throw root.fail(
                "model",
                "is missing; give 'from', a Hugging Face directory, or 'config', the keys of a config.json"
            )
        case (_?, _?):
            throw root.fail("model", "has both 'from' and 'config'; expected one of them")
        }
    }

    private enum FileUse { case required, optional, none }

    private static func data(_ fields: RecipeFields, _ use: FileUse) throws(TrainingError) -> Data {
        var data = Data()
        data.dataset = try fields.string("dataset")
        data.files = try files(fields, "train")
        data.validationFiles = try files(fields, "validation")
        data.validationEvery = try fields.integer("validation_every", in: 2...Int.max)
        if let name = try fields.string("packing") {
            let known: [String: Packing] = [
                "concatenate": .concatenate, "best_fit": .bestFit, "single": .single,
            ]
            guard let packing = known[name] else {
                throw fields.fail(
                    "packing",
                    "is '\(name)'; expected one of \(known.keys.sorted().joined(separator: ", "))")
            }
            data.packing = packing
        }
        data.length = try fields.integer("length", in: 2...1 << 20) ?? data.length
        data.maximumTokens = try fields.integer("maximum_tokens", in: 2...Int.max)
        data.dropsLongDocuments = try fields.flag("drop_long") ?? false
        if let turns = try fields.string("turns") {
            guard let value = SampleOptions.Turns(rawValue: turns) else {
                throw fields.fail("turns", "is '\(turns)'; expected one of all, last")
            }
            data.turns = value
        }
        data.chatTemplate = try fields.string("chat_template")
        let only = ["validation", "validation_every", "maximum_tokens", "turns"]
        if data.dataset != nil, let key = only.first(where: { fields.contains($0) }) {
            throw fields.fail(key, "has no effect on a dataset; it is for 'retort prepare'")
        }
        if data.validationEvery != nil, !data.validationFiles.isEmpty {
            throw fields.fail("validation_every", "and 'data.validation' exclude each other")
        }
        try fields.finish()
        if use == .optional, data.dataset == nil, data.files.isEmpty { return data }
        guard use != .none else {
            guard data.dataset == nil, data.files.isEmpty else {
                throw fields.fail("train", "has no effect here; 'rl.task' says what to learn")
            }
            return data
        }
        guard (data.dataset != nil) != !data.files.isEmpty else {
            throw fields.fail(
                "train", "or 'dataset': exactly one of them must say what to train on")
        }
        return data
    }

    private static func files(_ fields: RecipeFields, _ key: String) throws(TrainingError)
        -> [DataFile]
    {
        var files: [DataFile] = []
        for (index, item) in fields.items(key).enumerated() {
            if let path = item.stringValue {
                files.append(DataFile(path: path, format: nil))
                continue
            }
            let own = try RecipeFields(item, place: "data.\(key)[\(index)]")
            guard let path = try own.string("path") else { throw own.fail("path", "is missing") }
            var format: CorpusFormat?
            switch try own.string("format") {
            case nil: break
            case "text": format = .text(.file)
            case "lines": format = .text(.line)
            case "paragraphs": format = .text(.blankLine)
            case "jsonl": format = .jsonText(field: try own.string("field") ?? "text")
            case "chat": format = .chat
            case "completion": format = .completion
            case let other?:
                throw own.fail(
                    "format",
                    "is '\(other)'; expected one of text, lines, paragraphs, jsonl, chat, completion"
                )
            }
            try own.finish()
            files.append(DataFile(path: path, format: format))
        }
        return files
    }

    private mutating func readTraining(_ fields: RecipeFields) throws(TrainingError) {
        batch = try fields.integer("batch", in: 1...1 << 16) ?? batch
        accumulation = try fields.integer("accumulation", in: 1...1 << 16) ?? accumulation
        steps = try fields.integer("steps", in: 1...Int.max)
        epochs = try fields.integer("epochs", in: 1...10_000)
        computeType = try fields.choice("compute", ComputeType.self) ?? computeType
        checkpointing = try fields.flag("checkpointing") ?? checkpointing
        try fields.finish()
        guard steps != nil || epochs != nil else {
            throw fields.fail("steps", "or 'epochs' must say how long to train")
        }
    }

    private mutating func readOptimizer(_ fields: RecipeFields) throws(TrainingError) {
        optimizer.kind = try fields.choice("name", OptimizerSettings.Kind.self) ?? optimizer.kind
        hasLearningRate = fields.contains("learning_rate")
        learningRate = try fields.float("learning_rate", in: 0...100) ?? learningRate
        optimizer.beta1 = try fields.float("beta1", in: 0...0.999_999) ?? optimizer.beta1
        optimizer.beta2 = try fields.float("beta2", in: 0...0.999_999_9) ?? optimizer.beta2
        optimizer.eps = try fields.float("eps", in: 1e-20...1) ?? optimizer.eps
        optimizer.weightDecay =
            try fields.float("weight_decay", in: 0...10) ?? optimizer.weightDecay
        optimizer.maximumGradientNorm =
            try fields.float("clip_norm", in: 0...1e9) ?? optimizer.maximumGradientNorm
        if let bits = try fields.integer("state_bits", in: 8...32) {
            guard bits == 8 || bits == 32 else {
                throw fields.fail("state_bits", "is \(bits); expected 8 or 32")
            }
            optimizer.stateBits = bits
        }
        optimizer.muonMomentum =
            try fields.float("muon_momentum", in: 0...0.999_999) ?? optimizer.muonMomentum
        optimizer.muonFactor = try fields.float("muon_factor", in: 0...1e6) ?? optimizer.muonFactor
        try fields.finish()
    }

    private mutating func readSchedule(_ fields: RecipeFields) throws(TrainingError) {
        scheduleKind = try fields.choice("kind", Schedule.Kind.self) ?? scheduleKind
        warmupSteps = try fields.integer("warmup_steps", in: 0...Int.max) ?? warmupSteps
        finalFraction = try fields.float("final_fraction", in: 0...1) ?? finalFraction
        decayFraction = try fields.float("decay_fraction", in: 0...1) ?? decayFraction
        try fields.finish()
    }

    private static func lowRank(_ fields: RecipeFields) throws(TrainingError) -> LowRank {
        var lowRank = LowRank()
        lowRank.rank = try fields.integer("rank", in: 1...1 << 14) ?? lowRank.rank
        lowRank.alpha = try fields.float("alpha", in: 0...1e6) ?? lowRank.alpha
        lowRank.targets = try fields.strings("targets") ?? lowRank.targets
        try fields.finish()
        guard !lowRank.targets.isEmpty else { throw fields.fail("targets", "names no layer") }
        return lowRank
    }
}

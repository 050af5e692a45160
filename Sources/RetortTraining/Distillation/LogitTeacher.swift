// SPDX-License-Identifier: Apache-2.0

import Crypto
import RetortEngine
import RetortFormats
import RetortModels
import RetortTensor

/// A model in this process whose distributions a student is trained towards.
final class LogitTeacher {
    let targets: TeacherTargets
    /// The loss of the student.
    let loss: Divergence
    private let graph: TrainingGraph
    private let cache: TeacherCache?
    /// Of the teacher's forward pass.
    let operationsPerToken: Double
    /// Tokens of the passes since they were last asked for.
    private var tokens = 0

    /// - Parameters:
    ///   - trained: The student; its threads compute the teacher too.
    ///   - rows, length: The shape of the batches.
    /// - Throws: ``TrainingError`` if the vocabularies differ, and the errors of the parts.
    init(
        _ settings: DistillationSettings, student trained: TrainedModel, rows: Int, length: Int
    ) throws {
        guard let path = settings.teacherModel else {
            throw TrainingError("recipe: 'distill.teacher.model' is missing")
        }
        try VocabularyCheck.check(
            teacher: try DataTokenizer(path: path), student: trained.tokenizer)
        let source = try ParameterSource(Checkpoint(path: path))
        guard source.config.maxPositionEmbeddings >= length else {
            throw TrainingError(
                "recipe: 'data.length' is \(length), more than the teacher's max_position_embeddings \(source.config.maxPositionEmbeddings)"
            )
        }
        operationsPerToken =
            TrainingCost(source.config).operationsPerToken(length: length, trainsAdapters: false)
            / 3
        let model = try LanguageModel(training: source, sharingThreadsOf: trained.model)
        let vocabulary = trained.config.vocabSize
        let count = min(settings.topK ?? vocabulary, vocabulary)
        let batchSize = rows * length
        try AvailableMemory.check(3 * 4 * batchSize * count)
        targets = try TeacherTargets(tokens: batchSize, count: count)
        loss = Divergence(settings.divergence, targets: targets)
        loss.beta = settings.beta
        loss.temperature = settings.temperature
        var options = TrainingOptions()
        options.predicts = false
        options.balanceWeight = 0
        graph = try TrainingGraph(
            model, rows: rows, length: length, engine: trained.engine, options: options,
            loss: TeacherCapture(
                targets, vocabulary: vocabulary, temperature: settings.temperature))
        cache = try settings.cache.map { folder in
            let identity = try ModelIdentity.sha256(path: path)
            let name = "\(identity.prefix(16))-top\(count)-t\(settings.temperature)"
            return try TeacherCache(
                path: "\(folder)/\(name).logits", count: count, vocabulary: vocabulary,
                temperature: settings.temperature)
        }
    }

    /// Computes what the teacher expects after each token of a batch that has a target, or reads it.
    func score(_ batch: TrainingBatch) throws {
        guard let cache else {
            _ = try graph.evaluate(batch.view)
            tokens += batch.tokenCount
            return
        }
        let texts = Self.texts(batch)
        var isKnown = true
        for text in texts where isKnown {
            isKnown = try cache.load(text.key, into: targets, at: text.places)
        }
        guard !isKnown else { return }
        _ = try graph.evaluate(batch.view)
        tokens += batch.tokenCount
        for text in texts { try cache.store(text.key, from: targets, at: text.places) }
        // A run learns from the same numbers whether they were there before or not.
        for text in texts { _ = try cache.load(text.key, into: targets, at: text.places) }
    }

    /// Tokens that the teacher computed since this was last asked.
    func takeTokens() -> Int {
        defer { tokens = 0 }
        return tokens
    }

    private struct Text {
        let key: TeacherCache.Key
        /// The tokens with a target.
        let places: [Int]
    }

    /// The documents of a batch that have targets.
    private static func texts(_ batch: TrainingBatch) -> [Text] {
        var texts: [Text] = []
        for row in 0..<batch.rows {
            let base = row * batch.length
            var first = 0
            while first < batch.length {
                var end = first + 1
                while end < batch.length, Int(batch.documentStart[base + end]) == first { end += 1 }
                let places = (first..<end).map { base + $0 }.filter { batch.targets[$0] >= 0 }
                if !places.isEmpty {
                    var hash = SHA256()
                    for place in base + first..<base + end {
                        // The token, and whether what follows is predicted.
                        let word = batch.tokens[place] << 1 | (batch.targets[place] >= 0 ? 1 : 0)
                        withUnsafeBytes(of: word.littleEndian) { hash.update(bufferPointer: $0) }
                    }
                    texts.append(Text(key: .init(hash.finalize()), places: places))
                }
                first = end
            }
        }
        return texts
    }
}

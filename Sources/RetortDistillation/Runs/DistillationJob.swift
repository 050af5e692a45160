// SPDX-License-Identifier: Apache-2.0
//
// From a recipe to what a student is trained on:
//
//     OUTPUT/requests.sqlite    the teacher's answers, each paid for once
//     OUTPUT/dataset/           those that were chosen, with the card
//     OUTPUT/checkpoints, …     the student, as every training run leaves it

import Foundation
import RetortClient
import RetortEvaluation
import RetortJSON
import RetortTraining

/// Asks a teacher and makes a dataset of what it says.
public struct DistillationJob: Sendable {
    public let teacher: TeacherSettings
    public let collection: CollectionSettings
    public let plan: CollectionPlan
    public let cache: RequestCache
    public let directory: String
    private let dataset: DatasetSettings
    private let options: DatasetOptions
    private let prompts: PromptSet
    public let budget: Budget
    private let seed: UInt64
    private let threads: Int?

    public var datasetDirectory: String { "\(directory)/dataset" }

    /// Whether a recipe has a teacher write what its student learns from.
    public static func isNeeded(_ recipe: Recipe) -> Bool {
        guard let settings = recipe.distillation, settings.method != .onPolicy else { return false }
        return recipe.data.files.isEmpty && recipe.data.dataset == nil
    }

    /// - Parameters:
    ///   - recipe: Of the kind `distill`.
    ///   - prices: What an endpoint's models cost.
    /// - Throws: `TrainingError` for a wrong key, and the errors of the parts.
    public init(_ recipe: Recipe, prices: PriceTable) throws {
        guard let settings = recipe.distillation else {
            throw TrainingError("the recipe has no 'distill'")
        }
        teacher = try TeacherSettings(settings.teacher)
        collection = try CollectionSettings(settings.collect)
        dataset = try DatasetSettings(settings.dataset)
        directory = recipe.output
        seed = recipe.seed
        threads = recipe.threads
        let name = URL(fileURLWithPath: recipe.output).standardizedFileURL.lastPathComponent
        options = try dataset.options(name: name, licence: teacher.licence)
        prompts = try PromptSet(collection, seed: recipe.seed)
        budget = Budget(
            cap: try collection.maximumDollars.map { try Dollars($0) }, prices: prices)
        var template: ChatCompletionRequest
        switch teacher.place {
        case .local(let path):
            template = ChatCompletionRequest(
                model: try LocalAnswerCollector.name(path), messages: [])
        case .endpoint(_, let model):
            template = ChatCompletionRequest(model: model, messages: [])
        }
        if let system = collection.system { template.messages = [ChatMessage(.system, system)] }
        template.temperature = collection.temperature
        template.topP = collection.topP
        template.maximumTokens = collection.maximumTokens
        template.seed = Int(truncatingIfNeeded: recipe.seed & 0xFFFF_FFFF)
        template.extra = collection.extra
        if let count = collection.topLogprobs {
            template.logprobs = true
            template.topLogprobs = count
        }
        plan = try CollectionPlan(
            prompts: prompts.prompts, samples: collection.samples, template: template)
        cache = try RequestCache(path: collection.cachePath ?? "\(recipe.output)/requests.sqlite")
    }

    /// Asks for every answer that is not there yet. Cancelling the task stops it; what an endpoint is
    /// answering is waited for and kept.
    public func collect(
        shouldStop: @escaping @Sendable () -> Bool,
        onEvent: @escaping @Sendable (CollectionEvent) -> Void
    ) async throws -> CollectionReport {
        switch teacher.place {
        case .local(let path):
            return try await LocalAnswerCollector(
                path: path, samples: plan.samples, cache: cache, places: collection.places,
                threads: threads, seed: seed
            ).run(plan, shouldStop: shouldStop, onEvent: onEvent)
        case .endpoint(let url, _):
            let (cache, plan, budget) = (cache, plan, budget)
            return try await ChatClient.withClient(try teacher.client(url)) { client in
                try await AnswerCollector(
                    client: client, cache: cache, options: .init(budget: budget)
                ).run(plan, onEvent: onEvent)
            }
        }
    }

    /// Writes the requests that nobody has answered as a batch file of OpenAI's.
    /// - Throws: ``DistillationError`` if the teacher is a local one or the file cannot be written.
    public func writeBatch(to path: String) async throws -> BatchFile.Export {
        guard case .endpoint = teacher.place else {
            throw DistillationError(
                .invalidInput, "a batch is for an endpoint; the teacher is a local model")
        }
        return try await BatchFile(cache: cache, budget: budget).write(plan, to: path)
    }

    /// Takes the results of a batch.
    /// - Throws: ``DistillationError`` if the file cannot be read.
    public func readBatch(_ path: String) async throws -> BatchFile.Import {
        try await BatchFile(cache: cache, budget: budget).read(path: path)
    }

    /// Judges the answers and writes those that are chosen, in place of what was chosen before.
    /// - Throws: ``DistillationError`` if none is left, or a file cannot be written.
    public func writeDataset() async throws -> DatasetStatistics {
        let takesAll: Verifier = { _, _, _, _ in
            Verdict(.correct, grader: "none", detail: "not verified")
        }
        let made = try VerifiedDataset(
            cache: cache, plan: plan, options: options,
            verifier: dataset.verifies ? prompts.verifier : takesAll)
        let manager = FileManager.default
        let (old, new) = ("\(datasetDirectory).old", "\(datasetDirectory).new")
        // A process that ended between the two moves below.
        if !manager.fileExists(atPath: datasetDirectory), manager.fileExists(atPath: old) {
            try manager.moveItem(atPath: old, toPath: datasetDirectory)
        }
        try? manager.removeItem(atPath: new)
        let statistics = try await made.write(to: new)
        try? manager.removeItem(atPath: old)
        if manager.fileExists(atPath: datasetDirectory) {
            try manager.moveItem(atPath: datasetDirectory, toPath: old)
        }
        try manager.moveItem(atPath: new, toPath: datasetDirectory)
        try? manager.removeItem(atPath: old)
        return statistics
    }

    /// The recipe of the student, which learns from the dataset.
    public func student(_ recipe: Recipe) -> Recipe {
        var recipe = recipe
        recipe.data.files = [
            Recipe.DataFile(
                path: "\(datasetDirectory)/\(VerifiedDataset.FileName.samples)", format: .chat)
        ]
        return recipe
    }
}

// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortEngine
import RetortFormats
import RetortHub

/// The MODEL argument and what opening a model needs.
struct ModelOptions: ParsableArguments {
    @Option(help: "Threads to use; by default one for each core this process may use.")
    var threads: Int?

    @Option(help: ArgumentHelp("A chat template that replaces the model's.", valueName: "file"))
    var template: String?

    @Option(
        help: ArgumentHelp(
            "A LoRA adapter in peft's files (adapter_config.json), added to the model's weights.",
            valueName: "directory"))
    var adapter: String?

    @Flag(help: "Skip the search for NaN and infinity in the weights when opening.")
    var skipCheck = false

    func validate() throws {
        if let threads, threads < 1 || threads > 256 {
            throw ValidationError("--threads must lie between 1 and 256.")
        }
    }

    /// - Parameter target: The model that this one only guesses for: template and adapter are then not its own,
    ///   and the threads are those of the target.
    func open(_ model: String, draftingFor target: ReasoningModel? = nil) throws -> ReasoningModel {
        var options = ReasoningModel.Options()
        options.threads = threads
        options.sharesThreadsOf = target
        options.checksWeights = !skipCheck
        options.adapterPath = target == nil ? adapter : nil
        options.chatTemplate =
            target == nil ? try template.map { try InputFile.text(path: $0) } : nil
        return try ReasoningModel(
            path: try ModelLocation.path(of: model), name: model, options: options)
    }
}

/// Where a model lies: a path, `bundled`, or a name in the store.
enum ModelLocation {
    static func path(of model: String) throws -> String {
        if model == "bundled" { return try BundledModel.path() }
        if FileManager.default.fileExists(atPath: model) { return model }
        return try ModelStore.standard().resolve(model).path
    }
}

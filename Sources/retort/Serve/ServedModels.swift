// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import RetortEngine
import RetortJSON
import RetortServer

/// The models of a server: their names and where they lie.
struct ServedModels: Sendable {
    private struct Entry {
        let path: String
        let facts: ModelFacts
    }

    /// The default one first.
    let names: [String]
    private let entries: [String: Entry]

    /// - Parameter arguments: As the command line has them; a path's last component without its
    ///   ending becomes the name.
    /// - Throws: If there is no such model, or two of one name.
    init(_ arguments: [String]) throws {
        var names: [String] = []
        var entries: [String: Entry] = [:]
        for argument in arguments {
            let path = try ModelLocation.path(of: argument)
            let isFile = argument != "bundled" && path == argument
            let url = URL(fileURLWithPath: path)
            let last = url.lastPathComponent
            let name =
                !isFile
                ? argument : last.hasSuffix(".gguf") ? String(last.dropLast(5)) : last
            guard entries[name] == nil else {
                throw CommandError("two models are called '\(name)'; rename one of the files")
            }
            names.append(name)
            entries[name] = Entry(path: path, facts: try Self.facts(name: name, path: path))
        }
        self.names = names
        self.entries = entries
    }

    private static func facts(name: String, path: String) throws -> ModelFacts {
        let fields = try ModelSummary(path: path).fields
        func field(_ key: String) -> JSONValue? { fields.first { $0.key == key }?.value }
        func integer(_ key: String) -> Int? { field(key)?.intValue.flatMap { Int(exactly: $0) } }
        var facts = ModelFacts(name: name)
        facts.bytes = integer("weights_bytes")
        facts.parameters = integer("parameters")
        facts.contextLength = integer("context_length")
        facts.memoryBytes = integer("memory_estimate_bytes")
        facts.quantisation = field("types")?.arrayValue?.first?.stringValue
        if let needed = facts.memoryBytes {
            facts.fits = needed <= Int(clamping: ProcessInfo.processInfo.physicalMemory)
        }
        return facts
    }

    func facts(of model: ModelDescription) -> ModelFacts {
        entries[model.id]?.facts ?? ModelFacts(name: model.id)
    }

    func registry(_ engine: EngineOptions, _ model: ModelOptions) -> ModelRegistry {
        var options = ModelRegistry.Options()
        options.maximumLoaded = engine.maxLoaded
        options.keepAlive = engine.keepAlive.map { .seconds($0) }
        let descriptions = names.map { name in
            let path = self.entries[name]?.path ?? ""
            let date = try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate]
            let created = (date as? Date)?.timeIntervalSince1970 ?? 0
            return ModelDescription(id: name, created: Int(created))
        }
        let paths = entries.mapValues(\.path)
        let opening = Opening(
            threads: model.threads, checksWeights: !model.skipCheck, template: model.template,
            adapter: model.adapter, engine: engine.options)
        return ModelRegistry(descriptions, options: options) { description in
            try await opening.backend(
                path: paths[description.id] ?? description.id, name: description.id)
        }
    }
}

/// How models are opened.
private struct Opening: Sendable {
    let threads: Int?
    let checksWeights: Bool
    let template: String?
    let adapter: String?
    let engine: InferenceEngine.Options

    /// Opening reads the whole file: not on a thread that tasks share.
    func backend(path: String, name: String) async throws -> any GenerationBackend {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                do {
                    continuation.resume(returning: try open(path: path, name: name))
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }

    private func open(path: String, name: String) throws -> any GenerationBackend {
        var options = ReasoningModel.Options()
        options.threads = threads
        options.checksWeights = checksWeights
        options.chatTemplate = try template.map { try InputFile.text(path: $0) }
        options.adapterPath = adapter
        let model = try ReasoningModel(path: path, name: name, options: options)
        return EngineBackend(try InferenceEngine(model, options: engine))
    }
}

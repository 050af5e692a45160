// SPDX-License-Identifier: Apache-2.0
//
// What is in the store, and which of it a name means.

import Foundation

/// A pull that was interrupted.
public struct UnfinishedPull: Sendable, Equatable {
    /// `owner/name`
    public let repository: String
    /// Bytes on disk that belong to no model yet.
    public let size: Int
}

/// Everything in a store.
public struct StoreContents: Sendable, Equatable {
    /// Sorted by name.
    public internal(set) var models: [StoredModel] = []
    public internal(set) var unfinished: [UnfinishedPull] = []
    /// Manifests that cannot be read.
    public internal(set) var damaged: [URL] = []

    public static let empty = StoreContents()
}

extension ModelStore {
    /// Reads the whole store. A folder that does not exist is an empty store.
    public func contents() -> StoreContents {
        var contents = StoreContents()
        for owner in FileSystem.names(in: rootPath) {
            for name in FileSystem.names(in: "\(rootPath)/\(owner)") {
                // Whatever else lies in the folder is none of ours.
                guard let model = try? ModelName(parsing: "\(owner)/\(name)"),
                    model.selector == nil, model.revision == nil
                else { continue }
                let (models, damaged) = self.models(of: model)
                contents.models += models
                contents.damaged += damaged
                let size = unfinishedSize(of: model, known: models)
                if size > 0 {
                    contents.unfinished.append(
                        UnfinishedPull(repository: model.repository, size: size))
                }
            }
        }
        return contents
    }

    /// The models of one repository, by name.
    func models(of model: ModelName) -> (models: [StoredModel], damaged: [URL]) {
        let folder = folder(of: model)
        var repository = model
        repository.revision = nil
        repository.selector = nil
        var models: [StoredModel] = []
        var damaged: [URL] = []
        for revision in FileSystem.names(in: "\(folder)/manifests") {
            let manifests = "\(folder)/manifests/\(revision)"
            for file in FileSystem.names(in: manifests) where file.hasSuffix(".json") {
                let url = URL(fileURLWithPath: "\(manifests)/\(file)")
                if let data = try? Data(contentsOf: url),
                    let stored = StoredModel(
                        manifest: data, repository: repository, folder: folder)
                {
                    models.append(stored)
                } else {
                    damaged.append(url)
                }
            }
        }
        return (models.sorted { $0.name.description < $1.name.description }, damaged)
    }

    private func unfinishedSize(of model: ModelName, known models: [StoredModel]) -> Int {
        let used = Set(models.flatMap(\.files).map(\.checksum.hex))
        let blobs = "\(folder(of: model))/blobs"
        return FileSystem.names(in: blobs).filter { !used.contains($0) }
            .compactMap { FileSystem.size("\(blobs)/\($0)") }
            .reduce(0) { $0.addingReportingOverflow($1).partialValue }
    }

    // MARK: Names

    /// The model that a name means: `owner/name[@revision][:file or quantisation]`, or enough of the
    /// end of it (`name`, or `name`'s last words) to be the only one. Case does not matter.
    /// - Returns: nil if there is none.
    /// - Throws: ``HubError`` of kind `ambiguous`, listing the models that fit.
    public func model(named query: String) throws(HubError) -> StoredModel? {
        let models = contents().models
        if let exact = models.first(where: {
            $0.name.description.lowercased() == query.lowercased()
        }) {
            return exact
        }
        let matches = models.filter { Self.fits(query.lowercased(), $0) }
        // The name of one repository may be the end of another's.
        let whole = matches.filter { Self.namesRepository(query.lowercased(), $0) }
        let best = whole.isEmpty ? matches : whole
        guard best.count > 1 else { return best.first }
        throw HubError(
            .ambiguous,
            "“\(RepoPath.printable(query))” fits several models; name one of them: "
                + best.map { RepoPath.printable($0.name.description) }.joined(separator: ", "))
    }

    /// What to open for a name: a Hugging Face directory or a GGUF file.
    /// - Throws: ``HubError`` of kind `notFound`, `ambiguous`, or `storage` if the model's files are
    ///   gone.
    public func resolve(_ query: String) throws(HubError) -> URL {
        guard let model = try model(named: query) else {
            throw HubError(
                .notFound,
                "there is no model “\(RepoPath.printable(query))” in the store (`retort list` shows what"
                    + " there is); `retort pull OWNER/NAME` fetches one, and a path to a GGUF file or"
                    + " a Hugging Face directory works too")
        }
        let snapshot = "\(folder(of: model.name))/snapshots/\(model.commit)"
        for file in model.files
        where FileSystem.size("\(snapshot)/\(file.path)") != file.size {
            throw HubError(
                .storage,
                "\(file.path) of \(model.name) is missing or cut short in the store; `retort pull"
                    + " \(model.name)` fetches it again")
        }
        return model.location
    }

    private static func parts(_ query: String) -> (
        repository: Substring, revision: Substring?, selector: Substring?
    ) {
        let head = query.prefix { $0 != ":" }
        let selector =
            head.endIndex < query.endIndex
            ? query[query.index(after: head.endIndex)...] : nil
        let repository = head.prefix { $0 != "@" }
        let revision =
            repository.endIndex < head.endIndex
            ? head[head.index(after: repository.endIndex)...] : nil
        return (repository, revision, selector)
    }

    private static func namesRepository(_ query: String, _ model: StoredModel) -> Bool {
        let repository = parts(query).repository
        return repository == model.name.repository.lowercased()
            || repository == model.name.name.lowercased()
    }

    /// - Parameter query: in lower case.
    private static func fits(_ query: String, _ model: StoredModel) -> Bool {
        let (repository, revision, selector) = parts(query)
        let full = model.name.repository.lowercased()
        guard !repository.isEmpty, full.hasSuffix(repository) else { return false }
        if repository.count < full.count {
            // Only whole words: "1.5b" fits "qwen-1.5b" and not "qwen-11.5b".
            let before = full.dropLast(repository.count).last ?? "/"
            guard "/-_.".contains(before), repository.first != "/" else { return false }
        }
        if let revision, revision != (model.name.revision ?? "main").lowercased() { return false }
        guard let selector else { return true }
        guard let path = model.name.selector?.lowercased() else { return false }
        return selector == path || path.hasSuffix("/\(selector)")
            || selector == model.quantisation?.lowercased() ?? ""
    }
}

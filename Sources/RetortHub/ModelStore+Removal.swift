// SPDX-License-Identifier: Apache-2.0

import Foundation

extension ModelStore {
    /// Removes a model, and the blobs that no other model uses.
    /// - Returns: bytes freed.
    /// - Throws: ``HubError`` of kind `busy` while the repository is being pulled.
    @discardableResult
    public func remove(_ model: StoredModel) throws(HubError) -> Int {
        let lock = try RepositoryLock(model.name, in: rootPath)
        defer { withExtendedLifetime(lock) {} }
        let folder = folder(of: model.name)
        try FileSystem.remove(Self.manifest(of: model.name, in: folder))
        let (others, damaged) = models(of: model.name)
        if others.isEmpty, damaged.isEmpty {
            let size = blobSize(in: folder)
            try FileSystem.remove(folder)
            FileSystem.removeEmptyFolders(from: "\(rootPath)/\(model.name.owner)", upTo: rootPath)
            return size
        }
        return try release(model, keeping: others)
    }

    /// Removes what an interrupted pull left of a repository that has no models.
    /// - Returns: bytes freed; nil if there is nothing of that repository.
    public func removeUnfinished(_ repository: ModelName) throws(HubError) -> Int? {
        let folder = folder(of: repository)
        guard FileSystem.isFolder(folder) else { return nil }
        let lock = try RepositoryLock(repository, in: rootPath)
        defer { withExtendedLifetime(lock) {} }
        guard models(of: repository).models.isEmpty else { return nil }
        let size = blobSize(in: folder)
        try FileSystem.remove(folder)
        FileSystem.removeEmptyFolders(from: "\(rootPath)/\(repository.owner)", upTo: rootPath)
        return size
    }

    /// Deletes the links and blobs of a model whose manifest is gone, except what others use.
    @discardableResult
    func release(_ model: StoredModel, keeping others: [StoredModel]) throws(HubError) -> Int {
        let folder = folder(of: model.name)
        let blobsInUse = Set(others.flatMap(\.files).map(\.checksum.hex))
        let linksInUse = Set(others.flatMap { other in other.files.map { Self.link(other, $0) } })
        var freed = 0
        for file in model.files {
            let link = Self.link(model, file)
            if !linksInUse.contains(link) {
                unlink("\(folder)/\(link)")
                let parent = "\(folder)/\(link)".split(separator: "/").dropLast()
                FileSystem.removeEmptyFolders(
                    from: "/" + parent.joined(separator: "/"), upTo: "\(folder)/snapshots")
            }
            let blob = Self.blob(file, in: folder)
            if !blobsInUse.contains(file.checksum.hex), let size = FileSystem.size(blob) {
                try FileSystem.remove(blob)
                freed += size
            }
        }
        let manifest = Self.manifest(of: model.name, in: folder)
        FileSystem.removeEmptyFolders(
            from: String(manifest[..<(manifest.lastIndex(of: "/") ?? manifest.endIndex)]),
            upTo: "\(folder)/manifests")
        return freed
    }

    private static func link(_ model: StoredModel, _ file: RemoteFile) -> String {
        "snapshots/\(model.commit)/\(file.path)"
    }

    private func blobSize(in folder: String) -> Int {
        FileSystem.names(in: "\(folder)/blobs")
            .compactMap { FileSystem.size("\(folder)/blobs/\($0)") }
            .reduce(0) { $0.addingReportingOverflow($1).partialValue }
    }
}

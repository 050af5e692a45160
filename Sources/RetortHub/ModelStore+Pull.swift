// SPDX-License-Identifier: Apache-2.0

import Foundation

extension ModelStore {
    /// Left free on the disk: a full one harms everything else that runs.
    private static let spareBytes = 64 << 20

    /// Downloads a model, or what is missing of it, verifies it and enters it into the store.
    /// - Parameter onEvent: called from any thread, one call at a time per file.
    /// - Throws: ``HubError``. What was downloaded stays, and the same call goes on from there.
    public func pull(
        _ name: ModelName, from hub: HubClient,
        onEvent: @escaping @Sendable (PullEvent) -> Void = { _ in }
    ) async throws(HubError) -> StoredModel {
        if hub.configuration.isOffline, let stored = try storedForPull(name) { return stored }
        let commit = try await hub.commit(of: name)
        let listed = try await hub.files(of: name.repository, commit: commit)
        let selection = try FileSelection(
            from: listed, selector: name.selector, repository: name.repository)

        let folder = folder(of: name)
        let lock = try RepositoryLock(name, in: rootPath)
        defer { withExtendedLifetime(lock) {} }
        try FileSystem.makeFolder("\(folder)/blobs")
        let missing = try Self.missingBlobs(of: selection, in: folder)
        let bytesToDownload = missing.reduce(0) { sum, file in
            let partial = min(
                FileSystem.size(Self.partialBlob(file, in: folder)) ?? 0, file.size)
            return sum.addingReportingOverflow(file.size - partial).partialValue
        }
        var entry = name
        entry.revision = name.revision == "main" ? nil : name.revision
        entry.selector = selection.primary
        onEvent(
            .planned(
                PullPlan(
                    name: entry, commit: commit, selection: selection,
                    bytesToDownload: bytesToDownload)))
        try checkSpace(for: bytesToDownload, at: folder)

        let tracker = PullTracker(
            completedBytes: selection.totalSize - bytesToDownload, totalBytes: selection.totalSize,
            totalFiles: selection.files.count, onEvent: onEvent)
        let missingDigests = Set(missing.map(\.checksum.hex))
        tracker.finish(
            selection.files.filter { !missingDigests.contains($0.checksum.hex) }, wasPresent: true)
        try await download(missing, of: selection, name, commit, from: hub, tracker)

        let model = StoredModel(
            name: entry, commit: commit, format: selection.format, files: selection.files,
            pulled: now(), folder: folder)
        try enter(model)
        return model
    }

    /// What a pull without network can give: the model, if it is there.
    private func storedForPull(_ name: ModelName) throws(HubError) -> StoredModel? {
        guard let model = try model(named: name.description),
            model.name.repository.lowercased() == name.repository.lowercased()
        else { return nil }
        return model
    }

    /// The files whose content is not here, one for each content.
    private static func missingBlobs(of selection: FileSelection, in folder: String)
        throws(HubError) -> [RemoteFile]
    {
        var missing: [RemoteFile] = []
        var sizes: [String: Int] = [:]
        for file in selection.files {
            if let size = sizes.updateValue(file.size, forKey: file.checksum.hex) {
                guard size == file.size else {
                    throw HubError(
                        .badAnswer,
                        "the server's file list gives two sizes for one checksum (\(file.checksum))"
                    )
                }
                continue
            }
            let blob = blob(file, in: folder)
            if FileSystem.size(blob) == file.size { continue }
            if FileSystem.size(blob) != nil { try FileSystem.remove(blob) }
            missing.append(file)
        }
        return missing
    }

    private func checkSpace(for bytes: Int, at folder: String) throws(HubError) {
        guard let free = freeSpace(folder), bytes > 0 else { return }
        let (needed, overflow) = bytes.addingReportingOverflow(Self.spareBytes)
        guard overflow || needed > free else { return }
        throw HubError(
            .storage,
            "not enough space at \(rootPath): the download needs \(ByteCount(bytes)), \(ByteCount(free))"
                + " are free; free some, or set RETORT_HOME to a folder on another disk")
    }

    /// Downloads a few files at a time; the first failure ends the others.
    private func download(
        _ missing: [RemoteFile], of selection: FileSelection, _ name: ModelName, _ commit: String,
        from hub: HubClient, _ tracker: PullTracker
    ) async throws(HubError) {
        let folder = folder(of: name)
        let outcome = await withTaskGroup(of: Result<Void, HubError>.self) { group in
            var waiting = missing.makeIterator()
            func startNext() {
                guard let file = waiting.next() else { return }
                let sameContent = selection.files.filter { $0.checksum == file.checksum }
                group.addTask {
                    do throws(HubError) {
                        let blob = try PartialBlob(
                            path: Self.partialBlob(file, in: folder), file: file)
                        try await blob.resume()
                        try await hub.download(
                            into: blob, as: Self.blob(file, in: folder),
                            repository: name.repository, commit: commit,
                            report: { tracker.note($0, of: file) })
                        tracker.finish(sameContent, wasPresent: false)
                        return .success(())
                    } catch {
                        return .failure(error)
                    }
                }
            }
            for _ in 0..<max(hub.configuration.parallelDownloads, 1) { startNext() }
            var first: HubError?
            while let result = await group.next() {
                if case .failure(let error) = result, first == nil {
                    first = error
                    group.cancelAll()
                }
                if first == nil { startNext() }
            }
            return first
        }
        if let outcome { throw outcome }
        if Task.isCancelled { throw HubError(.cancelled, "the pull was cancelled") }
    }

    /// Links the files into their snapshot and writes the manifest.
    private func enter(_ model: StoredModel) throws(HubError) {
        let folder = folder(of: model.name)
        let snapshot = "\(folder)/snapshots/\(model.commit)"
        for file in model.files {
            let parents = file.path.split(separator: "/").dropLast()
            try FileSystem.makeFolder(
                ([snapshot] + parents.map(String.init)).joined(separator: "/"))
            let up = String(repeating: "../", count: parents.count + 2)
            try FileSystem.link(
                "\(snapshot)/\(file.path)", to: "\(up)blobs/\(file.checksum.hex)")
        }
        FileSystem.sync(folder: "\(folder)/blobs")
        FileSystem.sync(folder: snapshot)
        let manifest = Self.manifest(of: model.name, in: folder)
        let replaced = models(of: model.name).models.first { $0.name == model.name }
        try FileSystem.makeFolder(
            String(manifest[..<(manifest.lastIndex(of: "/") ?? manifest.endIndex)]))
        try FileSystem.write(model.manifest, to: manifest)
        if let replaced {
            try release(replaced, keeping: models(of: model.name).models)
        }
    }
}

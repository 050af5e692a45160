// SPDX-License-Identifier: Apache-2.0
//
// One pulled model and its manifest, the file that says it is complete: it is written last.

import Foundation
import RetortJSON

/// A model in the store.
public struct StoredModel: Sendable, Equatable {
    /// The name it is listed under; its selector is a file's path, or nil for a directory.
    public let name: ModelName
    public let commit: String
    public let format: FileSelection.Format
    public let files: [RemoteFile]
    /// When the pull ended, to the second.
    public let pulled: Date
    /// What to open: a Hugging Face directory, a GGUF file (the first shard) or a file.
    public let location: URL

    /// Bytes of all files.
    public var size: Int {
        files.reduce(0) { $0.addingReportingOverflow($1.size).partialValue }
    }

    /// The quantisation that a GGUF file's name tells.
    public var quantisation: String? {
        name.selector.flatMap { GGUFName(path: $0) }?.quantisation
    }
}

extension StoredModel {
    private static let version = 1

    /// The manifest's text.
    var manifest: String {
        let files = files.map { file -> JSONValue in
            let isLFS = if case .sha256 = file.checksum { true } else { false }
            return [
                "path": .string(file.path), "size": .integer(Int64(file.size)),
                isLFS ? "sha256" : "git_blob": .string(file.checksum.hex),
            ]
        }
        let value: JSONValue = [
            "version": .integer(Int64(Self.version)),
            "repository": .string(name.repository),
            "revision": .string(name.revision ?? "main"),
            "commit": .string(commit),
            "format": .string(format.rawValue),
            "primary": name.selector.map { .string($0) } ?? .null,
            "pulled": .string(pulled.formatted(.iso8601)),
            "files": .array(files),
        ]
        return value.text(.pretty) + "\n"
    }

    /// Reads a manifest of a repository whose folder is `folder`; nil if it is damaged.
    init?(manifest text: some Sequence<UInt8>, repository: ModelName, folder: String) {
        guard let value = try? JSONValue(parsing: text),
            value["version"]?.intValue == Self.version,
            value["repository"]?.stringValue == repository.repository,
            let revision = value["revision"]?.stringValue, RepoPath.isRevision(revision),
            let commit = value["commit"]?.stringValue, RepoPath.isObjectID(commit),
            let format = value["format"]?.stringValue.flatMap({
                FileSelection.Format(rawValue: $0)
            }),
            let pulled = value["pulled"]?.stringValue.flatMap({
                try? Date($0, strategy: .iso8601)
            }),
            let entries = value["files"]?.arrayValue
        else { return nil }
        let primary = value["primary"]?.stringValue
        let files = entries.compactMap { RemoteFile(manifestEntry: $0) }
        guard files.count == entries.count,
            format == .safetensors
                ? primary == nil : files.contains(where: { $0.path == primary })
        else { return nil }
        var name = repository
        name.revision = revision == "main" ? nil : revision
        name.selector = primary
        self.init(
            name: name, commit: commit, format: format, files: files, pulled: pulled,
            folder: folder)
    }

    /// - Parameter folder: the repository's folder in the store.
    init(
        name: ModelName, commit: String, format: FileSelection.Format, files: [RemoteFile],
        pulled: Date, folder: String
    ) {
        self.name = name
        self.commit = commit
        self.format = format
        self.files = files
        self.pulled = Date(timeIntervalSince1970: pulled.timeIntervalSince1970.rounded(.down))
        let snapshot = "\(folder)/snapshots/\(commit)"
        location =
            name.selector.map { URL(fileURLWithPath: "\(snapshot)/\($0)", isDirectory: false) }
            ?? URL(fileURLWithPath: snapshot, isDirectory: true)
    }
}

extension RemoteFile {
    fileprivate init?(manifestEntry entry: JSONValue) {
        guard let path = entry["path"]?.stringValue, RepoPath.isSafe(path),
            let size = entry["size"]?.intValue, size >= 0
        else { return nil }
        let checksum: Checksum
        if let hex = entry["sha256"]?.stringValue, hex.utf8.count == 64, RepoPath.isObjectID(hex) {
            checksum = .sha256(hex)
        } else if let hex = entry["git_blob"]?.stringValue, hex.utf8.count == 40,
            RepoPath.isObjectID(hex)
        {
            checksum = .gitBlob(hex)
        } else {
            return nil
        }
        self.init(path: path, size: size, checksum: checksum)
    }
}

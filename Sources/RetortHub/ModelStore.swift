// SPDX-License-Identifier: Apache-2.0
//
// The folder of pulled models. Per repository:
//
//     <owner>/<name>/blobs/<digest>              content, verified before it gets this name
//     <owner>/<name>/blobs/<digest>.incomplete   the beginning of content
//     <owner>/<name>/snapshots/<commit>/<path>   links into blobs, as the repository lays them out
//     <owner>/<name>/manifests/<revision>/<primary file or "directory">.json
//
// A model exists when its manifest does. The manifest is written last and removed first, each step
// before it can be repeated, and so an interruption anywhere leaves either the model or a pull that
// can go on. It replaces the `refs/` of the hub's own cache, which cannot tell a complete snapshot
// from a part of one, nor which files belong to which of several quantisations.

import Foundation

/// Where pulled models are kept.
public struct ModelStore: Sendable {
    /// The store's folder; it need not exist.
    public let root: URL
    /// Free bytes at a path, nil if that cannot be told.
    let freeSpace: @Sendable (String) -> Int?
    let now: @Sendable () -> Date

    public init(root: URL) {
        self.init(root: root, freeSpace: { FileSystem.freeSpace(at: $0) }, now: { Date() })
    }

    package init(
        root: URL, freeSpace: @escaping @Sendable (String) -> Int?,
        now: @escaping @Sendable () -> Date
    ) {
        self.root = root
        self.freeSpace = freeSpace
        self.now = now
    }

    /// The store of this user: `$RETORT_HOME/models`, else `$XDG_DATA_HOME/retort/models`, else
    /// `~/.local/share/retort/models`.
    /// - Throws: ``HubError`` of kind `invalidName` if there is not even a home folder.
    public init(environment: [String: String]) throws(HubError) {
        if let home = environment["RETORT_HOME"], !home.isEmpty {
            self.init(root: URL(fileURLWithPath: home).appendingPathComponent("models"))
        } else if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") {
            self.init(root: URL(fileURLWithPath: data).appendingPathComponent("retort/models"))
        } else if let home = environment["HOME"], !home.isEmpty {
            self.init(
                root: URL(fileURLWithPath: home)
                    .appendingPathComponent(".local/share/retort/models"))
        } else {
            throw HubError(
                .invalidName, "nowhere to keep models: set RETORT_HOME to a folder, or HOME")
        }
    }

    /// The store that this process's environment names.
    public static func standard() throws(HubError) -> ModelStore {
        try ModelStore(environment: ProcessInfo.processInfo.environment)
    }

    var rootPath: String { root.standardizedFileURL.path }

    func folder(of model: ModelName) -> String { "\(rootPath)/\(model.owner)/\(model.name)" }

    static func blob(_ file: RemoteFile, in folder: String) -> String {
        "\(folder)/blobs/\(file.checksum.hex)"
    }

    static func partialBlob(_ file: RemoteFile, in folder: String) -> String {
        blob(file, in: folder) + ".incomplete"
    }

    /// Where the manifest of a model goes. Paths in it are encoded: a branch `a` and a branch `a/b`
    /// cannot be a file and a folder of one name.
    static func manifest(of model: ModelName, in folder: String) -> String {
        func encoded(_ text: String) -> String {
            let name = RepoPath.percentEncoded(text, keepsSlashes: false)
            // A name of dots would hide or leave the folder.
            return name.hasPrefix(".") ? "%2E" + name.dropFirst() : name
        }
        return "\(folder)/manifests/\(encoded(model.revision ?? "main"))/"
            + "\(model.selector.map { "file-" + encoded($0) } ?? "directory").json"
    }
}

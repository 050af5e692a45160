// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// What a file's content must hash to.
public enum Checksum: Sendable, Equatable, CustomStringConvertible {
    /// SHA-256 of the content (files in large-file storage).
    case sha256(String)
    /// SHA-1 of `blob <size>\0` and the content, git's name for it (all other files).
    case gitBlob(String)

    /// The digest in lower-case hexadecimal; also the content's name in the store.
    public var hex: String {
        switch self {
        case .sha256(let hex), .gitBlob(let hex): return hex
        }
    }

    public var description: String {
        switch self {
        case .sha256(let hex): return "sha256 \(hex)"
        case .gitBlob(let hex): return "git blob \(hex)"
        }
    }
}

/// A file of a repository as the hub lists it.
public struct RemoteFile: Sendable, Equatable {
    /// Path inside the repository, checked by ``RepoPath``.
    public let path: String
    /// Bytes.
    public let size: Int
    public let checksum: Checksum

    package init(path: String, size: Int, checksum: Checksum) {
        self.path = path
        self.size = size
        self.checksum = checksum
    }

    /// The last component of the path.
    public var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// One entry of `GET /api/models/{repo}/tree/{revision}`; nil for a folder.
    /// - Throws: ``HubError`` of kind `badAnswer` if the entry is malformed or would leave the store.
    init?(treeEntry entry: JSONValue) throws(HubError) {
        guard let type = entry["type"]?.stringValue, let path = entry["path"]?.stringValue else {
            throw HubError(
                .badAnswer, "the server's file list has an entry without a type and a path")
        }
        guard RepoPath.isSafe(path) else {
            throw HubError(
                .badAnswer,
                "the server lists a file “\(RepoPath.printable(path))”, which would be written outside"
                    + " the model's folder: nothing was downloaded")
        }
        guard type == "file" else { return nil }
        let lfs = entry["lfs"].flatMap { $0.isNull ? nil : $0 }
        let size = (lfs?["size"] ?? entry["size"])?.intValue
        let digest = (lfs ?? entry)["oid"]?.stringValue
        guard let size, size >= 0, let digest, RepoPath.isObjectID(digest),
            digest.utf8.count == (lfs == nil ? 40 : 64)
        else {
            throw HubError(
                .badAnswer,
                "the server's file list gives no usable size and checksum for \(RepoPath.printable(path))"
            )
        }
        self.init(
            path: path, size: size, checksum: lfs == nil ? .gitBlob(digest) : .sha256(digest))
    }
}

// SPDX-License-Identifier: Apache-2.0

/// A repository of the hub, a revision of it and, where only part is meant, a file or quantisation:
/// `owner/name[@revision][:selector]`.
public struct ModelName: Sendable, Equatable, CustomStringConvertible {
    public let owner: String
    public let name: String
    /// A branch, tag or commit; nil for the default branch, `main`.
    public var revision: String?
    /// A file's path in the repository or a quantisation such as `Q8_0`.
    public var selector: String?

    /// `owner/name`
    public var repository: String { "\(owner)/\(name)" }

    public var description: String {
        repository + (revision.map { "@\($0)" } ?? "") + (selector.map { ":\($0)" } ?? "")
    }

    /// Reads a name; the hub's address before it (`https://huggingface.co/`, `hf.co/`) is dropped.
    /// - Throws: ``HubError`` of kind `invalidName`.
    public init(parsing text: String) throws(HubError) {
        var rest = Substring(text)
        if rest.hasPrefix("https://") { rest.removeFirst("https://".count) }
        for host in ["huggingface.co/", "hf.co/"] where rest.hasPrefix(host) {
            rest.removeFirst(host.count)
        }
        if let colon = rest.firstIndex(of: ":") {
            let selector = String(rest[rest.index(after: colon)...])
            guard RepoPath.isSafe(selector) else {
                throw HubError(
                    .invalidName,
                    "“\(RepoPath.printable(selector))” after ':' is neither a file inside a repository"
                        + " nor a quantisation such as Q8_0")
            }
            self.selector = selector
            rest = rest[..<colon]
        }
        if let at = rest.firstIndex(of: "@") {
            revision = try Self.validRevision(String(rest[rest.index(after: at)...]))
            rest = rest[..<at]
        }
        let parts = rest.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ Self.isRepositoryWord($0) }) else {
            throw HubError(
                .invalidName,
                "“\(RepoPath.printable(text))” is not the name of a repository: expected OWNER/NAME,"
                    + " OWNER/NAME:FILE or OWNER/NAME:QUANTISATION")
        }
        owner = String(parts[0])
        name = String(parts[1])
    }

    /// The revision itself if it can be one.
    /// - Throws: ``HubError`` of kind `invalidName`.
    public static func validRevision(_ revision: String) throws(HubError) -> String {
        guard RepoPath.isRevision(revision) else {
            throw HubError(
                .invalidName,
                "“\(RepoPath.printable(revision))” is not a revision: expected a branch, tag or commit"
            )
        }
        return revision
    }

    /// The hub's rule for one half of a repository's name. It keeps out `.`, `..` and hidden files.
    private static func isRepositoryWord(_ word: Substring) -> Bool {
        let bytes = word.utf8
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 96 else {
            return false
        }
        let edges = "-.".utf8
        return bytes.allSatisfy { RepoPath.isAlphanumeric($0) || "-._".utf8.contains($0) }
            && !edges.contains(first) && !edges.contains(last)
            && !word.contains("--") && !word.contains("..")
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Revisions and file lists: `/api/models/{repo}/revision/{rev}` and `/api/models/{repo}/tree/{rev}`.

import Foundation
import NIOHTTP1
import RetortJSON

extension HubClient {
    private static let maximumPages = 1000
    private static let maximumFiles = 200_000

    /// The commit that a revision (nil: `main`) of a repository is at now. Everything else is then
    /// asked for by commit, so that a push in the middle of a pull cannot mix two versions.
    public func commit(of model: ModelName) async throws(HubError) -> String {
        let revision = model.revision ?? "main"
        let subject = HubSubject.revision(revision, repository: model.repository)
        let answer: JSONValue
        do throws(HubError) {
            answer = try await document(
                address(
                    "api/models", model.repository, "revision",
                    RepoPath.percentEncoded(revision, keepsSlashes: false)),
                about: subject
            ).value
        } catch {
            // A mirror that gives no error code: is it the repository or the revision?
            guard error.kind == .notFound, model.revision != nil,
                (try? await document(address("api/models", model.repository), about: subject))
                    != nil
            else { throw error }
            throw HubError(.notFound, "\(model.repository) has no revision “\(revision)”")
        }
        guard let commit = answer["sha"]?.stringValue, RepoPath.isObjectID(commit) else {
            throw HubError(
                .badAnswer,
                "\(configuration.endpoint.host) does not answer as a hub does: expected the commit of"
                    + " \(model.repository) in “sha”")
        }
        return commit
    }

    /// All files of a repository at a commit.
    /// - Throws: ``HubError``; of kind `badAnswer` if one entry is malformed or not safe to store.
    public func files(of repository: String, commit: String) async throws(HubError) -> [RemoteFile]
    {
        let subject = HubSubject.revision(commit, repository: repository)
        var next: String? = address(
            "api/models", repository, "tree", "\(commit)?recursive=1")
        var files: [RemoteFile] = []
        var paths: Set<String> = []
        for _ in 0..<Self.maximumPages {
            guard let page = next else { return files }
            let (value, headers) = try await document(page, about: subject)
            guard let entries = value.arrayValue else {
                throw HubError(
                    .badAnswer,
                    "\(configuration.endpoint.host) does not answer as a hub does: expected a list of"
                        + " files, found \(value.kind)")
            }
            for entry in entries {
                guard let file = try RemoteFile(treeEntry: entry) else { continue }
                guard paths.insert(file.path).inserted, files.count < Self.maximumFiles else {
                    throw HubError(
                        .badAnswer,
                        "the server's file list names \(RepoPath.printable(file.path)) twice or does"
                            + " not end")
                }
                files.append(file)
            }
            next = try nextPage(headers, after: page)
        }
        throw HubError(.badAnswer, "the server's file list does not end")
    }

    /// The address marked `rel="next"` in the Link headers (RFC 8288).
    private func nextPage(_ headers: HTTPHeaders, after page: String) throws(HubError) -> String? {
        for link in headers["Link"].flatMap({ $0.split(separator: ",") }) {
            let parts = link.split(separator: ";").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            guard let target = parts.first, target.hasPrefix("<"), target.hasSuffix(">"),
                parts.dropFirst().contains(where: { $0 == "rel=\"next\"" || $0 == "rel=next" })
            else { continue }
            guard let base = URL(string: page),
                let url = URL(string: String(target.dropFirst().dropLast()), relativeTo: base),
                Origin(url.absoluteURL) == configuration.endpoint.origin
            else {
                throw HubError(
                    .badAnswer, "the server's file list goes on at an address of another host")
            }
            return url.absoluteString
        }
        return nil
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// One file into one `<digest>.incomplete`, resumed by Range, verified before it gets its name.

import AsyncHTTPClient
import NIOCore
import NIOHTTP1

extension HubClient {
    /// What a download reports while it runs.
    package enum DownloadNews: Sendable {
        /// Bytes arrived.
        case received(Int)
        /// Bytes that were counted are void: the file starts anew.
        case discarded(Int)
        case retrying(reason: String, delay: Duration)
    }

    /// Downloads what is missing of a file and gives it its final name.
    /// - Parameters:
    ///   - blob: the partial file, after `resume()`.
    ///   - destination: the path that the complete, verified file is moved to.
    /// - Throws: ``HubError``; of kind `corrupted` after deleting a file with a wrong hash or length.
    package func download(
        into blob: PartialBlob, as destination: String, repository: String, commit: String,
        report: @escaping @Sendable (DownloadNews) -> Void
    ) async throws(HubError) {
        try checkOnline()
        let file = blob.file
        var mayStartAnew = true
        while true {
            try await retrying(
                onRetry: { report(.retrying(reason: $0, delay: $1)) },
                { () async throws(TransferFailure) in
                    guard await blob.count < file.size else { return }
                    try await guarded { activity async throws(TransferFailure) in
                        try await fetch(blob, repository, commit, activity, report)
                    }
                })
            if await blob.isIntact { return try await blob.finish(as: destination) }
            let isPatched = await blob.isPatched
            guard isPatched, mayStartAnew else {
                await blob.discard()
                throw HubError(
                    .corrupted,
                    "\(RepoPath.printable(file.path)) does not have the promised content (\(file.checksum)):"
                        + " the file was deleted; pull again, and if it happens again the server's copy"
                        + " or something between is damaged")
            }
            mayStartAnew = false
            // An older part may be what is wrong, for instance after a power cut: once more, whole.
            report(.discarded(file.size))
            report(
                .retrying(
                    reason: "the resumed file has the wrong checksum, starting anew", delay: .zero))
            try await blob.restart()
        }
    }

    /// One request for the rest of the file.
    private func fetch(
        _ blob: PartialBlob, _ repository: String, _ commit: String,
        _ activity: TransferActivity, _ report: @Sendable (DownloadNews) -> Void
    ) async throws(TransferFailure) {
        let file = blob.file
        let path = RepoPath.percentEncoded(file.path, keepsSlashes: true)
        let offset = await blob.count
        let answer = try await open(
            address(repository, "resolve", commit, path),
            headers: offset > 0 ? [("Range", "bytes=\(offset)-")] : [])
        try check(answer, commit, file)
        switch answer.status {
        case 206:
            guard let range = ContentRange(answer.headers.first(name: "Content-Range")),
                range.start == offset
            else {
                try await restart(blob, report)
                throw .passing("the server sent another part than the one asked for")
            }
            if let total = range.total, total != file.size {
                throw await wrongLength(of: blob, "\(total) bytes in all")
            }
            await blob.beginPatch()
        case 200:
            if offset > 0 { try await restart(blob, report) }
            if let length = answer.headers.first(name: "Content-Length").flatMap({ Int($0) }),
                length > file.size
            {
                throw await wrongLength(of: blob, "\(length) bytes")
            }
        case 416:
            try await restart(blob, report)
            throw .passing("the server cannot continue the file")
        default:
            throw refusal(
                answer, of: .file(file.path, repository: repository, revision: commit))
        }
        try await receive(answer.response.body, into: blob, activity, report)
    }

    private func receive(
        _ body: HTTPClientResponse.Body, into blob: PartialBlob, _ activity: TransferActivity,
        _ report: @Sendable (DownloadNews) -> Void
    ) async throws(TransferFailure) {
        let size = blob.file.size
        var count = await blob.count
        do {
            for try await buffer in body {
                guard buffer.readableBytes <= size - count else {
                    throw await wrongLength(of: blob, "more")
                }
                try await blob.append(buffer)
                count += buffer.readableBytes
                activity.add(buffer.readableBytes)
                report(.received(buffer.readableBytes))
            }
        } catch {
            throw TransferFailure(transport: error)
        }
        guard count == size else {
            throw .passing("the server sent \(count) of \(size) bytes and closed the connection")
        }
    }

    /// Checks what the hub says about a file against what its file list said.
    private func check(_ answer: HubResponse, _ commit: String, _ file: RemoteFile)
        throws(TransferFailure)
    {
        let headers = answer.endpointHeaders
        let path = RepoPath.printable(file.path)
        if let other = headers["X-Repo-Commit"].first, other != commit {
            throw .final(
                .badAnswer,
                "the server answers with another commit of \(path) than the one asked for")
        }
        if let size = headers["X-Linked-Size"].first, Int(size) != file.size {
            throw .final(
                .badAnswer,
                "the server's list gives \(path) \(file.size) bytes, its answer"
                    + " \(RepoPath.printable(size, limit: 20))")
        }
        if case .sha256(let digest) = file.checksum, let tag = headers["X-Linked-Etag"].first,
            Self.opaque(tag) != digest
        {
            throw .final(
                .badAnswer, "the server's list and its answer give \(path) different checksums")
        }
    }

    /// An entity tag without weakness mark and quotes.
    private static func opaque(_ tag: String) -> String {
        var text = tag[...]
        if text.hasPrefix("W/") { text.removeFirst(2) }
        if text.hasPrefix("\""), text.hasSuffix("\""), text.count >= 2 {
            text = text.dropFirst().dropLast()
        }
        return String(text)
    }

    private func restart(_ blob: PartialBlob, _ report: @Sendable (DownloadNews) -> Void)
        async throws(TransferFailure)
    {
        let count = await blob.count
        do throws(HubError) {
            try await blob.restart()
        } catch {
            throw TransferFailure(cause: .final(error))
        }
        report(.discarded(count))
    }

    private func wrongLength(of blob: PartialBlob, _ found: String) async -> TransferFailure {
        await blob.discard()
        return .final(
            .corrupted,
            "\(RepoPath.printable(blob.file.path)) should have \(blob.file.size) bytes, the server sends"
                + " \(found): the file was deleted")
    }
}

/// `Content-Range: bytes <start>-<end>/<total or *>` (RFC 9110).
struct ContentRange: Equatable {
    let start: Int
    let total: Int?

    init?(_ text: String?) {
        guard let text, text.lowercased().hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).split(separator: "/")
        guard parts.count == 2, let first = parts[0].split(separator: "-").first,
            let start = Int(first), start >= 0
        else { return nil }
        self.start = start
        total = Int(parts[1])
    }
}

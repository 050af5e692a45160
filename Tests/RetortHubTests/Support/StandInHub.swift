// SPDX-License-Identifier: Apache-2.0
//
// The hub's protocol over the stand-in server: one repository, `ada/tiny`, whose large files are
// redirected to a second server, as the real hub does with its storage. Each test bends what it needs.

import Crypto
import Foundation
import RetortHub
import RetortJSON
import Synchronization
import TestSupport

final class StandInHub: Sendable {
    typealias Reply = StandInServer.Reply
    typealias Request = StandInServer.Request

    struct File: Sendable {
        var path: String
        var content: [UInt8]
        /// In large-file storage: SHA-256, served by the second server.
        var isLarge: Bool

        init(_ path: String, _ content: [UInt8], isLarge: Bool = false) {
            self.path = path
            self.content = content
            self.isLarge = isLarge
        }

        init(_ path: String, text: String) { self.init(path, Array(text.utf8)) }

        init(_ path: String, randomBytes count: Int, seed: UInt64 = 1) {
            var random = SeededRandom(seed: seed)
            self.init(
                path, (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) },
                isLarge: true)
        }

        var sha256: String { Self.hex(SHA256.hash(data: content)) }
        var gitBlob: String {
            Self.hex(Insecure.SHA1.hash(data: Array("blob \(content.count)\0".utf8) + content))
        }

        var entry: JSONValue {
            let size = JSONValue.integer(Int64(content.count))
            guard isLarge else {
                return [
                    "type": "file", "path": .string(path), "size": size, "oid": .string(gitBlob),
                ]
            }
            return [
                "type": "file", "path": .string(path), "size": size,
                "oid": .string(String(repeating: "0", count: 40)),
                "lfs": ["oid": .string(sha256), "size": size, "pointerSize": 130],
            ]
        }

        private static func hex(_ digest: some Sequence<UInt8>) -> String {
            digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
    }

    static let repository = "ada/tiny"
    static let commit = String(repeating: "c0ffee12", count: 5)

    let hub: StandInServer
    let storage: StandInServer
    private let faults = Mutex<[String: [Reply]]>([:])
    private let files: Mutex<[File]>
    private let commit = Mutex(StandInHub.commit)
    /// Files per page of the list.
    let pageSize: Int

    init(_ files: [File], pageSize: Int = 1000) throws {
        hub = try StandInServer()
        storage = try StandInServer()
        self.files = Mutex(files)
        self.pageSize = pageSize
        hub.answer { [weak self] in self?.answer($0) ?? .status(500) }
        storage.answer { [weak self] in self?.serve($0) ?? .status(500) }
    }

    deinit {
        hub.stop()
        storage.stop()
    }

    /// Answers the next requests for a path with these, in order, instead of the right answers.
    func misbehave(at path: String, _ replies: Reply...) {
        faults.withLock { $0[path, default: []] += replies }
    }

    func misbehave(at path: String, times: Int, _ reply: Reply) {
        faults.withLock { $0[path, default: []] += repeatElement(reply, count: times) }
    }

    /// Pushes a new version.
    func push(_ files: [File], commit: String) {
        self.files.withLock { $0 = files }
        self.commit.withLock { $0 = commit }
    }

    func resolvePath(_ file: String) -> String {
        "/\(Self.repository)/resolve/\(commit.withLock { $0 })/\(file)"
    }

    /// Requests for the content of a large file, as the storage server saw them.
    func contentRequests(_ file: String) -> [Request] {
        storage.requests.filter { $0.path == "/content/\(file)" }
    }

    private func fault(_ path: String) -> Reply? {
        faults.withLock { faults in
            guard var waiting = faults[path], !waiting.isEmpty else { return nil }
            let reply = waiting.removeFirst()
            faults[path] = waiting
            return reply
        }
    }

    private func answer(_ request: Request) -> Reply {
        if let fault = fault(request.path) { return fault }
        let files = files.withLock { $0 }
        let commit = commit.withLock { $0 }
        let api = "/api/models/\(Self.repository)"
        switch request.path {
        case api, "\(api)/revision/main", "\(api)/revision/v1", "\(api)/revision/refs%2Fpr%2F1":
            return .json(#"{"id":"\#(Self.repository)","sha":"\#(commit)"}"#)
        case "\(api)/tree/\(commit)": return list(files, request)
        default: break
        }
        let prefix = "/\(Self.repository)/resolve/\(commit)/"
        let name = request.path.removingPercentEncoding ?? request.path
        guard name.hasPrefix(prefix),
            let file = files.first(where: { $0.path == name.dropFirst(prefix.count) })
        else { return .status(404, ("X-Error-Code", "EntryNotFound")) }
        if file.isLarge {
            return .redirect(
                to: "\(storage.address)/content/\(file.path)?signature=a%2Fb%3D",
                ("X-Repo-Commit", commit), ("X-Linked-Size", "\(file.content.count)"),
                ("X-Linked-Etag", "\"\(file.sha256)\""))
        }
        return Self.content(file, request, headers: [("X-Repo-Commit", commit)])
    }

    private func list(_ files: [File], _ request: Request) -> Reply {
        let start =
            request.target.split(separator: "cursor=").dropFirst().last.flatMap { Int($0) } ?? 0
        let end = min(start + pageSize, files.count)
        var entries: [JSONValue] = files[start..<end].map(\.entry)
        entries.append(["type": "directory", "path": "folder", "oid": "", "size": 0])
        var reply = Reply.json(JSONValue.array(entries).text())
        if end < files.count {
            let next = "\(hub.address)\(request.path)?recursive=1&cursor=\(end)"
            reply.headers.append(("Link", "<\(next)>; rel=\"next\""))
        }
        return reply
    }

    private func serve(_ request: Request) -> Reply {
        if let fault = fault(request.path) { return fault }
        let name = request.path.dropFirst("/content/".count)
        guard let file = files.withLock({ $0.first { $0.path == name } }) else {
            return .status(404)
        }
        return Self.content(file, request, headers: [("ETag", "\"storage-tag\"")])
    }

    static func content(_ file: File, _ request: Request, headers: [(String, String)]) -> Reply {
        let total = file.content.count
        guard let range = request.headers["range"],
            let start = Int(range.dropFirst("bytes=".count).dropLast())
        else { return Reply(headers: headers, body: file.content) }
        guard start < total else { return .status(416, ("Content-Range", "bytes */\(total)")) }
        return Reply(
            status: 206,
            headers: headers + [("Content-Range", "bytes \(start)-\(total - 1)/\(total)")],
            body: Array(file.content[start...]))
    }
}

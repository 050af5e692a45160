// SPDX-License-Identifier: Apache-2.0
//
// The app's files are read once into a table. A path is looked up in it and never becomes a name in
// the file system.

import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import RetortJSON

/// The files of the app, served at `/`.
struct AppFiles: Sendable {
    private struct File: Sendable {
        let bytes: ByteBuffer
        let type: String
        let tag: String
    }

    private static let types = [
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8",
        "js": "text/javascript; charset=utf-8", "webmanifest": "application/manifest+json",
        "svg": "image/svg+xml", "png": "image/png",
    ]

    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    private let files: [String: File]

    /// - Throws: ``ServerError`` if the folder has no `index.html`.
    init(folder: URL) throws(ServerError) {
        var files: [String: File] = [:]
        let base = folder.standardizedFileURL.path
        for name in FileManager.default.enumerator(atPath: base)?.allObjects as? [String] ?? [] {
            let type = Self.types[URL(fileURLWithPath: name).pathExtension]
            guard let type, let data = FileManager.default.contents(atPath: "\(base)/\(name)")
            else { continue }
            let digest = SHA256.hash(data: data).prefix(16)
            files["/\(name)"] = File(
                bytes: ByteBuffer(bytes: data), type: type,
                tag: "\"\(String(hexadecimal: digest))\"")
        }
        guard let index = files.removeValue(forKey: "/index.html") else {
            throw ServerError("\(base) has no index.html; install the server's files again")
        }
        files["/"] = index
        self.files = files
    }

    var paths: Set<String> { Set(files.keys) }

    func add(to router: Router<ServerContext>) {
        for (path, file) in files {
            router.get(RouterPath(path)) { request, _ in Self.response(file, request) }
        }
    }

    private static func response(_ file: File, _ request: Request) -> Response {
        var headers: HTTPFields = [
            .eTag: file.tag, .cacheControl: "no-cache", .contentSecurityPolicy: policy,
            .referrerPolicy: "no-referrer", .crossOriginOpenerPolicy: "same-origin",
        ]
        if let known = request.headers[.ifNoneMatch] {
            let tags = known.split(separator: ",").map { tag in
                let tag = tag.drop { $0 == " " }
                return tag.hasPrefix("W/") ? tag.dropFirst(2) : tag
            }
            if tags.contains(where: { $0 == "*" || $0.prefix { $0 != " " } == file.tag }) {
                return Response(status: .notModified, headers: headers)
            }
        }
        headers[.contentType] = file.type
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: file.bytes))
    }
}

// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import HummingbirdTesting
import RetortServer
import Testing

@Suite("The web app's files", .timeLimit(.minutes(1)))
struct AppFileTests {
    @Test("Files have their type, a tag and the policy, and need no key")
    func files() async throws {
        try await AppRun.with(try ScriptedBackend(saying: []), keys: true) { app in
            for (path, type) in [
                ("/", "text/html; charset=utf-8"),
                ("/js/main.js", "text/javascript; charset=utf-8"),
                ("/css/base.css", "text/css; charset=utf-8"), ("/icons/icon.svg", "image/svg+xml"),
                ("/icons/icon-192.png", "image/png"),
                ("/manifest.webmanifest", "application/manifest+json"),
            ] {
                let response = try await app.client.get(path)
                #expect(response.status == .ok, "\(path)")
                #expect(response.headers[.contentType] == type)
                #expect(response.headers[.cacheControl] == "no-cache")
                #expect(response.headers[.xContentTypeOptions] == "nosniff")
                #expect(
                    response.headers[.contentSecurityPolicy]?.hasPrefix(
                        "default-src 'none'; script-src 'self'; style-src 'self';") == true)
                let tag = try #require(response.headers[.eTag])
                let again = try await app.client.get(
                    path, headers: [.ifNoneMatch: "\"x\", W/\(tag)"])
                #expect(again.status == .notModified)
                #expect(again.body.readableBytes == 0)
                #expect(again.headers[.eTag] == tag)
                let other = try await app.client.get(path, headers: [.ifNoneMatch: "\"x\""])
                #expect(other.status == .ok)
                let head = try await app.client.executeRequest(
                    uri: path, method: .head, headers: [:], body: nil)
                #expect(head.status == .ok)
                #expect(head.headers[.eTag] == tag)
                #expect(head.body.readableBytes == 0)
            }
        }
    }

    @Test(
        "Nothing but the app's files can be had",
        arguments: [
            "/index.html", "/openapi.yaml", "/../openapi.json", "/js/../../openapi.json",
            "/%2e%2e/openapi.json", "/js/%2e%2e%2findex.html", "/package.json", "/js", "/js/",
            "/..%5cindex.html", "//etc/passwd",
        ])
    func outside(path: String) async throws {
        try await AppRun.with(try ScriptedBackend(saying: [])) { app in
            let status = try await app.client.get(path).status
            #expect(status == .notFound)
        }
    }
}

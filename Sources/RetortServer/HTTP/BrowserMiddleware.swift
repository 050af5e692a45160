// SPDX-License-Identifier: Apache-2.0
//
// A browser carries out what the pages of any site ask for, also towards a server that only this
// machine reaches. Where there are no keys, nothing but the fields that browsers set tells such
// requests apart.

import HTTPTypes
import Hummingbird
import NIOCore
import RetortJSON

/// Refuses, where requests need no key, what another site's page asks for: under a name that the
/// site has pointed at this machine (DNS rebinding), and with its `Origin`.
struct BrowserMiddleware: RouterMiddleware {
    let verifier: any KeyVerifier
    let allowedOrigins: [String]
    let allowedHosts: Set<String>
    /// Whether other machines reach the server, by whatever name they know.
    let isPublic: Bool

    init(_ configuration: ServerConfiguration, verifier: any KeyVerifier) {
        self.verifier = verifier
        allowedOrigins = configuration.allowedOrigins
        allowedHosts = Set(configuration.allowedHosts.map { $0.lowercased() })
        isPublic = !configuration.isLoopback
    }

    func handle(
        _ request: Request, context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        guard await !verifier.needsKey() else { return try await next(request, context) }
        let authority = (request.head.authority ?? "").lowercased()
        guard isPublic || isOwn(Self.host(of: authority)) else {
            throw APIError(
                .forbidden,
                "the server has no keys and is asked for by a name that is not this machine's; allow it with --allow-host",
                type: "permission_error", code: "host_not_allowed")
        }
        if let origin = request.headers[.origin], request.method != .options,
            !Self.isSame(origin, authority), !allowedOrigins.contains(origin),
            !allowedOrigins.contains("*")
        {
            throw APIError(
                .forbidden,
                "the request comes from another site's page; allow it with --allow-origin",
                type: "permission_error", code: "wrong_origin")
        }
        return try await next(request, context)
    }

    /// An address cannot be pointed elsewhere, and names below `localhost` are this machine's
    /// (RFC 6761).
    private func isOwn(_ host: String) -> Bool {
        host.isEmpty || host == "localhost" || host.hasSuffix(".localhost")
            || (try? SocketAddress(ipAddress: host, port: 0)) != nil || allowedHosts.contains(host)
    }

    /// The host without its port, an IPv6 address without its brackets.
    static func host(of authority: String) -> String {
        if authority.hasPrefix("[") { return String(authority.dropFirst().prefix { $0 != "]" }) }
        return String(authority.prefix { $0 != ":" })
    }

    /// Whether a page is this server's own. A proxy may speak TLS for it, so the scheme does not
    /// count.
    static func isSame(_ origin: String, _ authority: String) -> Bool {
        let parts = origin.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 3 && parts[2].lowercased() == authority.lowercased()
    }
}

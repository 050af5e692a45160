// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird

/// Asks for a key where keys are needed, and for the client's share of requests.
struct KeyMiddleware: RouterMiddleware {
    let verifier: any KeyVerifier
    /// Paths that need none.
    let openPaths: Set<String>

    func handle(
        _ request: Request, context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        guard request.method != .options, !openPaths.contains(request.uri.path),
            await verifier.needsKey()
        else { return try await next(request, context) }
        guard let key = Self.key(in: request.headers) else {
            throw APIError(
                .unauthorized,
                "there is no API key; send it as 'Authorization: Bearer KEY' or 'x-api-key: KEY'",
                type: "authentication_error", code: "invalid_api_key")
        }
        guard let client = try await verifier.verify(key) else {
            throw APIError(
                .unauthorized, "the API key is not valid", type: "authentication_error",
                code: "invalid_api_key")
        }
        try client.checkScope(request.uri.path)
        // The app's requests are small and many; those that make the model work are counted there.
        if !request.uri.path.hasPrefix("/api/") { try await verifier.checkAdmission(client) }
        var context = context
        context.client = client
        return try await next(request, context)
    }

    static func key(in headers: HTTPFields) -> String? {
        if let value = headers[.authorization] {
            let parts = value.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
            if parts.count == 2, parts[0].lowercased() == "bearer" {
                return String(parts[1].drop { $0 == " " })
            }
        }
        return headers[.apiKey]
    }
}

extension KeyVerifier {
    /// - Throws: ``APIError`` 429 if the client has to wait.
    func checkAdmission(_ client: ClientIdentity?) async throws(APIError) {
        guard let client, case .refused(let retryAfter) = await admit(client) else { return }
        throw APIError(
            .tooManyRequests, "this key's limit of requests or tokens is reached",
            type: "rate_limit_error", code: "rate_limit_exceeded", retryAfter: retryAfter)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// What all requests of the app go through: no other site's page may send them, bodies are JSON,
// errors have the codes of the contract.

import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import RetortJSON

/// A request of the app.
struct AppCall {
    let request: Request
    let context: ServerContext
    let app: ChatApp
    let core: ServerCore

    var store: ServerStore { app.store }
    /// Whose conversations these are: the key's; empty where there are no keys.
    var owner: String { context.client?.id ?? "" }
    var id: String { context.parameters.get("id") ?? "" }

    /// A parameter of the query. Browsers write a space as a plus.
    func query(_ name: String) -> String? {
        for pair in (request.uri.query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.first.map({ String($0) }) == name else { continue }
            let value = parts.count == 2 ? String(parts[1]).replacing("+", with: " ") : ""
            return value.removingPercentEncoding ?? value
        }
        return nil
    }

    /// The body's fields; none for an empty body.
    func fields(upTo limit: Int = 4 << 20) async throws -> Fields {
        guard request.headers[.contentType] != nil else {
            for try await part in request.body where part.readableBytes > 0 {
                throw APIError(
                    .unsupportedMediaType,
                    "the body has no content type, expected application/json",
                    code: "unsupported_media_type")
            }
            return Fields(JSONObject())
        }
        return Fields(try await core.reader.object(request, upTo: limit))
    }
}

/// Adds routes below `/api`.
struct AppRouter {
    let app: ChatApp
    let core: ServerCore
    let router: Router<ServerContext>

    typealias Handler = @Sendable (AppCall) async throws -> Response

    func on(_ method: HTTPRequest.Method, _ path: RouterPath, _ handler: @escaping Handler) {
        let (app, core) = (app, core)
        router.on(path, method: method) { request, context in
            try Self.checkOrigin(request)
            let call = AppCall(request: request, context: context, app: app, core: core)
            do {
                return try await handler(call)
            } catch let error as APIError {
                throw Self.mapped(error)
            }
        }
    }

    /// Browsers tell which page a request comes from.
    private static func checkOrigin(_ request: Request) throws(APIError) {
        guard let origin = request.headers[.origin] else { return }
        guard BrowserMiddleware.isSame(origin, request.head.authority ?? "") else {
            throw APIError(
                .forbidden, "the request comes from another site's page",
                type: "permission_error", code: "wrong_origin")
        }
    }

    private static let codes: Set<String> = [
        "invalid_json", "invalid_value", "context_length_exceeded",
    ]

    /// The app knows one code for all that is wrong with a value.
    private static func mapped(_ error: APIError) -> APIError {
        guard error.status == .badRequest, !codes.contains(error.code ?? "") else { return error }
        var error = error
        error.code = "invalid_value"
        return error
    }
}

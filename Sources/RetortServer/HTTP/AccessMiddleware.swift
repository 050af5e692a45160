// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import RetortJSON

/// The outermost layer: gives each request its id, maps errors to answers, sets the headers that
/// every answer has and logs a line. Prompts, answers and keys are never logged.
struct AccessMiddleware: RouterMiddleware {
    let routes: RouteTable
    let allowedOrigins: [String]
    let metrics: ServerMetrics

    func handle(
        _ request: Request, context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        // A client may bring the id of its own log.
        if let id = request.headers[.requestID], Self.isPlain(id) { context.requestID = id }
        let start = ContinuousClock.now
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            var mapped = apiError(error, request, context)
            if Self.leavesLongBody(request, mapped.status) { mapped.closesConnection = true }
            response = mapped.response(request, context)
        }
        setHeaders(&response, request, context)
        let status = response.status.code
        metrics.countResponse(status: status)
        let path = request.uri.path
        let duration = ContinuousClock.now - start
        context.logger.log(
            level: status >= 500 ? .error : .info, "\(request.method.rawValue) \(path) \(status)",
            metadata: [
                "request": .string(context.requestID), "client": .string(context.clientName),
                "ms": .stringConvertible(Int(duration / .milliseconds(1))),
            ])
        return response
    }

    /// Whether a request was answered without its body, which is too long to be read for nothing.
    private static func leavesLongBody(_ request: Request, _ status: HTTPResponse.Status) -> Bool {
        guard [401, 403, 404, 405, 415].contains(status.code) else { return false }
        return request.headers[.contentLength].flatMap { Int($0) } ?? 0 > 65_536
    }

    private static func isPlain(_ id: String) -> Bool {
        !id.isEmpty && id.utf8.count <= 64
            && id.utf8.allSatisfy {
                $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
            }
    }

    private func apiError(_ error: any Error, _ request: Request, _ context: ServerContext)
        -> APIError
    {
        switch error {
        case let error as APIError: return error
        case let error as ModelFault: return APIError(error)
        case let error as any HTTPResponseError where error.status == .notFound:
            return routes.missing(request.method, request.uri.path)
        case let error as any HTTPResponseError where error.status.code < 500:
            return APIError(error.status, error.status.reasonPhrase, code: "bad_request")
        default:
            context.logger.error(
                "unexpected error: \(error)", metadata: ["request": .string(context.requestID)])
            return .internalError
        }
    }

    private func setHeaders(
        _ response: inout Response, _ request: Request, _ context: ServerContext
    ) {
        response.headers[.requestID] = context.requestID
        response.headers[.xContentTypeOptions] = "nosniff"
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        guard let origin = request.headers[.origin],
            allowedOrigins.contains(origin) || allowedOrigins.contains("*")
        else { return }
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.vary] = "Origin"
        response.headers[.accessControlExposeHeaders] = "X-Request-Id, Retry-After"
        guard request.method == .options else { return }
        response.headers[.accessControlAllowMethods] = response.headers[.allow]
        response.headers[.accessControlAllowHeaders] =
            request.headers[.accessControlRequestHeaders] ?? "authorization, content-type"
        response.headers[.accessControlMaxAge] = "600"
    }
}

extension APIError {
    func response(_ request: Request, _ context: ServerContext) -> Response {
        if status == .noContent {
            return Response(status: .noContent, headers: [.allow: allow.joined(separator: ", ")])
        }
        let isAnthropic = request.uri.path.hasPrefix("/v1/messages")
        let body = isAnthropic ? anthropicJSON(requestID: context.requestID) : json
        var response = Response(json: body, status: status)
        if let retryAfter { response.headers[.retryAfter] = "\(retryAfter)" }
        if !allow.isEmpty { response.headers[.allow] = allow.joined(separator: ", ") }
        if status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
        if closesConnection { response.headers[.connection] = "close" }
        return request.method == .head ? response.createHeadResponse() : response
    }
}

extension Response {
    init(json: JSONValue, status: HTTPResponse.Status = .ok) {
        self.init(
            status: status, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(string: json.text())))
    }
}

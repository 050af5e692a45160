// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import RetortGuard
import RetortJSON

/// `/api/guard`: what an operator sees and decides.
struct OperatorRoutes: Sendable {
    func add(to api: AppRouter) {
        api.on(.get, "/api/guard/report") { call in
            let desk = try desk(call)
            return try await answer { try await desk.report() }
        }
        api.on(.get, "/api/guard/journal") { call in
            let desk = try desk(call)
            let limit = call.query("limit").flatMap { Int($0) } ?? 100
            guard 1...1000 ~= limit else {
                throw APIError.invalid("limit", "is not within 1 … 1000")
            }
            return try await answer { try await desk.journal(limit: limit) }
        }
        api.on(.post, "/api/guard/decisions") { call in
            let desk = try desk(call)
            let decision = try GuardDecision(try await call.fields())
            let name = call.context.client?.label
            return try await answer { try await desk.decide(decision, by: name) }
        }
    }

    /// Whether a client may see it.
    static func isOperator(_ client: ClientIdentity?) -> Bool { client?.isAdministrator ?? true }

    private func desk(_ call: AppCall) throws(APIError) -> GuardDesk {
        guard Self.isOperator(call.context.client) else {
            throw APIError(
                .forbidden, "this is for administrators' keys", type: "permission_error",
                code: "not_allowed")
        }
        guard let desk = call.core.configuration.guardDesk else {
            throw APIError.notFound("this server was started without --guard-audit")
        }
        return desk
    }

    /// What is wrong with a log is for its operator to read.
    private func answer(_ work: () async throws -> JSONValue) async throws -> Response {
        do {
            return Response(json: try await work())
        } catch let error as GuardError {
            throw APIError(
                .internalServerError, error.description, type: "server_error", code: "guard_log")
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import RetortEngine
import RetortGuard
import RetortJSON

/// `POST /v1/guard/detect`
struct GuardRoutes: Sendable {
    let core: ServerCore

    func add(to router: Router<ServerContext>) {
        router.post("/v1/guard/detect") { request, context in
            try await detect(try DetectRequest(try await core.fields(request)), context)
        }
    }

    private func detect(_ request: DetectRequest, _ context: ServerContext) async throws -> Response
    {
        guard let keys = core.configuration.watermarkKeys?.keys else {
            throw APIError.notFound("this server marks nothing: it was started without a key")
        }
        let lease = try await core.lease(request.model)
        let tokens = try lease.backend.tokens(request.text, addSpecialTokens: false)
        // Greedy answers are marked by green lists where a mark is enforced.
        let candidates = keys.flatMap { key in
            key.scheme.marksGreedy ? [key] : [key, key.using(.greenList)]
        }
        var found: [WatermarkDetection] = []
        for key in candidates {
            do {
                found.append(
                    try WatermarkDetector(key: key, level: request.level).detect(tokens))
            } catch {
                throw APIError(
                    .internalServerError, "\(error)", type: "server_error", code: "bad_key")
            }
        }
        guard let best = found.min(by: { $0.combined < $1.combined }) else {
            throw APIError.internalError
        }
        let verdict = best.verdict(keys: found.count)
        // A score would let others try out edits until the mark is gone: it is for administrators.
        guard context.client?.isAdministrator ?? true else {
            return Response(json: [
                "object": "guard.detection", "verdict": .string(verdict.rawValue),
            ])
        }
        var object = best.json(keys: found.count)
        object["object"] = "guard.detection"
        object["keys"] = .array(found.map { .object($0.json(keys: found.count)) })
        return Response(json: .object(object))
    }
}

/// A request to `/v1/guard/detect`.
struct DetectRequest: Sendable {
    var model: String?
    var text: String
    /// The chance of a false alarm that a verdict may have.
    var level: Double

    init(_ fields: Fields) throws(APIError) {
        model = try fields.string("model")
        text = try fields.require("text", try fields.string("text"))
        level = try fields.number("level", in: 1e-12...0.05) ?? 1e-6
    }
}

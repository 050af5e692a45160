// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import NIOCore
import RetortJSON

/// `GET /health` and `/metrics`.
struct StatusRoutes: Sendable {
    let core: ServerCore

    func add(to router: Router<ServerContext>) {
        router.get("/health") { _, _ in
            let isReady = await core.provider.isReady()
            if core.stopping.isSet {
                return Self.unavailable("stopping")
            }
            return isReady ? Response(json: ["status": "ok"]) : Self.unavailable("loading model")
        }
        router.get("/metrics") { _, _ in
            let models = await core.provider.loaded()
            let text = PrometheusText.text(
                core.metrics.values, models.map { ($0.id, $0.backend.statistics) })
            return Response(
                status: .ok,
                headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: text)))
        }
    }

    private static func unavailable(_ status: String) -> Response {
        var response = Response(
            json: [
                "status": .string(status),
                "error": [
                    "message": .string(status), "type": "unavailable_error", "param": nil,
                    "code": "unavailable",
                ],
            ], status: .serviceUnavailable)
        response.headers[.retryAfter] = "2"
        return response
    }
}

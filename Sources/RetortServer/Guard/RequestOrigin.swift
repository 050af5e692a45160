// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import RetortEngine
import RetortGuard

/// Who asks, and by which API.
struct RequestOrigin: Sendable {
    /// The key's id, else the address.
    var client: String
    /// One of `GuardPolicy.routes`.
    var route: String
    /// Whether the client leaves it to the server to mark the answer.
    var acceptsMark = true

    init(client: String, route: String) {
        self.client = client
        self.route = route
    }

    /// - Parameter request: `X-Retort-Watermark: off` asks for an answer without a mark, which a policy may grant.
    init(_ request: Request, _ context: ServerContext, route: String) {
        self.init(client: context.clientName, route: route)
        acceptsMark = request.headers[.watermark]?.lowercased() != "off"
    }
}

extension EngineRequest {
    mutating func take(_ origin: RequestOrigin) {
        client = origin.client
        route = origin.route
        acceptsMark = origin.acceptsMark
    }
}

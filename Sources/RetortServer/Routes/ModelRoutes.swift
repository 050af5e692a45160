// SPDX-License-Identifier: Apache-2.0

import Foundation
import Hummingbird
import RetortJSON

/// `GET /v1/models` and `/v1/models/{id}`, whose id may have slashes.
struct ModelRoutes: Sendable {
    let core: ServerCore

    func add(to router: Router<ServerContext>) {
        for path: RouterPath in ["/v1/models", "/models"] {
            router.get(path) { _, _ in
                let models = await core.provider.models()
                return Response(json: ["object": "list", "data": .array(models.map(Self.json))])
            }
        }
        router.get("/v1/models/**") { _, context in
            let path = context.parameters.getCatchAll().joined(separator: "/")
            let id = path.removingPercentEncoding ?? path
            guard let model = await core.provider.models().first(where: { $0.id == id }) else {
                throw APIError(ModelFault.unknown(id))
            }
            return Response(json: Self.json(model))
        }
    }

    private static func json(_ model: ModelDescription) -> JSONValue {
        [
            "id": .string(model.id), "object": "model", "created": .integer(Int64(model.created)),
            "owned_by": .string(model.owner), "loaded": .bool(model.isLoaded),
            "max_model_len": model.contextLength.map { .integer(Int64($0)) } ?? .null,
        ]
    }
}

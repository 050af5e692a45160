// SPDX-License-Identifier: Apache-2.0

import Foundation
import Hummingbird
import NIOCore

/// `GET /openapi.json`
struct OpenAPIRoutes: Sendable {
    func add(to router: Router<ServerContext>) {
        router.get("/openapi.json") { _, _ in
            let data: Data
            do {
                data = try Data(
                    contentsOf: try ServerResources.folder().appendingPathComponent("openapi.json"))
            } catch {
                throw APIError.notFound("the description was not installed: \(error)")
            }
            return Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: .init(byteBuffer: ByteBuffer(bytes: data)))
        }
    }
}

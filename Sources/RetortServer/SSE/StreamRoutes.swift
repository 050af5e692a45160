// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import RetortJSON

/// Streams that are read again, or ended by another request: `/v1/streams/{id}`.
struct StreamRoutes: Sendable {
    let core: ServerCore

    func add(to router: Router<ServerContext>) {
        router.get("/v1/streams/{id}") { request, context in try read(request, context) }
        router.delete("/v1/streams/{id}") { _, context in
            let stream = try find(context)
            let state: JSONValue = stream.isEnded ? "ended" : "stopping"
            stream.cancel()
            return Response(json: ["id": .string(stream.id), "state": state])
        }
        router.post("/v1/streams/{id}/answer") { _, context in
            let stream = try find(context)
            let state: JSONValue = stream.isEnded ? "ended" : "answering"
            stream.endThought()
            return Response(json: ["id": .string(stream.id), "state": state])
        }
    }

    private func find(_ context: ServerContext) throws -> LiveStream {
        let id = context.parameters.get("id") ?? ""
        guard let stream = core.streams.find(id, owner: context.client?.id) else {
            throw APIError.notFound(
                "there is no stream '\(id)'; streams are kept for \(core.configuration.streamRetention) after their end",
                param: "id")
        }
        return stream
    }

    private func read(_ request: Request, _ context: ServerContext) throws -> Response {
        let stream = try find(context)
        let from =
            request.headers[.lastEventID] ?? request.uri.queryParameters["from"].map { String($0) }
        let position = from.map { Int($0) } ?? 0
        guard let position, position >= 0 else {
            throw APIError.invalid("from", "is '\(from ?? "")', expected the number of an event")
        }
        return EventStreamResponse(keepAlive: core.configuration.keepAliveInterval).response(
            stream, from: position, numbered: true, context)
    }
}

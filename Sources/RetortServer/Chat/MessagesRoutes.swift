// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import RetortJSON

/// `POST /v1/messages` and `/v1/messages/count_tokens`: Anthropic's API.
struct MessagesRoutes: Sendable {
    let core: ServerCore

    func add(to router: Router<ServerContext>) {
        router.post("/v1/messages") { request, context in try await answer(request, context) }
        router.post("/v1/messages/count_tokens") { request, context in
            let count = try MessagesRequest(try await core.fields(request), needsLimit: false)
            let lease = try await core.lease(count.conversation.model)
            let plan = try GenerationPlan(
                count.conversation, lease, RequestOrigin(request, context, route: "messages"))
            return Response(json: ["input_tokens": .integer(Int64(plan.promptTokens))])
        }
    }

    private func answer(_ request: Request, _ context: ServerContext) async throws -> Response {
        let message = try MessagesRequest(try await core.fields(request))
        let id = Identifier.make("msg_")
        let core = core
        let origin = RequestOrigin(
            request, context, route: "messages", isStream: message.isStreamed)
        let begin: @Sendable () async throws -> (AnswerHead, GenerationPlan, [GenerationTask]) = {
            let lease = try await core.lease(message.conversation.model)
            let plan = try GenerationPlan(message.conversation, lease, origin)
            return (AnswerHead(id: id, model: lease.id), plan, try plan.submit())
        }
        guard message.isStreamed else {
            let (head, plan, tasks) = try await begin()
            let replies = try await core.collect(plan, tasks, context)
            return Response(json: MessagesResponse.json(head, replies.first ?? Reply()))
        }
        let requestID = context.requestID
        return try await core.stream(
            id, request, context,
            onFault: { error, stream in
                let text = error.anthropicJSON(requestID: requestID).text()
                stream.append(Array("event: error\ndata: \(text)\n\n".utf8))
            }
        ) {
            let (head, plan, tasks) = try await begin()
            return StreamWork(tasks) { stream in
                var streamer = MessagesStreamer(head, plan, stream, core.metrics)
                for task in tasks { await streamer.run(task) }
            }
        }
    }
}

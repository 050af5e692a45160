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
            let plan = try GenerationPlan(count.conversation, lease, client: context.clientName)
            return Response(json: ["input_tokens": .integer(Int64(plan.promptTokens))])
        }
    }

    private func answer(_ request: Request, _ context: ServerContext) async throws -> Response {
        let message = try MessagesRequest(try await core.fields(request))
        let lease = try await core.lease(message.conversation.model)
        let plan = try GenerationPlan(message.conversation, lease, client: context.clientName)
        let tasks = try plan.submit()
        let head = AnswerHead("msg_", model: lease.id)
        guard message.isStreamed else {
            let replies = try await core.collect(plan, tasks, context)
            return Response(json: MessagesResponse.json(head, replies.first ?? Reply()))
        }
        let metrics = core.metrics
        return core.stream(head.id, tasks, request, context) { stream in
            var streamer = MessagesStreamer(head, plan, stream, metrics)
            for task in tasks { await streamer.run(task) }
        }
    }
}

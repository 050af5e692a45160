// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import RetortJSON

/// `POST /v1/chat/completions`
struct ChatRoutes: Sendable {
    let core: ServerCore

    func add(to router: Router<ServerContext>) {
        // DeepSeek's base address has no version.
        for path: RouterPath in ["/v1/chat/completions", "/chat/completions"] {
            router.post(path) { request, context in try await complete(request, context) }
        }
    }

    private func complete(_ request: Request, _ context: ServerContext) async throws -> Response {
        let chat = try ChatRequest(try await core.fields(request))
        let lease = try await core.lease(chat.conversation.model)
        let plan = try GenerationPlan(chat.conversation, lease, client: context.clientName)
        let tasks = try plan.submit()
        let head = AnswerHead("chatcmpl-", model: lease.id)
        guard chat.stream.isOn else {
            let replies = try await core.collect(plan, tasks, context)
            return Response(json: ChatResponse.json(head, replies, plan))
        }
        let metrics = core.metrics
        return core.stream(head.id, tasks, request, context) { stream in
            await ChatStreamer(
                head: head, plan: plan, options: chat.stream, stream: stream, metrics: metrics
            ).run(tasks)
        }
    }
}

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
        let id = Identifier.make("chatcmpl-")
        let core = core
        let origin = RequestOrigin(
            request, context, route: "chat", isStream: chat.stream.isOn)
        let begin: @Sendable () async throws -> (AnswerHead, GenerationPlan, [GenerationTask]) = {
            let lease = try await core.lease(chat.conversation.model)
            let plan = try GenerationPlan(chat.conversation, lease, origin)
            return (AnswerHead(id: id, model: lease.id), plan, try plan.submit())
        }
        guard chat.stream.isOn else {
            let (head, plan, tasks) = try await begin()
            let replies = try await core.collect(plan, tasks, context)
            return Response(json: ChatResponse.json(head, replies, plan))
        }
        return try await core.stream(id, request, context) {
            let (head, plan, tasks) = try await begin()
            return StreamWork(tasks) { stream in
                await ChatStreamer(
                    head: head, plan: plan, options: chat.stream, stream: stream,
                    metrics: core.metrics
                ).run(tasks)
            }
        }
    }
}

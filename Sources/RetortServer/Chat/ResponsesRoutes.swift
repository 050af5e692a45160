// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import RetortJSON
import RetortTemplates

/// `POST /v1/responses`, and the responses that are kept.
struct ResponsesRoutes: Sendable {
    let core: ServerCore
    private let store: ResponseStore

    init(core: ServerCore) {
        self.core = core
        store = ResponseStore(maximumBytes: core.configuration.streamMemoryBytes)
    }

    func add(to router: Router<ServerContext>) {
        router.post("/v1/responses") { request, context in try await create(request, context) }
        router.get("/v1/responses/{id}") { request, context in
            if request.uri.queryParameters["stream"] == "true" {
                throw APIError.invalid(
                    "stream", "is true; the events of a response are at /v1/streams/{id}",
                    code: "unsupported_parameter")
            }
            return Response(json: try find(context.parameters.get("id") ?? "", "id", context).json)
        }
        router.delete("/v1/responses/{id}") { _, context in
            let id = context.parameters.get("id") ?? ""
            _ = try find(id, "id", context)
            store.remove(id)
            return Response(json: ["id": .string(id), "object": "response", "deleted": true])
        }
    }

    private func find(_ id: String, _ param: String, _ context: ServerContext) throws(APIError)
        -> ResponseStore.Entry
    {
        guard let entry = store.find(id, owner: context.client?.id) else {
            throw .notFound("there is no response '\(id)' any more", param: param)
        }
        return entry
    }

    private func create(_ request: Request, _ context: ServerContext) async throws -> Response {
        var responses = try ResponsesRequest(try await core.fields(request))
        if let previous = responses.previousID {
            let entry = try find(previous, "previous_response_id", context)
            responses.conversation.conversation.messages.insert(contentsOf: entry.messages, at: 0)
        }
        let messages = responses.conversation.conversation.messages
        if let instructions = responses.instructions {
            responses.conversation.conversation.messages.insert(.system(instructions), at: 0)
        }
        let id = Identifier.make("resp_")
        let core = core
        let origin = RequestOrigin(request, context, route: "responses")
        let asked = responses
        let begin: @Sendable () async throws -> (ResponsesAnswer, [GenerationTask]) = {
            let lease = try await core.lease(asked.conversation.model)
            let plan = try GenerationPlan(asked.conversation, lease, origin)
            let answer = ResponsesAnswer(
                head: AnswerHead(id: id, model: lease.id), request: asked, plan: plan,
                metrics: core.metrics)
            return (answer, try plan.submit())
        }
        let store = store
        let owner = context.client?.id
        let isStored = responses.isStored
        let keep: @Sendable (JSONValue, ParsedResponse) -> Void = { json, reply in
            guard isStored else { return }
            store.add(id, messages + [Self.message(reply, json)], json, owner: owner)
        }
        guard responses.isStreamed else {
            let (answer, tasks) = try await begin()
            let cancel: @Sendable () -> Void = { for task in tasks { task.cancel() } }
            return try await context.watchingConnection(onClose: cancel) {
                for task in tasks {
                    guard let (json, reply) = try await answer.run(task, nil) else { break }
                    keep(json, reply)
                    return Response(json: json)
                }
                throw APIError.internalError
            }
        }
        return try await core.stream(id, request, context) {
            let (answer, tasks) = try await begin()
            return StreamWork(tasks) { stream in
                defer { stream.end() }
                for task in tasks {
                    do throws(APIError) {
                        // Nil if the engine failed, which the stream has told.
                        if let (json, reply) = try await answer.run(task, stream) {
                            keep(json, reply)
                        }
                    } catch {
                        stream.appendError(error)
                    }
                }
            }
        }
    }

    /// What the model said, with the ids that its calls have in the response.
    private static func message(_ reply: ParsedResponse, _ json: JSONValue) -> Message {
        let ids = (json["output"]?.arrayValue ?? []).compactMap { item in
            item["status"]?.stringValue == "completed" ? item["call_id"]?.stringValue : nil
        }
        var calls = reply.toolCalls
        for (index, id) in ids.enumerated() where index < calls.count { calls[index].id = id }
        return Message(
            role: "assistant", content: .text(reply.content),
            reasoningContent: reply.reasoning.isEmpty ? nil : reply.reasoning, toolCalls: calls)
    }
}

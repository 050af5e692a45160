// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import RetortEngine
import RetortJSON

/// `POST /v1/completions`
struct CompletionRoutes: Sendable {
    let core: ServerCore

    func add(to router: Router<ServerContext>) {
        for path: RouterPath in ["/v1/completions", "/completions"] {
            router.post(path) { request, context in try await complete(request, context) }
        }
    }

    private func complete(_ request: Request, _ context: ServerContext) async throws -> Response {
        let completion = try CompletionRequest(try await core.fields(request))
        let id = Identifier.make("cmpl-")
        let core = core
        let origin = RequestOrigin(
            request, context, route: "completions", isStream: completion.stream.isOn)
        let begin: @Sendable () async throws -> (AnswerHead, GenerationPlan, [String]) = {
            let lease = try await core.lease(completion.model)
            let plan = try GenerationPlan(completion, lease, origin)
            return (AnswerHead(id: id, model: lease.id), plan, try Self.echoes(completion, plan))
        }
        guard completion.stream.isOn else {
            let (head, plan, echoes) = try await begin()
            let replies = try await collect(completion, plan, context)
            return Response(json: json(head, completion, plan, replies, echoes))
        }
        return try await core.stream(id, request, context) {
            let (head, plan, echoes) = try await begin()
            let tasks = try plan.submit()
            return StreamWork(tasks) { stream in
                await CompletionStreamer(
                    head: head, plan: plan, completion: completion, echoes: echoes, stream: stream,
                    metrics: core.metrics
                ).run(tasks)
            }
        }
    }

    /// The prompts' texts, for answers that begin with them.
    private static func echoes(_ completion: CompletionRequest, _ plan: GenerationPlan)
        throws(APIError) -> [String]
    {
        guard completion.echoes else { return [] }
        var texts: [String] = []
        for (index, request) in plan.requests.enumerated() {
            if case .texts(let given) = completion.prompts {
                texts.append(given[index / completion.choices])
            } else {
                texts.append(try plan.backend.text(request.generation.prompt))
            }
        }
        return texts
    }

    /// More prompts than the engine's queue holds are worked off in groups.
    private func collect(
        _ completion: CompletionRequest, _ plan: GenerationPlan, _ context: ServerContext
    ) async throws -> [Reply] {
        var replies: [Reply] = []
        let size = max(16, completion.choices)
        for start in stride(from: 0, to: plan.requests.count, by: size) {
            var part = plan
            part.requests = Array(plan.requests[start..<min(start + size, plan.requests.count)])
            replies += try await core.collect(part, try part.submit(), context)
        }
        return replies
    }

    private func json(
        _ head: AnswerHead, _ completion: CompletionRequest, _ plan: GenerationPlan,
        _ replies: [Reply], _ echoes: [String]
    ) -> JSONValue {
        let choices = replies.enumerated().map { index, reply -> JSONValue in
            let echo = completion.echoes ? echoes[index] : ""
            return [
                "index": .integer(Int64(index)), "text": .string(echo + reply.text),
                "logprobs": completion.logprobs.map {
                    LogprobsWire.legacy(
                        reply.promptLogprobs + reply.logprobs, top: $0, offset: 0, plan.backend)
                } ?? .null,
                "finish_reason": .string(reply.finish.openAIName),
            ]
        }
        return [
            "id": .string(head.id), "object": "text_completion",
            "created": .integer(Int64(head.created)), "model": .string(head.model),
            "choices": .array(choices),
            "usage": replies.usage(perPrompt: completion.choices).json,
            "system_fingerprint": .string(ChatResponse.fingerprint),
        ]
    }
}

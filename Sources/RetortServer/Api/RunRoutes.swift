// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import RetortJSON

/// `/api/conversations/{id}/generate` and `/api/runs`
struct RunRoutes: Sendable {
    func add(to api: AppRouter) {
        api.on(.post, "/api/conversations/{id}/generate") { call in
            Response(json: try await generate(call), status: .created)
        }
        api.on(.get, "/api/runs/{id}/events") { call in try events(call) }
        api.on(.post, "/api/runs/{id}/stop") { call in
            let run = try find(call)
            let state = run.stop() == .ended ? "ended" : "stopping"
            return Response(json: ["run": .string(run.id), "state": .string(state)])
        }
        api.on(.post, "/api/runs/{id}/answer-now") { call in
            let run = try find(call)
            return Response(
                json: ["run": .string(run.id), "state": .string(run.answerNow().rawValue)])
        }
    }

    private func find(_ call: AppCall) throws(APIError) -> LiveRun {
        guard let run = call.app.runs.find(call.id, owner: call.owner) else {
            throw .notFound(
                "there is no run \(call.id); its events are kept for \(call.app.options.eventRetention) after its end",
                param: "id")
        }
        return run
    }

    private func generate(_ call: AppCall) async throws -> JSONValue {
        let fields = try await call.fields()
        let conversation = try await call.store.conversation(call.id, owner: call.owner)
        let plan = try RunPlan(fields, conversation)
        let models = await call.core.provider.models()
        let name = plan.settings.model
        guard let model = name.map({ name in models.first { $0.id == name } }) ?? models.first
        else {
            throw APIError(ModelFault.unknown(name ?? ""))
        }
        try await call.app.keys.checkAdmission(call.context.client)
        let origin = RequestOrigin(call.context, route: "app")
        // With a loaded model, what is wrong is this request's error; else the run's.
        let ready =
            model.isLoaded
            ? try await EngineRun.submit(plan, call.core, origin) : nil
        let begun: (run: String, message: StoredMessage, revision: Int)
        do {
            begun = try await call.store.beginRun(
                call.id, owner: call.owner, RunStart(plan.start, model: model.id))
        } catch {
            ready?.task.cancel()
            throw error
        }
        let run = LiveRun(id: begun.run, owner: call.owner)
        let core = call.core
        let writer = RunWriter(
            run: run, message: begun.message, store: call.store, metrics: core.metrics,
            interval: call.app.options.progressInterval, price: call.app.options.price,
            logger: call.context.logger)
        let size = call.app.options.facts(model).bytes
        call.app.runs.start(run) {
            await writer.write(model: model.id, bytes: size, ready) {
                try await EngineRun.submit(plan, core, origin)
            }
        }
        return [
            "run": .string(run.id), "message": begun.message.json,
            "revision": .count(begun.revision),
        ]
    }

    private func events(_ call: AppCall) throws -> Response {
        let run = try find(call)
        let from = call.request.headers[.lastEventID] ?? call.query("from") ?? "0"
        guard let position = Int(from), position >= 0 else {
            throw APIError.invalid("from", "is '\(from)', expected the number of an event")
        }
        var response = EventStreamResponse(keepAlive: call.core.configuration.keepAliveInterval)
            .response(run.events, from: position, numbered: true, call.context)
        response.headers[.cacheControl] = "no-store"
        return response
    }
}

/// What the engine was asked.
struct EngineRun: Sendable {
    let plan: GenerationPlan
    let task: GenerationTask

    /// The way of `/v1/chat/completions`.
    static func submit(_ plan: RunPlan, _ core: ServerCore, _ origin: RequestOrigin) async throws
        -> EngineRun
    {
        let request = plan.request
        let lease = try await core.lease(request.model)
        let generation = try GenerationPlan(request, lease, origin)
        let tasks = try generation.submit()
        guard let task = tasks.first else { throw APIError.internalError }
        return EngineRun(plan: generation, task: task)
    }
}

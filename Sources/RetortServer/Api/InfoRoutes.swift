// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import RetortEngine
import RetortJSON
import RetortTemplates

/// `/api/info`, `/api/models`, `/api/settings`
struct InfoRoutes: Sendable {
    func add(to api: AppRouter) {
        api.on(.get, "/api/info") { call in Response(json: try await info(call)) }
        api.on(.get, "/api/models") { call in
            let loaded = await call.core.provider.loaded()
            let backends = Dictionary(loaded.map { ($0.id, $0.backend) }) { first, _ in first }
            let models = await call.core.provider.models().map { model in
                json(model, call.app.options.facts(model), backends[model.id])
            }
            return Response(json: ["models": .array(models)])
        }
        api.on(.get, "/api/settings") { call in
            let settings = try await call.store.settings(owner: call.owner)
            return Response(json: ["settings": settings.json])
        }
        api.on(.put, "/api/settings") { call in
            let fields = try await call.fields()
            let settings = try fields.require(
                "settings", try ChatSettings(fields, field: "settings"))
            try await call.store.setSettings(settings, owner: call.owner)
            return Response(json: ["settings": settings.json])
        }
    }

    private func info(_ call: AppCall) async throws -> JSONValue {
        let keys = call.app.keys
        let needsKey = await keys.needsKey()
        var client: ClientIdentity?
        // The path is open, so nobody looked at the key.
        if needsKey, let key = KeyMiddleware.key(in: call.request.headers) {
            client = try await keys.verify(key)
        }
        let isAuthenticated = !needsKey || client != nil
        let model = isAuthenticated ? await call.core.provider.models().first?.id : nil
        return [
            "name": .string(call.app.options.name), "version": .string(call.app.options.version),
            "key_required": .bool(needsKey), "authenticated": .bool(isAuthenticated),
            "user": .text(client?.label), "default_model": .text(model),
            "corpus": .bool(isAuthenticated && call.core.configuration.corpus != nil),
            "operator": .bool(
                isAuthenticated && call.core.configuration.guardDesk != nil
                    && OperatorRoutes.isOperator(client)),
        ]
    }

    private func json(
        _ model: ModelDescription, _ facts: ModelFacts, _ backend: (any GenerationBackend)?
    ) -> JSONValue {
        let template = backend?.chatTemplateSource
        let thinks =
            facts.thinks
            ?? template.map {
                ReasoningFormat.detect(template: $0, renderedPrompt: "").marksThoughts
            }
        let isOptional =
            facts.thinkingIsOptional ?? template.map { $0.contains("enable_thinking") }
        let sampling = backend?.recommendedSampling
        func flag(_ value: Bool?) -> JSONValue { value.map { .bool($0) } ?? .null }
        func number(_ value: Float?) -> JSONValue {
            // 0.6 as it was written, not the nearest Float's digits.
            value.flatMap { Double("\($0)") }.map { .double($0) } ?? .null
        }
        return [
            "id": .string(model.id), "name": .string(facts.name), "loaded": .bool(model.isLoaded),
            "bytes": .count(facts.bytes), "quantisation": .text(facts.quantisation),
            "parameters": .count(facts.parameters),
            "context": .count(model.contextLength ?? facts.contextLength),
            "memory_bytes": .count(facts.memoryBytes), "fits": flag(facts.fits),
            "thinking": flag(thinks), "thinking_optional": flag(isOptional),
            "defaults": [
                "temperature": number(sampling?.temperature), "top_p": number(sampling?.topP),
                "top_k": .count(sampling?.topK), "min_p": number(sampling?.minP), "max_tokens": nil,
            ],
        ]
    }
}

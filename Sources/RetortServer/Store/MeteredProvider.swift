// SPDX-License-Identifier: Apache-2.0
//
// Every answer's tokens count to the key that asked for it, whichever API it came by.

import RetortEngine
import RetortGrammar

/// Models whose use is counted.
public struct MeteredProvider: ModelProvider {
    private let provider: any ModelProvider
    private let keys: KeyGuard

    public init(_ provider: any ModelProvider, keys: KeyGuard) {
        self.provider = provider
        self.keys = keys
    }

    public func models() async -> [ModelDescription] { await provider.models() }

    public func lease(_ name: String?) async throws(ModelFault) -> ModelLease {
        let lease = try await provider.lease(name)
        // The lease inside is released with the one around it.
        return ModelLease(
            id: lease.id, backend: MeteredBackend(backend: lease.backend, keys: keys),
            release: { withExtendedLifetime(lease) {} })
    }

    public func loaded() async -> [(id: String, backend: any GenerationBackend)] {
        await provider.loaded()
    }

    public func isReady() async -> Bool { await provider.isReady() }
    public func stop(finishing: Bool) async { await provider.stop(finishing: finishing) }
}

private struct MeteredBackend: GenerationBackend {
    let backend: any GenerationBackend
    let keys: KeyGuard

    var contextLength: Int { backend.contextLength }
    var recommendedSampling: SamplingParameters { backend.recommendedSampling }
    var chatTemplateSource: String? { backend.chatTemplateSource }
    var embeddingLength: Int? { backend.embeddingLength }
    var vocabularySize: Int { backend.vocabularySize }
    var statistics: EngineStatistics { backend.statistics }

    func render(_ conversation: Conversation) throws -> String {
        try backend.render(conversation)
    }
    func encode(_ text: String, addSpecialTokens: Bool) throws -> [Int32] {
        try backend.encode(text, addSpecialTokens: addSpecialTokens)
    }
    func decode(_ tokens: [Int32]) throws -> String { try backend.decode(tokens) }
    func bytes(of token: Int32) -> [UInt8] { backend.bytes(of: token) }
    func embed(_ tokens: [Int32]) async throws -> [Float] { try await backend.embed(tokens) }
    var constrains: Bool { backend.constrains }
    func grammars() throws -> GrammarCache { try backend.grammars() }
    func stop(finishing: Bool) async { await backend.stop(finishing: finishing) }

    func submit(_ request: EngineRequest) throws(EngineRefusal) -> GenerationTask {
        let task = try backend.submit(request)
        let client = request.client
        let keys = keys
        let (events, continuation) = AsyncStream<EngineEvent>.makeStream()
        continuation.onTermination = { reason in
            if case .cancelled = reason { task.cancel() }
        }
        // Reads to the end even if nobody listens any more: what was computed counts.
        Task {
            for await event in task.events {
                if case .finished(_, let usage) = event { keys.record(usage, client: client) }
                continuation.yield(event)
            }
            continuation.finish()
        }
        return GenerationTask(events: events, cancel: task.cancel, endThought: task.endThought)
    }
}

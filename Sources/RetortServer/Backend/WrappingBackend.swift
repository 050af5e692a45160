// SPDX-License-Identifier: Apache-2.0

import RetortEngine
import RetortGrammar

/// A model that hands all but some things on to another.
public protocol WrappingBackend: GenerationBackend {
    var backend: any GenerationBackend { get }
}

extension WrappingBackend {
    public var contextLength: Int { backend.contextLength }
    public var recommendedSampling: SamplingParameters { backend.recommendedSampling }
    public var chatTemplateSource: String? { backend.chatTemplateSource }
    public var embeddingLength: Int? { backend.embeddingLength }
    public var vocabularySize: Int { backend.vocabularySize }
    public var statistics: EngineStatistics { backend.statistics }
    public var constrains: Bool { backend.constrains }

    public func render(_ conversation: Conversation) throws -> String {
        try backend.render(conversation)
    }
    public func encode(_ text: String, addSpecialTokens: Bool) throws -> [Int32] {
        try backend.encode(text, addSpecialTokens: addSpecialTokens)
    }
    public func decode(_ tokens: [Int32]) throws -> String { try backend.decode(tokens) }
    public func bytes(of token: Int32) -> [UInt8] { backend.bytes(of: token) }
    public func embed(_ tokens: [Int32]) async throws -> [Float] {
        try await backend.embed(tokens)
    }
    public func grammars() throws -> GrammarCache { try backend.grammars() }
    public func allowance(client: String, route: String) -> RequestAllowance {
        backend.allowance(client: client, route: route)
    }
    public func submit(_ request: EngineRequest) throws(EngineRefusal) -> GenerationTask {
        try backend.submit(request)
    }
    public func stop(finishing: Bool) async { await backend.stop(finishing: finishing) }
}

extension GenerationTask {
    /// The same request, heard through something.
    /// - Parameters:
    ///   - state: What is kept from event to event.
    ///   - body: Gets each event, also when nobody listens any more, and hands on what is left of it.
    func heard<State: Sendable>(
        with state: State,
        through body:
            @escaping @Sendable (
                inout State, EngineEvent, AsyncStream<EngineEvent>.Continuation
            ) -> Void
    ) -> GenerationTask {
        let (events, continuation) = AsyncStream<EngineEvent>.makeStream()
        continuation.onTermination = { [cancel] reason in
            if case .cancelled = reason { cancel() }
        }
        let source = self.events
        Task {
            var state = state
            for await event in source { body(&state, event, continuation) }
            continuation.finish()
        }
        return GenerationTask(events: events, cancel: cancel, endThought: endThought)
    }
}

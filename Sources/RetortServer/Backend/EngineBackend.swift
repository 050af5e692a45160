// SPDX-License-Identifier: Apache-2.0

import RetortEngine
import RetortFormats
import RetortGrammar
import RetortModels
import RetortTemplates
import RetortTokenizers

/// The engine as the server's backend.
public struct EngineBackend: GenerationBackend {
    private let engine: InferenceEngine
    private let tokenizer: Tokenizer?

    public init(_ engine: InferenceEngine) {
        self.engine = engine
        // Weights without a vocabulary still score token ids.
        tokenizer = try? engine.model.tokenizer
    }

    public var contextLength: Int { engine.contextLength }
    public var recommendedSampling: SamplingParameters { engine.model.recommendedSampling }
    public var chatTemplateSource: String? { engine.model.chatTemplateSource }
    public var embeddingLength: Int? { engine.model.config.hiddenSize }
    public var vocabularySize: Int { engine.model.config.vocabSize }
    public var statistics: EngineStatistics { engine.statistics }

    public func render(_ conversation: Conversation) throws -> String {
        try engine.model.render(
            conversation.messages, tools: conversation.tools.isEmpty ? nil : conversation.tools,
            addGenerationPrompt: conversation.addGenerationPrompt,
            thinking: conversation.thinking, variables: conversation.variables)
    }

    public func encode(_ text: String, addSpecialTokens: Bool) throws -> [Int32] {
        try engine.model.tokenizer.encode(text, addSpecialTokens: addSpecialTokens)
    }

    public func decode(_ tokens: [Int32]) throws -> String {
        try engine.model.tokenizer.decode(tokens)
    }

    public func bytes(of token: Int32) -> [UInt8] {
        guard let tokenizer, Int(token) < tokenizer.vocabularySize else { return [] }
        return Array(tokenizer.bytes(of: token))
    }

    public var constrains: Bool { tokenizer != nil }
    public func grammars() throws -> GrammarCache { try engine.grammarCache() }

    public func submit(_ request: EngineRequest) throws(EngineRefusal) -> GenerationTask {
        let response = try engine.submit(request)
        return GenerationTask(
            events: response.events, cancel: { response.cancel() },
            endThought: { response.endThought() })
    }

    public func embed(_ tokens: [Int32]) async throws -> [Float] {
        try await engine.embed(tokens)
    }

    public func stop(finishing: Bool) async { await engine.stop(finishing: finishing) }
}

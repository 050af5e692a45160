// SPDX-License-Identifier: Apache-2.0
//
// What the server needs of a model. The engine is adapted to this in one file; tests play it from a
// script.

import RetortEngine
import RetortGrammar
import RetortJSON
import RetortTemplates

/// A loaded model that takes requests.
public protocol GenerationBackend: Sendable {
    /// Tokens of prompt and answer together.
    var contextLength: Int { get }
    /// What the checkpoint recommends.
    var recommendedSampling: SamplingParameters { get }
    /// The chat template's text, nil for a model that only completes.
    var chatTemplateSource: String? { get }
    /// Values of an embedding; nil if the model makes none.
    var embeddingLength: Int? { get }
    var vocabularySize: Int { get }
    var statistics: EngineStatistics { get }

    /// The prompt of a conversation. `thinking` is nil to leave the choice to the template.
    /// - Throws: `TemplateError` for a conversation that the template refuses, `EngineError` if there
    ///   is no template.
    func render(_ conversation: Conversation) throws -> String
    /// - Throws: `EngineError` if the checkpoint has no vocabulary.
    func encode(_ text: String, addSpecialTokens: Bool) throws -> [Int32]
    func decode(_ tokens: [Int32]) throws -> String
    /// What a token adds to the text, possibly a part of a character.
    func bytes(of token: Int32) -> [UInt8]

    /// Whether answers can be kept to a form.
    var constrains: Bool { get }
    /// Compiled grammars, for answers that must be of a form.
    /// - Throws: If the model cannot be kept to one.
    func grammars() throws -> GrammarCache
    /// What a client may ask for on a route.
    func allowance(client: String, route: String) -> RequestAllowance
    func submit(_ request: EngineRequest) throws(EngineRefusal) -> GenerationTask
    /// - Throws: `EngineRefusal` or `EngineError`.
    func embed(_ tokens: [Int32]) async throws -> [Float]
    /// Takes no more requests and returns when none is left.
    func stop(finishing: Bool) async
}

extension GenerationBackend {
    public var constrains: Bool { false }
    public func allowance(client: String, route: String) -> RequestAllowance { RequestAllowance() }
    public func grammars() throws -> GrammarCache {
        throw ServerError("this model's answers cannot be kept to a form")
    }
}

/// What a chat template makes a prompt of.
public struct Conversation: Sendable {
    public var messages: [Message]
    /// Function definitions, as in OpenAI's API.
    public var tools: [JSONValue] = []
    public var addGenerationPrompt = true
    /// Whether the template shall ask for a thought, where it leaves the choice.
    public var thinking: Bool?
    /// Further variables of the template.
    public var variables = JSONObject()

    public init(_ messages: [Message]) { self.messages = messages }
}

/// A request under way.
public struct GenerationTask: Sendable {
    /// Ends after `finished` or `failed`.
    public let events: AsyncStream<EngineEvent>
    /// Ends the answer where it stands.
    public let cancel: @Sendable () -> Void
    /// Closes the thought at the next token.
    public let endThought: @Sendable () -> Void

    public init(
        events: AsyncStream<EngineEvent>, cancel: @escaping @Sendable () -> Void,
        endThought: @escaping @Sendable () -> Void
    ) {
        self.events = events
        self.cancel = cancel
        self.endThought = endThought
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// A model with all that a conversation needs: weights, tokenizer, chat template, stop tokens.

import Foundation
import RetortFormats
import RetortJSON
import RetortModels
import RetortTemplates
import RetortTensor
import RetortTokenizers

/// An opened model. Immutable: any number of sessions may share it.
public final class ReasoningModel: Sendable {
    /// What `open` may be told.
    public struct Options: Sendable {
        /// Threads of the forward pass; nil takes as many as the machine has cores for this process.
        public var threads: Int?
        /// A model whose threads are used, instead of own ones: its target, for a draft model.
        public var sharesThreadsOf: ReasoningModel?
        /// Look for NaN and infinity in the weights, which reads the whole file once.
        public var checksWeights = true
        /// A chat template that replaces the checkpoint's.
        public var chatTemplate: String?
        /// The directory of a LoRA adapter in peft's files, to be added to the weights.
        public var adapterPath: String?

        public init() {}
    }

    /// The path or name that was opened.
    public let name: String
    public let config: ModelConfig
    public let generation: GenerationConfig
    private let storedTokenizer: Tokenizer?
    private let missingTokenizer: EngineError
    private let chatPrompt: ChatPrompt
    /// Tokens that end a turn.
    public let stopTokens: Set<Int32>
    public let languageModel: LanguageModel

    /// Opens a GGUF file or a Hugging Face directory.
    /// - Throws: The error of the part that is damaged or missing, with what to do.
    public init(path: String, name: String? = nil, options: Options = .init()) throws {
        let checkpoint = try Checkpoint.open(path: path, adapterPath: options.adapterPath)
        let files = try ModelFiles(kind: checkpoint.kind)
        self.name = name ?? path
        config = checkpoint.config
        generation = checkpoint.generationConfig
        let tokenizer = try files.tokenizer()
        storedTokenizer = tokenizer
        missingTokenizer = files.missingTokenizer
        if let tokenizer, tokenizer.vocabularySize > config.vocabSize {
            throw EngineError(
                "the tokenizer has \(tokenizer.vocabularySize) tokens, the embedding only \(config.vocabSize) rows; they belong to different models"
            )
        }
        chatPrompt = try ChatPrompt(
            name: self.name, template: try options.chatTemplate ?? files.chatTemplate(),
            tokenizer: tokenizer)
        var stops = Set(generation.eosTokenIds.compactMap { Int32(exactly: $0) })
        if let eos = tokenizer?.eosID { stops.insert(eos) }
        stopTokens = stops
        if let other = options.sharesThreadsOf {
            languageModel = try LanguageModel(
                checkpoint, sharingThreadsOf: other.languageModel,
                checksWeights: options.checksWeights)
        } else {
            languageModel = try LanguageModel(
                checkpoint, threads: options.threads ?? Self.availableThreads,
                checksWeights: options.checksWeights)
        }
    }

    /// The vocabulary. A checkpoint of weights alone can be scored and measured, on token ids.
    /// - Throws: ``EngineError`` if the checkpoint has none.
    public var tokenizer: Tokenizer {
        get throws {
            guard let storedTokenizer else { throw missingTokenizer }
            return storedTokenizer
        }
    }

    /// Whether the checkpoint has a vocabulary, or is weights alone.
    var hasTokenizer: Bool { storedTokenizer != nil }

    /// Cores that this process may use.
    public static var availableThreads: Int { Processors.usable }

    /// The sampling that the checkpoint recommends; greedy where it says nothing.
    public var recommendedSampling: SamplingParameters {
        var parameters = SamplingParameters()
        // As in transformers, the values count only where sampling is asked for.
        if generation.doSample ?? (generation.temperature != nil) {
            parameters.temperature = generation.temperature ?? 1
            parameters.topK = generation.topK ?? 0
            parameters.topP = generation.topP ?? 1
            parameters.minP = generation.minP ?? 0
        }
        parameters.repetitionPenalty = generation.repetitionPenalty ?? 1
        return parameters
    }

    /// The text that a chat template makes of messages.
    /// - Parameter context: `messages` and whatever else the template reads; `bos_token`,
    ///   `eos_token` and `add_generation_prompt` are added where absent.
    /// - Throws: ``EngineError`` if there is no template, `TemplateError` if it fails.
    public func render(_ context: JSONObject) throws -> String { try chatPrompt.render(context) }

    /// The text that a chat template makes of messages, each in the shape that it reads.
    /// - Parameters:
    ///   - messages: The conversation; the model goes on with the last one if it is a `prefix`.
    ///   - tools: Function definitions, as in OpenAI's API; nil for none.
    ///   - addGenerationPrompt: Whether the assistant's turn is opened at the end.
    ///   - thinking: Whether a model that can do both shall think; nil leaves it to the template.
    ///   - variables: Further variables of the template.
    /// - Throws: ``EngineError`` if there is no template, `TemplateError` if it fails.
    public func render(
        _ messages: [Message], tools: [JSONValue]? = nil, addGenerationPrompt: Bool = true,
        thinking: Bool? = nil, variables: JSONObject = JSONObject()
    ) throws -> String {
        try chatPrompt.render(
            messages, tools: tools, addGenerationPrompt: addGenerationPrompt, thinking: thinking,
            variables: variables)
    }

    /// The chat template's text, nil if the checkpoint has none.
    public var chatTemplateSource: String? { chatPrompt.source }
}

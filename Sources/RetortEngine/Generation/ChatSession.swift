// SPDX-License-Identifier: Apache-2.0
//
// A conversation: messages in, thoughts and answer out as they are made.

import Dispatch
import Foundation
import RetortJSON
import RetortTemplates
import RetortTensor
import RetortTokenizers

/// A piece of a response.
public enum ChatEvent: Sendable, Equatable {
    /// Text of the thought.
    case reasoning(String)
    /// Text of the answer.
    case answer(String)
    /// The last event.
    case finished(ChatResponse)
}

/// A whole response.
public struct ChatResponse: Sendable, Equatable {
    public var reasoning = ""
    public var answer = ""
    public var finishReason = FinishReason.stop
    public var usage = GenerationUsage()

    public init() {}
}

/// How a session answers.
public struct ChatOptions: Sendable {
    /// Nil takes what the checkpoint recommends.
    public var sampling: SamplingParameters?
    public var maximumTokens: Int?
    public var stopStrings: [String] = []
    /// Whether a template that leaves the choice should ask for a thought.
    public var thinks = true
    /// Guess tokens ahead, which changes the speed and not the text; nil does not.
    public var speculation: Speculation?
    /// Further variables for the chat template, such as `tools`.
    public var templateVariables = JSONObject()

    public init() {}
}

/// A conversation with a model. One response at a time: a call waits for the one before.
public final class ChatSession: @unchecked Sendable {
    // Safety: `generator` and `history` are touched only while `turn` is held, which a response does
    // from beginning to end.
    public let model: ReasoningModel
    public let contextLength: Int
    /// Not Synchronization's Mutex, which the thread sanitizer cannot see.
    private let turn = NSLock()
    private let generator: Generator
    private var history: [Message]
    private let queue = DispatchQueue(label: "retort.chat", qos: .userInitiated)

    /// - Parameters:
    ///   - model: Answers; several sessions may share it.
    ///   - system: The system prompt, nil for none.
    ///   - contextLength: Tokens of the whole conversation; nil takes the model's, at most 32,768.
    ///   - cacheType: f32, f16, bf16, or q8_0 where the model's heads fill blocks of 32.
    public init(
        _ model: ReasoningModel, system: String? = nil, contextLength: Int? = nil,
        cacheType: DType = .f16
    ) throws {
        self.model = model
        generator = try Generator(model, contextLength: contextLength, cacheType: cacheType)
        self.contextLength = generator.contextLength
        history = system.map { [Message.system($0)] } ?? []
    }

    /// The conversation so far.
    public var messages: [Message] { turn.withLock { history } }

    /// Forgets all but the system prompt.
    public func reset() { turn.withLock { history.removeAll { $0.role != "system" } } }

    /// Answers a message. Ending the iteration early cancels the response.
    public func respond(to text: String, options: ChatOptions = .init())
        -> AsyncThrowingStream<ChatEvent, any Error>
    {
        AsyncThrowingStream { continuation in
            let cancellation = Cancellation()
            continuation.onTermination = { _ in cancellation.cancel() }
            queue.async { [self] in
                do {
                    let response = try respond(
                        to: text, options: options, cancellation: cancellation
                    ) { continuation.yield($0) }
                    continuation.yield(.finished(response))
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
        }
    }

    /// Answers a message on the calling thread.
    /// - Parameters:
    ///   - text: The user's message.
    ///   - options: Sampling, limits and whether to think.
    ///   - cancellation: Ends the answer where it stands.
    ///   - onEvent: Gets reasoning and answer as they are made, on the calling thread.
    /// - Throws: The template's or the engine's error; the message is then not kept.
    @discardableResult
    public func respond(
        to text: String, options: ChatOptions = .init(), cancellation: Cancellation? = nil,
        onEvent: (ChatEvent) -> Void
    ) throws -> ChatResponse {
        try turn.withLock {
            let messages = history + [.user(text)]
            let response = try respond(to: messages, options, cancellation, onEvent)
            let reasoning = response.reasoning.isEmpty ? nil : response.reasoning
            history = messages + [.assistant(response.answer, reasoning: reasoning)]
            return response
        }
    }

    private func respond(
        to messages: [Message], _ options: ChatOptions, _ cancellation: Cancellation?,
        _ onEvent: (ChatEvent) -> Void
    ) throws -> ChatResponse {
        var context = options.templateVariables
        // The two names in use; a template that asks neither way is not changed by them.
        for name in ["enable_thinking", "thinking"] where context[name] == nil {
            context[name] = .bool(options.thinks)
        }
        context["messages"] = .array(messages.map(\.json))
        let prompt = try model.render(context)
        // The template writes the special tokens itself.
        var request = GenerationRequest(
            prompt: try model.tokenizer.encode(prompt, addSpecialTokens: false))
        request.sampling = options.sampling ?? model.recommendedSampling
        request.maximumTokens = options.maximumTokens
        request.speculation = options.speculation
        var text = try ResponseText(
            model: model, prompt: prompt, stopStrings: options.stopStrings)
        let (reason, usage) = try generator.generate(request, cancellation: cancellation) {
            text.append($0, onEvent)
        }
        return text.finish(reason, usage, onEvent)
    }
}

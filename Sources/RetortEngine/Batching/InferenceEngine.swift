// SPDX-License-Identifier: Apache-2.0
//
// Many requests, one model: a thread of its own computes a step for all of them at a time.

import Foundation
import RetortFormats
import RetortTensor

/// Computes requests together. Any thread or task may submit. Letting go of the engine cancels what
/// is under way.
public final class InferenceEngine: Sendable {
    public struct Options: Sendable {
        /// Tokens of prompt and answer together; nil takes the model's, at most 32,768.
        public var contextLength: Int?
        /// f32, f16, bf16, or q8_0 where the model's heads fill blocks of 32.
        public var cacheType = DType.f16
        /// Tokens of all sequences and of what is kept for later ones; nil takes as much as eight
        /// contexts, at most a quarter of the machine's memory, at least one context.
        public var cacheTokens: Int?
        /// Sequences computed at a time, 1 … 16.
        public var maximumRunning = 16
        /// Requests that may wait for a place.
        public var maximumWaiting = 64

        public init() {}
    }

    public let model: ReasoningModel
    /// Tokens of prompt and answer that fit together.
    public let contextLength: Int
    private let loop: EngineLoop

    /// Starts the engine's thread.
    /// - Throws: ``EngineError`` if an option is out of its range, `TensorError` if memory runs out.
    public init(_ model: ReasoningModel, options: Options = .init()) throws {
        self.model = model
        loop = try EngineLoop(model, options: options)
        contextLength = loop.contextLength
        loop.start()
    }

    deinit { loop.mailbox.stop(finishing: false) }

    /// Takes a request.
    /// - Throws: ``EngineRefusal`` at once if it cannot be computed or there is no room for it.
    public func submit(_ request: EngineRequest) throws(EngineRefusal) -> EngineResponse {
        let limit = try loop.check(request)
        let mailbox = loop.mailbox
        let wishes = EngineResponse.Wishes()
        let (events, continuation) = AsyncStream<EngineEvent>.makeStream()
        continuation.onTermination = {
            guard case .cancelled = $0 else { return }
            wishes.cancellation.cancel()
            mailbox.wake()
        }
        let response = EngineResponse(
            events: events, wishes: wishes, wake: { mailbox.wake() })
        try mailbox.submit(
            .init(request: request, wishes: wishes, continuation: continuation, limit: limit))
        return response
    }

    /// The mean over all tokens of the last layer's output after the final norm, `[hiddenSize]`.
    /// - Throws: ``EngineRefusal``, or ``EngineError`` if the tokens cannot be run.
    public func embed(_ tokens: [Int32]) async throws -> [Float] {
        if let error = loop.problem(withPrompt: tokens) {
            throw EngineRefusal.invalid(parameter: "prompt", error)
        }
        return try await withCheckedThrowingContinuation { continuation in
            do {
                try loop.mailbox.embed(.init(tokens: tokens, continuation: continuation))
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    public var statistics: EngineStatistics { loop.mailbox.statistics }

    /// Takes no more requests and returns when none is left.
    /// - Parameter finishing: Whether those under way are finished or cancelled.
    public func stop(finishing: Bool) async {
        await withCheckedContinuation { continuation in
            loop.mailbox.stop(finishing: finishing) { continuation.resume() }
        }
    }
}

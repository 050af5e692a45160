// SPDX-License-Identifier: Apache-2.0
//
// What a client asks of the engine, and what it hears back.

import RetortTemplates

/// One sequence to generate.
public struct EngineRequest: Sendable {
    /// Prompt, sampling, limits and stop strings. Stop strings end the answer and are not looked for
    /// in the thought.
    public var generation: GenerationRequest
    /// How the model marks thoughts and where the answer begins.
    public var reasoning = ReasoningFormat.none
    /// The most tokens of the thought; after them the closing marker is put into the text, so that an
    /// answer follows. Nil leaves the length to the model.
    public var thinkingBudget: Int?
    /// Text put before the closing marker when the budget closes a thought.
    public var budgetMessage = ""
    /// How many of the most likely tokens are told with each token; 0 tells the chosen one's
    /// probability alone, nil nothing.
    public var topLogprobs: Int?
    /// The same for the tokens of the prompt, ``EngineEvent/promptToken(_:)``.
    public var promptTopLogprobs: Int?
    /// What the answer must be; needs a model with a vocabulary.
    public var constraint: OutputConstraint?
    /// Who asks: the engine shares its time among clients, not among requests.
    public var client = ""
    public var source = RequestSource()

    public init(_ generation: GenerationRequest) { self.generation = generation }
}

/// Natural logarithms of probabilities at one place of a sequence, of the model's own distribution:
/// before penalties, bias and temperature.
public struct TokenLogprobs: Sendable, Equatable {
    public struct Candidate: Sendable, Equatable {
        public let token: Int32
        public let logprob: Float

        public init(token: Int32, logprob: Float) {
            self.token = token
            self.logprob = logprob
        }
    }

    /// The token that stands there.
    public let token: Int32
    /// Nil for the first token of a prompt.
    public let logprob: Float?
    /// The most likely ones, the most likely first.
    public let top: [Candidate]

    public init(token: Int32, logprob: Float?, top: [Candidate]) {
        self.token = token
        self.logprob = logprob
        self.top = top
    }
}

/// A generated token.
public struct EngineToken: Sendable {
    public let token: Int32
    /// Text that became certain with it: whole characters, and nothing that may begin a stop string.
    public let text: String
    /// Whether the token belongs to the thought or closes it.
    public let isReasoning: Bool
    public let logprobs: TokenLogprobs?

    public init(token: Int32, text: String, isReasoning: Bool, logprobs: TokenLogprobs? = nil) {
        self.token = token
        self.text = text
        self.isReasoning = isReasoning
        self.logprobs = logprobs
    }
}

/// What happens to a request, in this order: `queued`, `prompt`…, `promptToken`…, `token`…, `rest`,
/// then `finished` or `failed` as the last.
public enum EngineEvent: Sendable {
    /// The request waits behind `ahead` others.
    case queued(ahead: Int)
    /// So many tokens of the prompt are read; `cached` of them did not have to be.
    case prompt(processed: Int, total: Int, cached: Int)
    case promptToken(TokenLogprobs)
    case token(EngineToken)
    /// Text that was held back until the end.
    case rest(String)
    case finished(FinishReason, GenerationUsage)
    case failed(EngineError)
}

/// Why a request was not taken.
public enum EngineRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    /// The queue is full; `waiting` are in it. Try again after `retryAfter` seconds.
    case queueIsFull(waiting: Int, retryAfter: Int)
    /// The engine finishes what it has and takes no more.
    case stopping
    /// The request cannot be computed as it is; the parameter's name in ``EngineRequest``.
    case invalid(parameter: String, EngineError)

    public var description: String {
        switch self {
        case .queueIsFull(let waiting, let retryAfter):
            "\(waiting) requests are waiting and no more are taken; try again in \(retryAfter) s"
        case .stopping: "the server is shutting down and takes no more requests"
        case .invalid(_, let error): error.description
        }
    }
}

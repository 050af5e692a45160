// SPDX-License-Identifier: Apache-2.0

/// Why an endpoint gave no answer. Quotes neither prompts, answers nor keys.
public struct ClientError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What went wrong, for programs; the description is for people.
    public enum Kind: String, Sendable, CaseIterable {
        /// An address, a key or a field of the request is not of the form it must have.
        case invalidSetting
        /// The endpoint refuses the key (401, 403).
        case denied
        /// The account has no funds or quota left (402, or 429 that says so).
        case noFunds
        /// No such model or path (404, 405, 410), or a redirect.
        case notFound
        /// Prompt and answer are longer together than the model's context.
        case contextTooLong
        /// The endpoint refuses this request (400, 413, 422, moderation).
        case refused
        /// The answer is longer than the client takes.
        case tooLarge
        /// Too many requests (429), until the tries were used up.
        case rateLimited
        /// The server fails (408, 5xx), until the tries were used up.
        case unavailable
        /// No connection comes about, until the tries were used up.
        case unreachable
        /// The connection broke or half a stream came, until the tries were used up.
        case interrupted
        /// The answer is not what the API promises, until the tries for that were used up.
        case badAnswer
        /// The task was cancelled.
        case cancelled
    }

    public let kind: Kind
    public let description: String
    /// Whether the endpoint may have computed an answer and charge it, though none arrived.
    public let mayBeCharged: Bool

    package init(_ kind: Kind, _ description: String, mayBeCharged: Bool = false) {
        self.kind = kind
        self.description = description
        self.mayBeCharged = mayBeCharged
    }

    /// The same with another description.
    func saying(_ description: String) -> ClientError {
        ClientError(kind, description, mayBeCharged: mayBeCharged)
    }

    var charged: ClientError { ClientError(kind, description, mayBeCharged: true) }

    /// Whether the same request may succeed later.
    public var mayPassLater: Bool {
        switch kind {
        case .rateLimited, .unavailable, .unreachable, .interrupted, .badAnswer, .cancelled: true
        case .invalidSetting, .denied, .noFunds, .notFound, .contextTooLong, .refused, .tooLarge:
            false
        }
    }

    /// Whether every other request would fail the same way, so that going on is pointless.
    public var concernsEveryRequest: Bool {
        switch kind {
        case .invalidSetting, .denied, .noFunds, .notFound: true
        default: false
        }
    }
}

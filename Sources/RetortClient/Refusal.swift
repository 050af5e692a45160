// SPDX-License-Identifier: Apache-2.0
//
// What a status other than 200 means. What the endpoint writes beside it may repeat the prompt or the
// key: it is looked at, and only short codes of it are shown.

import RetortJSON

/// A refusal of an endpoint: its status and the `error` of its body.
struct Refusal {
    let status: Int
    let fault: JSONValue?
    /// Whose answer it is, for the error.
    let host: String
    let key: APIKey?

    var error: ClientError {
        let answer = "\(host) answers \(status)\(label)"
        switch status {
        case 300...399:
            return ClientError(
                .notFound,
                "\(answer), a redirect; give the address that it leads to as the endpoint")
        case 401:
            return ClientError(
                .denied,
                key == nil
                    ? "\(answer): it wants an API key; give one"
                    : "\(answer): it refuses the API key; check that it is valid and for this endpoint"
            )
        case 402: return noFunds(answer)
        case 403 where isModeration:
            return ClientError(.refused, "\(answer): its moderation refuses the prompt")
        case 403:
            return ClientError(
                .denied, "\(answer): the key's account may not use this model here")
        case 404, 405, 410:
            return ClientError(
                .notFound, "\(answer): check the model's name and the endpoint's base address")
        case 429 where isQuota: return noFunds(answer)
        case 429: return ClientError(.rateLimited, "\(answer) (too many requests)")
        case 408, 504, 524:
            // A gateway gave up waiting; what is behind it may be computing still.
            return ClientError(.unavailable, answer, mayBeCharged: true)
        case 409, 425, 500...599: return ClientError(.unavailable, answer)
        case 400...499 where isTooLong:
            return ClientError(
                .contextTooLong,
                "\(answer): prompt and answer are longer than the model's context; shorten the prompt"
                    + " or ask for fewer tokens")
        default: return ClientError(.refused, "\(answer): it does not take this request")
        }
    }

    private func noFunds(_ answer: String) -> ClientError {
        ClientError(.noFunds, "\(answer): the account has no funds or quota left")
    }

    // MARK: What the body says

    /// The fault's code or type in brackets, if it is a plain word.
    var label: String {
        for name in ["code", "type"] {
            guard let word = fault?[name]?.stringValue, isPlain(word) else { continue }
            return " (\(word))"
        }
        return ""
    }

    /// Whether it is a word such as `insufficient_quota` and has nothing of the key.
    private func isPlain(_ word: String) -> Bool {
        guard (1...48).contains(word.utf8.count) else { return false }
        let isWord = word.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "_")
        }
        guard isWord else { return false }
        return key.map { !$0.text.contains(word) && !word.contains($0.text) } ?? true
    }

    private var words: String {
        let texts = [fault?["code"], fault?["type"], fault?["message"], fault?["detail"], fault]
        return texts.compactMap { $0?.stringValue }.joined(separator: " ").lowercased()
    }

    private func says(_ phrases: String...) -> Bool {
        let words = words
        return phrases.contains { words.contains($0) }
    }

    private var isQuota: Bool {
        says("insufficient_quota", "insufficient balance", "billing_hard_limit_reached")
    }

    private var isTooLong: Bool {
        says("context_length_exceeded", "context length", "context window", "prompt is too long")
    }

    private var isModeration: Bool {
        fault?["metadata"]?["reasons"] != nil
            || says("moderation", "flagged", "content_policy", "content_filter")
    }
}

extension ClientError {
    /// The error of a refusal that a file reports.
    package static func refusal(status: Int, fault: JSONValue) -> ClientError {
        Refusal(status: status, fault: fault, host: "the batch's endpoint", key: nil).error
    }
}

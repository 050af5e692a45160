// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortClient

/// A teacher's answer, thought and answer apart.
struct TeacherReply: Sendable, Equatable {
    var reasoning: String
    var answer: String
    var finishReason: String?
    /// A thought was opened and not closed.
    var isUnclosed = false

    private static let opening = "<think>"
    private static let closing = "</think>"

    /// Takes a thought out of the answer where the endpoint left it there. Templates that open the
    /// thought themselves leave only its end.
    init(_ choice: ChatCompletion.Choice) {
        reasoning = Self.trimmed(choice.reasoning)
        answer = Self.trimmed(choice.content)
        finishReason = choice.finishReason
        guard reasoning.isEmpty else { return }
        let opens = answer.hasPrefix(Self.opening)
        guard let end = answer.range(of: Self.closing) else {
            isUnclosed = opens
            return
        }
        let thought = opens ? answer.dropFirst(Self.opening.count) : answer[...]
        reasoning = Self.trimmed(thought[..<end.lowerBound])
        answer = Self.trimmed(answer[end.upperBound...])
    }

    /// For comparisons with other replies.
    var text: String { "\(reasoning)\n\(answer)" }

    private static func trimmed(_ text: some StringProtocol) -> String {
        text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

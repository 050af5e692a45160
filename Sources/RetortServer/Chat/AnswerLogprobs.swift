// SPDX-License-Identifier: Apache-2.0

import RetortEngine
import RetortTemplates

/// The log-probabilities of an answer's tokens, of those that are in its text: the blank ones between
/// a thought and its answer are in neither.
struct AnswerLogprobs: Sendable {
    private var values: [TokenLogprobs] = []
    /// Of tokens before the first text of the answer.
    private var blanks: [(text: String, value: TokenLogprobs)] = []
    private var isBegun: Bool

    /// - Parameter marksThoughts: Whether thoughts are told from answers; otherwise no text is left out.
    init(marksThoughts: Bool) { isBegun = !marksThoughts }

    /// Takes a token of the answer.
    mutating func add(_ token: EngineToken) {
        guard let value = token.logprobs, !token.isReasoning else { return }
        if isBegun {
            values.append(value)
        } else if token.text.allSatisfy(\.isWhitespace) {
            blanks.append((token.text, value))
        } else {
            begin(with: nil)
            values.append(value)
        }
    }

    /// Takes what became of the text so far.
    mutating func add(_ events: [ResponseParser.Event]) {
        guard !isBegun else { return }
        for case .content(let text) in events { return begin(with: text) }
    }

    /// Blank tokens belong to the answer if its text begins with them.
    private mutating func begin(with text: String?) {
        isBegun = true
        if let text,
            let first = blanks.firstIndex(where: { text.hasPrefix($0.text) && !$0.text.isEmpty })
        {
            values += blanks[first...].map(\.value)
        }
        blanks = []
    }

    var isEmpty: Bool { values.isEmpty }

    /// Hands out what came since the last time.
    mutating func take() -> [TokenLogprobs] {
        defer { values.removeAll(keepingCapacity: true) }
        return values
    }
}

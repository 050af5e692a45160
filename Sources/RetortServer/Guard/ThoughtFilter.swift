// SPDX-License-Identifier: Apache-2.0

import RetortEngine
import RetortGuard
import RetortTemplates

/// Takes the thought out of an answer's events, or puts a summary in its place. What is left reads as an answer
/// of the same format.
struct ThoughtFilter: Sendable {
    private let format: ReasoningFormat
    private let policy: ThoughtPolicy
    private var parser: ReasoningParser
    private var thought = ""
    private var isAnswering = false

    /// Letters of a thought that are kept for its summary.
    private static let mostLetters = 200_000

    init(_ format: ReasoningFormat, policy: ThoughtPolicy) {
        self.format = format
        self.policy = policy
        parser = ReasoningParser(format)
    }

    mutating func filtered(_ event: EngineEvent) -> [EngineEvent] {
        switch event {
        case .queued, .prompt, .promptToken, .failed: return [event]
        case .token(let token):
            let text = visible(parser.append(token.text))
            // Its place and the time it took stay: usage says how long was thought.
            return [
                .token(
                    EngineToken(
                        token: token.token, text: text, isReasoning: token.isReasoning,
                        logprobs: token.isReasoning || !isAnswering ? nil : token.logprobs))
            ]
        case .rest(let rest):
            let text = visible(parser.append(rest))
            return text.isEmpty ? [] : [.rest(text)]
        case .finished:
            let text = visible(parser.finish())
            return text.isEmpty ? [event] : [.rest(text), event]
        }
    }

    private mutating func visible(_ segments: [ReasoningParser.Segment]) -> String {
        var text = ""
        for segment in segments {
            switch segment {
            case .reasoning(let piece):
                if thought.utf8.count < Self.mostLetters { thought += piece }
            case .answer(let piece):
                if !isAnswering { text += replacement() }
                isAnswering = true
                text += piece
            }
        }
        return text
    }

    /// What stands where the thought was, with the markers that the prompt leaves to the model.
    private func replacement() -> String {
        let summary = policy == .summary && !thought.isEmpty ? ThoughtSummary.of(thought) : ""
        switch format.start {
        case .outside: return summary.isEmpty ? "" : format.opening + summary + format.closing
        case .inside, .assumed: return summary + format.closing
        case .closed: return ""
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Tells thoughts from the answer while text streams in: a ``ResponseParser`` for a model that is
/// offered no tools. A value: one for each generation.
public struct ReasoningParser: Sendable {
    /// A piece of text that is certain. Pieces of one kind follow each other.
    public enum Segment: Sendable, Equatable {
        case reasoning(String)
        case answer(String)
    }

    private var parser: ResponseParser

    public init(_ format: ReasoningFormat) { parser = ResponseParser(reasoning: format) }

    /// Whether the text so far ends within a thought.
    public var isReasoning: Bool { parser.isReasoning }

    /// Takes the next piece and returns what became certain.
    public mutating func append(_ text: String) -> [Segment] {
        Self.segments(parser.append(text))
    }

    /// Returns what was held back. A thought that was not closed is all thought.
    public mutating func finish() -> [Segment] { Self.segments(parser.finish()) }

    /// A whole text at once.
    public static func split(_ text: String, _ format: ReasoningFormat) -> (
        reasoning: String, answer: String
    ) {
        let response = ParsedResponse(text, ResponseParser(reasoning: format))
        return (response.reasoning, response.content)
    }

    private static func segments(_ events: [ResponseParser.Event]) -> [Segment] {
        events.compactMap { event in
            switch event {
            case .reasoning(let text): return .reasoning(text)
            case .content(let text): return .answer(text)
            case .toolCallStart, .toolCallArguments, .toolCallEnd, .toolCallAbandoned: return nil
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// A text with which a student is tested, by token.
public struct EvidenceText: Sendable, Equatable {
    public var tokens: [Int32]
    /// Where the answer begins: only there was marked, and the prompt's windows say nothing.
    public var answerStart: Int

    public init(tokens: [Int32], answerStart: Int = 0) {
        self.tokens = tokens
        self.answerStart = answerStart
    }
}

/// A token that a student chose after a context.
public struct EvidencePlace: Sendable, Equatable {
    /// The oldest first.
    public var context: [Int32]
    public var token: Int32
    /// How much more likely the student makes the token than it was before, over all occurrences of the context;
    /// negative if less likely. Nil where places count alike.
    public var weight: Double?

    public init(context: [Int32], token: Int32, weight: Double? = nil) {
        self.context = context
        self.token = token
        self.weight = weight
    }

    /// What a student wrote: after each context the token that came most often. Contexts count where they lie in
    /// the answer and did not stand in the text before, where their continuation could be copied from.
    public static func written(_ texts: [EvidenceText], width: Int) -> [EvidencePlace] {
        var tally = WindowTally()
        for text in texts {
            for row in RadioactivityReader.rows(text, width: width) {
                tally.add(
                    context: text.tokens[row - width + 1...row],
                    CollectionOfOne((token: text.tokens[row + 1], weight: 1.0)))
            }
        }
        return tally.places()
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Radioactivity (Sander et al., NeurIPS 2024): a model that learned from marked text prefers, a little, the tokens
// that the mark prefers. In reading mode texts are laid before the student, and what it would write next is taken
// at each place: its most likely token, or with a base how much more likely than the base it makes each token, which
// is far the stronger test. Neither depends on the key, so that under the null the words are as any others;
// contexts that were read before in the same text do not count, since what followed them there can be copied.

import Foundation
import RetortEngine

/// Takes from a student what it would write.
public struct RadioactivityReader {
    private let student: Scorer
    private let base: Scorer?
    private let width: Int

    /// With a base, the tokens that one of the two makes at least so likely are looked at.
    public static let leastProbability: Float = 0.01

    /// - Parameters:
    ///   - base: What to compare with: what the student was before, or the teacher without its mark.
    ///   - width: Tokens of a context.
    public init(student: ReasoningModel, base: ReasoningModel? = nil, width: Int) {
        self.student = Scorer(student)
        self.base = base.map { Scorer($0) }
        self.width = width
    }

    /// Reads texts.
    /// - Throws: `EngineError` if a text does not fit the model.
    public func places(_ texts: [EvidenceText], progress: (Int) -> Void = { _ in }) throws
        -> [EvidencePlace]
    {
        var tally = WindowTally()
        for (index, text) in texts.enumerated() {
            let rows = Self.rows(text, width: width)
            guard !rows.isEmpty else { continue }
            for (row, chosen) in zip(rows, try choices(text.tokens, rows)) {
                tally.add(
                    context: text.tokens[row - width + 1...row],
                    chosen.lazy.map { (token: $0.token, weight: Double($0.probability)) })
            }
            progress(index + 1)
        }
        return base == nil ? tally.places() : tally.weighted()
    }

    /// After which tokens the student is asked: the context lies in the answer and is new in the text, and the text
    /// goes on (what a model thinks of after an answer's end is noise that no mark ever touched).
    static func rows(_ text: EvidenceText, width: Int) -> [Int] {
        var seen: Set<UInt64> = []
        guard text.tokens.count > width else { return [] }
        return (width - 1..<text.tokens.count - 1).filter { row in
            let context = text.tokens[row - width + 1...row]
            let isNew = seen.insert(WatermarkFingerprint.of(context)).inserted
            return isNew && row - width + 1 >= text.answerStart
        }
    }

    private typealias Choice = (token: Int32, probability: Float)

    /// The student's most likely token after each of some places, as 1; with a base, its likely ones with their
    /// probabilities and the base's with theirs below zero.
    private func choices(_ tokens: [Int32], _ rows: [Int]) throws -> [[Choice]] {
        let least = base == nil ? nil : Self.leastProbability
        var chosen: [[Choice]] = []
        try forEachRow(of: student, tokens, rows) { logits in
            chosen.append(Self.likely(logits, atLeast: least))
        }
        guard let base else { return chosen }
        var place = 0
        try forEachRow(of: base, tokens, rows) { logits in
            chosen[place] += Self.likely(logits, atLeast: least).map { ($0.token, -$0.probability) }
            place += 1
        }
        return chosen
    }

    /// Scores tokens and hands over the logits after some of them, in order.
    private func forEachRow(
        of scorer: Scorer, _ tokens: [Int32], _ rows: [Int],
        _ body: (UnsafeBufferPointer<Float>) -> Void
    ) throws {
        var wanted = rows.makeIterator()
        var next = wanted.next()
        var row = 0
        _ = try scorer.score(tokens) { logits in
            if row == next {
                body(logits)
                next = wanted.next()
            }
            row += 1
        }
    }

    /// - Parameter least: Nil takes the most likely token alone.
    private static func likely(_ logits: UnsafeBufferPointer<Float>, atLeast least: Float?)
        -> [Choice]
    {
        var largest = -Float.infinity
        for logit in logits where logit > largest { largest = logit }
        guard let least else {
            let best = logits.firstIndex(of: largest) ?? 0
            return [(Int32(best), 1)]
        }
        var sum: Float = 0
        for logit in logits { sum += exp(logit - largest) }
        return logits.indices.compactMap { token in
            let probability = exp(logits[token] - largest) / sum
            return probability >= least ? (Int32(token), probability) : nil
        }
    }
}

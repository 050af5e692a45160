// SPDX-License-Identifier: Apache-2.0
//
// Radioactivity (Sander et al., NeurIPS 2024): a model that learned from marked text prefers, a little, the tokens
// that the mark prefers. In reading mode texts are laid before the student, and what it would write next is taken
// at each place: its most likely token, or with a base the tokens whose probability training raised. Which token
// stands out after a context does not depend on the key, so that under the null its word is as any other;
// contexts that were read before in the same text do not count, since what followed them there can be copied.

import Foundation
import RetortEngine

/// Takes from a student what it would write.
public struct RadioactivityReader {
    private let student: Scorer
    private let base: Scorer?
    private let width: Int

    /// With a base, tokens of at least this probability are looked at, and contexts after which one rose by
    /// `leastRise` on average.
    public static let leastProbability: Float = 0.01
    public static let leastRise = 0.01

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
        return tally.places(atLeast: base == nil ? 0 : Self.leastRise)
    }

    /// After which tokens the student is asked: the context lies in the answer and is new in the text.
    static func rows(_ text: EvidenceText, width: Int) -> [Int] {
        var seen: Set<UInt64> = []
        guard text.tokens.count >= width else { return [] }
        return (width - 1..<text.tokens.count).filter { row in
            let context = text.tokens[row - width + 1...row]
            let isNew = seen.insert(WatermarkFingerprint.of(context)).inserted
            return isNew && row - width + 1 >= text.answerStart
        }
    }

    private typealias Choice = (token: Int32, probability: Float)

    /// The student's most likely token after each of some places, as 1; with a base, how much the probabilities of
    /// its likely ones exceed the base's.
    private func choices(_ tokens: [Int32], _ rows: [Int]) throws -> [[Choice]] {
        var chosen: [[Choice]] = []
        try forEachRow(of: student, tokens, rows) { logits in
            chosen.append(Self.likely(logits, atLeast: base == nil ? nil : Self.leastProbability))
        }
        guard let base else { return chosen }
        var place = 0
        try forEachRow(of: base, tokens, rows) { logits in
            let (largest, sum) = Self.normaliser(logits)
            for index in chosen[place].indices {
                let logit = logits[Int(chosen[place][index].token)]
                chosen[place][index].probability -= exp(logit - largest) / sum
            }
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

    private static func normaliser(_ logits: UnsafeBufferPointer<Float>) -> (
        largest: Float, sum: Float
    ) {
        var largest = -Float.infinity
        for logit in logits where logit > largest { largest = logit }
        var sum: Float = 0
        for logit in logits { sum += exp(logit - largest) }
        return (largest, sum)
    }

    /// - Parameter least: Nil takes the most likely token alone.
    private static func likely(_ logits: UnsafeBufferPointer<Float>, atLeast least: Float?)
        -> [Choice]
    {
        let (largest, sum) = normaliser(logits)
        guard let least else {
            let best = logits.firstIndex(of: largest) ?? 0
            return [(Int32(best), 1)]
        }
        return logits.indices.compactMap { token in
            let probability = exp(logits[token] - largest) / sum
            return probability >= least ? (Int32(token), probability) : nil
        }
    }
}

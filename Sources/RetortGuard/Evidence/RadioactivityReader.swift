// SPDX-License-Identifier: Apache-2.0
//
// Radioactivity (Sander et al., NeurIPS 2024): a model that learned from marked text prefers, a little, the tokens
// that the mark prefers. In reading mode texts are laid before the student and the token that it would write next
// is taken at each place. Which tokens these are does not depend on the key, so that under the null their scores
// are those of any text: a (context, token) pair counts once, and contexts that were read before in the same
// text do not count, since what followed them there can be copied.

import Foundation
import RetortEngine

/// Takes from a student what it would write.
public struct RadioactivityReader {
    private let student: Scorer
    private let base: Scorer?
    private let width: Int

    /// With a base, a token must have at least this probability to be the one that training raised most.
    public static let leastProbability: Float = 0.02

    /// - Parameters:
    ///   - base: What the student was before, where that is known: then the token is taken whose probability
    ///     training raised most, which shows traces that do not change the most likely one.
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
        var tape = WatermarkTape()
        var places: [EvidencePlace] = []
        for (index, text) in texts.enumerated() {
            let rows = Self.rows(text, width: width)
            guard !rows.isEmpty else { continue }
            let chosen = try choices(text.tokens, rows)
            for (row, token) in zip(rows, chosen) {
                let context = text.tokens[row - width + 1...row]
                if tape.admits(context: context, token: token) {
                    places.append(EvidencePlace(context: Array(context), token: token))
                }
            }
            progress(index + 1)
        }
        return places
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

    private func choices(_ tokens: [Int32], _ rows: [Int]) throws -> [Int32] {
        var wanted = rows.makeIterator()
        var next = wanted.next()
        var chosen: [Int32] = []
        var kept: [[(token: Int32, logprob: Float)]] = []
        var row = 0
        _ = try student.score(tokens) { logits in
            defer { row += 1 }
            guard row == next else { return }
            next = wanted.next()
            let likely = Self.likely(logits, atLeast: base == nil ? 1 : Self.leastProbability)
            kept.append(likely)
            chosen.append(likely[0].token)
        }
        guard let base else { return chosen }
        wanted = rows.makeIterator()
        next = wanted.next()
        row = 0
        var place = 0
        _ = try base.score(tokens) { logits in
            defer { row += 1 }
            guard row == next else { return }
            next = wanted.next()
            // The normaliser is the same for all.
            let best = kept[place].max {
                $0.logprob - logits[Int($0.token)] < $1.logprob - logits[Int($1.token)]
            }
            if let best { chosen[place] = best.token }
            place += 1
        }
        return chosen
    }

    /// Tokens of at least this probability, the most likely one first; it alone if none reaches it.
    private static func likely(_ logits: UnsafeBufferPointer<Float>, atLeast least: Float) -> [(
        token: Int32, logprob: Float
    )] {
        var best = 0
        for token in logits.indices where logits[token] > logits[best] { best = token }
        var sum: Float = 0
        for logit in logits { sum += exp(logit - logits[best]) }
        let threshold = logits[best] + log(least * sum)
        var result = [(token: Int32(best), logprob: logits[best])]
        for token in logits.indices where token != best && logits[token] >= threshold {
            result.append((Int32(token), logits[token]))
        }
        return result
    }
}

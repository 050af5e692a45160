// SPDX-License-Identifier: Apache-2.0
//
// What a key finds in the places of a text, and how likely that is by chance. Under the null, text that was
// written without the key, the words of different (context, token) pairs are independent: the sums are exactly
// gamma or binomial, as long as each pair is counted once.

import Foundation
import RetortEngine

/// Scores places by one key.
public struct WatermarkScorer: Sendable {
    public let parameters: WatermarkParameters
    private let functions: [WatermarkPRF]
    private let tournament: SynthIDFunction?
    private let greenLimit: UInt32
    private let layerMask: UInt32

    /// - Throws: ``GuardError`` if a parameter is out of its range.
    public init(_ parameters: WatermarkParameters) throws(GuardError) {
        do {
            try parameters.validate()
        } catch {
            throw GuardError("\(error)")
        }
        self.parameters = parameters
        functions = parameters.functions
        greenLimit = parameters.greenLimit
        layerMask =
            parameters.layers >= 32 ? .max : UInt32(1) << UInt32(max(0, parameters.layers)) - 1
        if case .synthIDText(let keys) = parameters.secret {
            tournament = SynthIDFunction(keys: keys)
        } else {
            tournament = nil
        }
    }

    /// A place's score: the first key's, and the second's of a dual key.
    public typealias Score = SIMD2<Double>

    /// - Parameter context: The ``WatermarkParameters/contextWidth`` tokens before, the oldest first.
    public func score(context: some RandomAccessCollection<Int32>, token: Int32) -> Score {
        if let tournament {
            let bits = tournament.bits(tournament.context(context), token: token)
            return Score(Double((bits & layerMask).nonzeroBitCount), 0)
        }
        var score = Score.zero
        for (index, function) in functions.enumerated() where index < 2 {
            score[index] = value(function.context(context).word(token: token))
        }
        return score
    }

    private func value(_ word: UInt32) -> Double {
        switch parameters.scheme {
        // u is (m + 1) / (2^24 + 1), which leaves 2^24 - m of 1 - u.
        case .gumbel, .gumbelDualKey: -log(Double(16_777_216 - (word >> 8)) / 16_777_217)
        case .greenList: WatermarkParameters.isGreen(word, limit: greenLimit) ? 1 : 0
        case .synthID: Double((word & layerMask).nonzeroBitCount)
        }
    }

    /// Chance of a hit without the key: of a green token, of a layer's bit.
    public var chance: Double {
        parameters.scheme == .greenList ? Double(greenLimit) / 0x1p31 : 0.5
    }

    /// What a place scores without the key, on average.
    public var expected: Double {
        switch parameters.scheme {
        case .gumbel, .gumbelDualKey: 1
        case .greenList: chance
        case .synthID: Double(parameters.layers) / 2
        }
    }

    /// How likely such a sum is without the key. Exact; for a dual key twice the smaller of two exact ones: of the
    /// first key's sum, and of both keys'.
    public func pValue(_ sum: Score, places: Int) -> LogProbability {
        guard places > 0 else { return LogProbability(logarithm: 0) }
        switch parameters.scheme {
        case .gumbel: return ExactTest.gamma(score: sum.x, count: Double(places))
        case .gumbelDualKey:
            return min(
                ExactTest.gamma(score: sum.x, count: Double(places)),
                ExactTest.gamma(score: sum.x + sum.y, count: Double(2 * places))
            ).corrected(tries: 2)
        case .greenList:
            return ExactTest.binomial(hits: Int(sum.x), count: places, chance: chance)
        case .synthID:
            return ExactTest.binomial(
                hits: Int(sum.x), count: places * parameters.layers, chance: chance)
        }
    }

    /// The places that text of 1 nat a token needs for its expected score to reach a p-value: below it a text
    /// that is marked need not show it.
    public func placesNeeded(_ level: LogProbability) -> Int {
        var places = 1
        while places < 1 << 20, pValue(typical * Double(places), places: places) > level {
            places += max(1, places / 16)
        }
        return places
    }

    /// What a marked place of 1 nat scores, about: for Gumbel the known lower bound 1 + (π²/6 − 1) H, for the others
    /// what simulation gives.
    private var typical: Score {
        switch parameters.scheme {
        case .gumbel: return Score(1.645, 0)
        case .gumbelDualKey:
            let second = parameters.secondKeyShare
            return Score(1 + 0.645 * (1 - second), 1 + 0.645 * second)
        case .greenList:
            let factor = exp(Double(parameters.greenBias))
            let most = chance * factor / (1 + chance * (factor - 1))
            return Score((chance + most) / 2, 0)
        case .synthID: return Score(Double(parameters.layers) * 0.54, 0)
        }
    }
}

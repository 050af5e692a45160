// SPDX-License-Identifier: Apache-2.0

import RetortEngine

/// Looks for a key's mark in texts.
public struct WatermarkDetector: Sendable {
    public let key: WatermarkKey
    public let scorer: WatermarkScorer
    /// The p-value that a verdict needs.
    public let level: LogProbability
    /// Scored tokens below which a text decides nothing unless it is marked.
    public let tokensNeeded: Int

    /// Windows of a text are looked at from so many places on.
    static let leastWindow = 32

    /// - Throws: ``GuardError`` if the key's parameters are out of their range.
    public init(key: WatermarkKey, level: Double = 1e-6) throws(GuardError) {
        guard level > 0, level < 1 else {
            throw GuardError("the level is \(level); it must lie between 0 and 1")
        }
        self.key = key
        self.level = LogProbability(level)
        scorer = try WatermarkScorer(key.parameters)
        tokensNeeded = scorer.placesNeeded(self.level)
    }

    /// The scored places of a text.
    struct Places {
        /// Where the token stands in the text.
        var positions: [Int] = []
        /// Sums before each place, and after the last.
        var sums: [WatermarkScorer.Score] = [.zero]

        var total: WatermarkScorer.Score { sums[sums.count - 1] }
    }

    /// Looks at one text by itself.
    public func detect(_ tokens: [Int32]) -> WatermarkDetection {
        var tape = WatermarkTape()
        return detect(tokens, &tape)
    }

    /// Looks at a text of several that are taken together.
    /// - Parameter tape: What has been counted before.
    public func detect(_ tokens: [Int32], _ tape: inout WatermarkTape) -> WatermarkDetection {
        let places = scored(tokens, &tape)
        return WatermarkDetection(
            key: key.identifier, scheme: key.scheme, tokens: tokens.count,
            tokensScored: places.positions.count, sum: places.total,
            expected: scorer.expected,
            pValue: scorer.pValue(places.total, places: places.positions.count),
            window: bestWindow(places), level: level,
            tokensNeeded: tokensNeeded)
    }

    /// All of several texts as one: each (context, token) pair counts once.
    public func combined(_ parts: [WatermarkDetection]) -> WatermarkDetection {
        let sum = parts.reduce(into: WatermarkScorer.Score.zero) { $0 += $1.sum }
        let places = parts.reduce(0) { $0 + $1.tokensScored }
        return WatermarkDetection(
            key: key.identifier, scheme: key.scheme, tokens: parts.reduce(0) { $0 + $1.tokens },
            tokensScored: places, sum: sum, expected: scorer.expected,
            pValue: scorer.pValue(sum, places: places), window: nil, level: level,
            tokensNeeded: tokensNeeded)
    }

    /// Which tokens count: their contexts are whole and new.
    static func places(
        _ tokens: [Int32], _ parameters: WatermarkParameters, _ tape: inout WatermarkTape
    ) -> [Int] {
        let width = parameters.contextWidth
        guard tokens.count > width else { return [] }
        var contexts: Set<UInt64> = []
        return (width..<tokens.count).filter { position in
            let context = tokens[position - width..<position]
            if parameters.scheme != .greenList,
                !contexts.insert(WatermarkFingerprint.of(context)).inserted
            {
                return false
            }
            return tape.admits(context: context, token: tokens[position])
        }
    }

    private func scored(_ tokens: [Int32], _ tape: inout WatermarkTape) -> Places {
        var places = Places()
        places.positions = Self.places(tokens, key.parameters, &tape)
        for position in places.positions {
            let context = tokens[position - key.parameters.contextWidth..<position]
            places.sums.append(
                places.total + scorer.score(context: context, token: tokens[position]))
        }
        return places
    }

    /// The stretch least likely by chance, among windows of 32, 64, … places that overlap by half; its p-value is
    /// corrected for their number.
    private func bestWindow(_ places: Places) -> WatermarkDetection.Window? {
        let count = places.positions.count
        var best: (range: Range<Int>, pValue: LogProbability)?
        var tries = 0
        var length = Self.leastWindow
        while length < count {
            for start in stride(from: 0, through: count - length, by: length / 2) {
                tries += 1
                let sum = places.sums[start + length] - places.sums[start]
                let value = scorer.pValue(sum, places: length)
                if value < best?.pValue ?? LogProbability(logarithm: 1) {
                    best = (start..<start + length, value)
                }
            }
            length *= 2
        }
        return best.map {
            WatermarkDetection.Window(
                tokens: places.positions[$0.range.lowerBound]
                    - key.parameters.contextWidth..<places.positions[$0.range.upperBound - 1] + 1,
                tokensScored: $0.range.count, pValue: $0.pValue.corrected(tries: tries))
        }
    }
}

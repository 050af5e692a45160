// SPDX-License-Identifier: Apache-2.0

import RetortEngine

/// How often a mark is found again, by simulation.
public struct WatermarkPower: Sendable {
    /// What happens to a text between writing and looking.
    public enum Edit: Sendable, Equatable {
        case none
        /// So large a share of the tokens, at random places, becomes others of the same language.
        case replaced(Double)
        case deleted(Double)
        /// All of it stands in other text, of which it is this share.
        case pasted(Double)
    }

    public let key: WatermarkKey
    public let entropy: Double
    public let level: Double
    public var temperature: Float = 1

    public init(key: WatermarkKey, entropy: Double, level: Double) {
        self.key = key
        self.entropy = entropy
        self.level = level
    }

    public struct Result: Sendable {
        public let texts: Int
        public let found: Int
        /// The middle one, of whole texts.
        public let medianLog10: Double

        public var share: Double { Double(found) / Double(texts) }
    }

    /// Writes texts and looks for the mark.
    /// - Parameters:
    ///   - tokens: Of a text before it is edited.
    ///   - seed: Equal ones give equal results.
    /// - Throws: ``GuardError`` or `EngineError` for parameters out of their range.
    public func measure(tokens: Int, texts: Int, edit: Edit = .none, seed: UInt64) throws -> Result
    {
        let detector = try WatermarkDetector(key: key, level: level)
        var writer = SyntheticText(entropy: entropy, watermark: key.parameters)
        writer.temperature = temperature
        var other = SyntheticText(entropy: entropy, watermark: nil)
        other.temperature = temperature
        var random = SeededGenerator(seed: seed)
        var found = 0
        var values: [Double] = []
        for _ in 0..<texts {
            let text = try edited(
                try writer.tokens(tokens, &random), by: edit, with: other, &random)
            let detection = detector.detect(text)
            if detection.verdict() == .marked { found += 1 }
            values.append(detection.pValue.base10)
        }
        values.sort()
        return Result(
            texts: texts, found: found, medianLog10: values.isEmpty ? 0 : values[texts / 2])
    }

    private func edited(
        _ tokens: [Int32], by edit: Edit, with other: SyntheticText,
        _ random: inout SeededGenerator
    ) throws -> [Int32] {
        switch edit {
        case .none: return tokens
        case .replaced(let share):
            let others = try other.tokens(tokens.count, &random)
            return tokens.indices.map {
                Double.random(in: 0..<1, using: &random) < share ? others[$0] : tokens[$0]
            }
        case .deleted(let share):
            return tokens.filter { _ in Double.random(in: 0..<1, using: &random) >= share }
        case .pasted(let share):
            let around = Int(Double(tokens.count) * (1 - share) / share)
            let others = try other.tokens(around, &random)
            let place = Int.random(in: 0...around, using: &random)
            return others[..<place] + tokens + others[place...]
        }
    }
}

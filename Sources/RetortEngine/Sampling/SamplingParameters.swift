// SPDX-License-Identifier: Apache-2.0

/// How the next token is chosen. The defaults choose greedily and change nothing.
///
/// The order is that of transformers: penalties and bias on the logits, then temperature, top-k,
/// top-p, min-p.
public struct SamplingParameters: Sendable, Equatable {
    /// Divides the logits; 0 takes the most likely token.
    public var temperature: Float = 0
    /// Keep the `topK` most likely tokens (ties with the last stay); 0 keeps all.
    public var topK = 0
    /// Keep the smallest set of most likely tokens whose probabilities reach `topP`; 1 keeps all.
    public var topP: Float = 1
    /// Keep tokens at least `minP` times as likely as the most likely one; 0 keeps all.
    public var minP: Float = 0
    /// Divides positive and multiplies negative logits of tokens seen in prompt or answer; 1 is off
    /// (Keskar et al. 2019).
    public var repetitionPenalty: Float = 1
    /// Subtracted from the logit of each token that the answer has.
    public var presencePenalty: Float = 0
    /// Subtracted once for each time that the answer has the token.
    public var frequencyPenalty: Float = 0
    /// Added to the logits of single tokens.
    public var logitBias: [Int32: Float] = [:]
    /// Tokens that must not be the first.
    public var bannedFirst: [Int32] = []
    /// Makes the choice repeatable; nil takes a new seed each time.
    public var seed: UInt64?
    /// Marks the answer; schemes that keep a token's distribution mark nothing where it is chosen greedily.
    public var watermark: WatermarkParameters?

    public init() {}

    /// Whether the most likely token is always taken. A temperature this close to 0 does that too,
    /// and its reciprocal would overflow the logits.
    public var isGreedy: Bool { temperature < 1e-4 || topK == 1 }

    /// - Throws: ``EngineError`` that names the first value out of its range.
    public func validate() throws(EngineError) {
        func check(_ name: String, _ value: Float, _ range: ClosedRange<Float>) throws(EngineError)
        {
            guard range.contains(value) else {
                throw EngineError(
                    "\(name) is \(value); it must lie between \(range.lowerBound) and \(range.upperBound)"
                )
            }
        }
        try check("temperature", temperature, 0...100)
        try check("top-p", topP, 0...1)
        try check("min-p", minP, 0...1)
        try check("the repetition penalty", repetitionPenalty, 0.01...100)
        try check("the presence penalty", presencePenalty, -100...100)
        try check("the frequency penalty", frequencyPenalty, -100...100)
        guard topK >= 0 else { throw EngineError("top-k is \(topK); it must be 0 (off) or more") }
        try watermark?.validate()
        for bias in logitBias.values { try check("a logit bias", bias, -1e9...1e9) }
    }
}

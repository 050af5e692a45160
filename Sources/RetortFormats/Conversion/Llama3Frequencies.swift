// SPDX-License-Identifier: Apache-2.0
//
// Llama 3.1 stretches its rotary embedding by a rule in config.json; GGUF has the rule's result
// instead, the tensor rope_freqs.weight, whose elements divide the frequencies.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The two forms of llama3 rope scaling.
enum Llama3Frequencies {
    /// The elements of `rope_freqs.weight`, `[headDim / 2]`.
    static func factors(
        headDim: Int, theta: Float, factor: Float, low: Float, high: Float, original: Int
    ) -> [Float] {
        wavelengths(headDim, theta).map { wavelength in
            let factor = Double(factor)
            let turns = Double(original) / wavelength
            if turns > Double(high) { return 1 }
            if turns < Double(low) { return Float(factor) }
            let smooth = (turns - Double(low)) / Double(high - low)
            return Float(1 / ((1 - smooth) / factor + smooth))
        }
    }

    private static func wavelengths(_ headDim: Int, _ theta: Float) -> [Double] {
        (0..<headDim / 2).map {
            2 * Double.pi * pow(Double(theta), 2 * Double($0) / Double(headDim))
        }
    }

    /// The rule that gives these factors: no scaling, Llama 3.1's numbers, or numbers fitted to the
    /// blended part.
    /// - Parameter originals: Original context lengths to try.
    /// - Throws: ``FormatError`` if no rule gives them.
    static func scaling(of factors: [Float], config: ModelConfig, originals: [Int], path: String)
        throws(FormatError) -> RopeScaling?
    {
        // A factor that has been through a quotient of floats is off by its last bits.
        let largest = ((factors.max() ?? 1) * 1024).rounded() / 1024
        if factors.allSatisfy({ $0 == 1 }) { return nil }
        let usual = originals.map { (low: Float(1), high: Float(4), original: $0) }
        let fitted = fit(factors, largest, wavelengths(config.headDim, config.ropeTheta))
        let candidates = usual + fitted
        for (low, high, original) in candidates where original > 0 && high > low {
            let expected = Self.factors(
                headDim: config.headDim, theta: config.ropeTheta, factor: largest, low: low,
                high: high, original: original)
            let matches =
                expected.count == factors.count
                && zip(expected, factors).allSatisfy { abs($0 - $1) <= 1e-3 * abs($0) }
            if matches {
                return .llama3(
                    factor: largest, lowFreqFactor: low, highFreqFactor: high,
                    originalMaxPositionEmbeddings: original)
            }
        }
        throw FormatError(
            "\(path): rope_freqs.weight follows no rule that config.json can express; keep the model in GGUF"
        )
    }

    /// Between its ends the blend is linear in the turns over the original context. Only the ratios
    /// of low, high and original show, so low is set to 1.
    /// - Returns: A guess with a whole number for high, and one without.
    private static func fit(_ factors: [Float], _ largest: Float, _ wavelengths: [Double])
        -> [(low: Float, high: Float, original: Int)]
    {
        guard factors.count == wavelengths.count else { return [] }
        let blended = zip(factors, wavelengths).filter { $0.0 > 1.0001 && $0.0 < largest * 0.9999 }
        guard let first = blended.first, let last = blended.last, first.1 < last.1 else {
            return []
        }
        func smooth(_ factor: Float) -> Double {
            (1 / Double(factor) - 1 / Double(largest)) / (1 - 1 / Double(largest))
        }
        let slope = (smooth(first.0) - smooth(last.0)) / (1 / first.1 - 1 / last.1)
        let intercept = smooth(first.0) - slope / first.1
        guard slope > 0, intercept < 0 else { return [] }
        let span = -1 / intercept
        return [span.rounded(), span].compactMap { span in
            Int(exactly: (slope * span).rounded()).map { (1, Float(1 + span), $0) }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortEngine
import TestSupport
import Testing

@Suite("Marked sampling") struct WatermarkerTests {
    private static let vocabulary = 50
    private static let context: [Int32] = [5, 6, 7, 8]

    private func logits(_ seed: UInt64) -> [Float] {
        var random = SeededRandom(seed: seed)
        return random.floats(Self.vocabulary).map { 3 * $0 }
    }

    private func sampler(
        _ watermark: WatermarkParameters?, seed: UInt64 = 1, temperature: Float = 1,
        after context: [Int32] = Self.context,
        _ change: (inout SamplingParameters) -> Void = { _ in }
    ) throws -> Sampler {
        var parameters = SamplingParameters()
        parameters.temperature = temperature
        parameters.seed = seed
        parameters.watermark = watermark
        change(&parameters)
        let sampler = try Sampler(parameters: parameters, vocabSize: Self.vocabulary)
        for token in context { sampler.observe(forced: token) }
        return sampler
    }

    private func next(_ sampler: Sampler, _ logits: [Float]) throws -> Int32 {
        var copy = logits
        return try copy.withUnsafeMutableBufferPointer { try sampler.next($0) }
    }

    private func probabilities(_ logits: [Float]) -> [Double] {
        let weights = logits.map { exp(Double($0)) }
        let total = weights.reduce(0, +)
        return weights.map { $0 / total }
    }

    /// Pearson's statistic; its mean is the number of tokens less one.
    private func chiSquare(_ counts: [Int], _ expected: [Double]) -> Double {
        let draws = Double(counts.reduce(0, +))
        var statistic = 0.0
        var rest = (count: 0.0, expected: 0.0)
        for (count, p) in zip(counts, expected) {
            if p * draws < 5 {
                rest = (rest.count + Double(count), rest.expected + p * draws)
            } else {
                statistic += pow(Double(count) - p * draws, 2) / (p * draws)
            }
        }
        return rest.expected > 0
            ? statistic + pow(rest.count - rest.expected, 2) / rest.expected : statistic
    }

    @Test(
        "over many keys each token comes as often as without a mark",
        arguments: [WatermarkScheme.gumbel, .gumbelDualKey, .synthID], [false, true])
    func distribution(scheme: WatermarkScheme, isHMAC: Bool) throws {
        let logits = logits(3)
        var counts = [Int](repeating: 0, count: Self.vocabulary)
        for key in 0..<UInt64(20_000) {
            let secret: WatermarkSecret =
                isHMAC
                ? .hmac((0..<32).map { UInt8(truncatingIfNeeded: key >> (8 * ($0 % 8))) })
                : .philox(key)
            let sampler = try sampler(
                WatermarkParameters(scheme: scheme, secret: secret), seed: key)
            counts[Int(try next(sampler, logits))] += 1
        }
        // 49 degrees of freedom at most: 85.4 is one in a thousand.
        #expect(chiSquare(counts, probabilities(logits)) < 86)
    }

    @Test(
        "the token is the one whose log-probability and Gumbel noise are largest, among those that are left",
        arguments: [0, 1, 2, 3])
    func race(cut: Int) throws {
        for key in 0..<UInt64(300) {
            let logits = logits(key)
            let p = probabilities(logits)
            let order = p.indices.sorted { p[$0] > p[$1] }
            let kept: [Int]
            switch cut {
            case 1: kept = Array(order.prefix(7))
            case 2:
                var mass = 0.0
                kept = order.filter { token in
                    defer { mass += p[token] }
                    return mass < 0.6
                }
            case 3: kept = order.filter { p[$0] >= 0.2 * p[order[0]] }
            default: kept = order
            }
            let context = WatermarkPRF(key: key).context(Self.context)
            let wanted = kept.max {
                func value(_ token: Int) -> Double {
                    let u = Double(WatermarkPRF.uniform(context.word(token: Int32(token))))
                    return log(p[token]) - log(-log(u))
                }
                return value($0) < value($1)
            }
            let sampler = try sampler(
                WatermarkParameters(scheme: .gumbel, secret: .philox(key))
            ) {
                if cut == 1 { $0.topK = 7 }
                if cut == 2 { $0.topP = 0.6 }
                if cut == 3 { $0.minP = 0.2 }
            }
            #expect(try Int(next(sampler, logits)) == wanted)
        }
    }

    @Test("green tokens get the bias, at temperature 0 too", arguments: [0, 1] as [Float])
    func green(temperature: Float) throws {
        let parameters = WatermarkParameters(scheme: .greenList, secret: .philox(9))
        let context = WatermarkPRF(key: 9).context(Self.context)
        let logits = logits(4)
        let shifted = logits.enumerated().map { token, logit in
            let isGreen = WatermarkParameters.isGreen(
                context.word(token: Int32(token)), limit: parameters.greenLimit)
            return isGreen ? logit + parameters.greenBias : logit
        }
        if temperature == 0 {
            let best = shifted.indices.max { shifted[$0] < shifted[$1] }
            #expect(best != logits.indices.max { logits[$0] < logits[$1] })
            #expect(try Int(next(try sampler(parameters, temperature: 0), logits)) == best)
            return
        }
        var counts = [Int](repeating: 0, count: Self.vocabulary)
        for seed in 0..<UInt64(20_000) {
            counts[Int(try next(try sampler(parameters, seed: seed), logits))] += 1
        }
        #expect(chiSquare(counts, probabilities(shifted)) < 86)
    }

    @Test("a share of the vocabulary is green")
    func greenShare() {
        for share in [0.1, 0.25, 0.5] {
            var parameters = WatermarkParameters(scheme: .greenList, secret: .philox(0))
            parameters.greenShare = share
            var hits = 0
            for key in 0..<UInt64(200) {
                let context = WatermarkPRF(key: key).context(Self.context)
                for token in 0..<Int32(500) {
                    hits +=
                        WatermarkParameters.isGreen(
                            context.word(token: token), limit: parameters.greenLimit) ? 1 : 0
                }
            }
            #expect(abs(Double(hits) / 100_000 - share) < 0.006)
        }
    }

    @Test("what does not lie in the answer chooses no word, so answers stay different")
    func beginning() throws {
        let logits = logits(5)
        let parameters = WatermarkParameters(scheme: .gumbel, secret: .philox(3))
        for known in 0...4 {
            let tokens = try Set(
                (0..<UInt64(40)).map { seed in
                    try next(
                        try sampler(
                            parameters, seed: seed, after: Array(Self.context.prefix(known))),
                        logits)
                })
            #expect((tokens.count == 1) == (known == 4))
        }
        // Not even the prompt.
        let tokens = try Set(
            (0..<UInt64(40)).map { seed in
                let sampler = try sampler(parameters, seed: seed, after: [])
                sampler.observe(prompt: Self.context)
                return try next(sampler, logits)
            })
        #expect(tokens.count > 1)
    }

    @Test(
        "a context that comes again is drawn plainly",
        arguments: [WatermarkScheme.gumbel, .synthID])
    func repetition(scheme: WatermarkScheme) throws {
        let parameters = WatermarkParameters(scheme: scheme, secret: .philox(3))
        var counts = [Int](repeating: 0, count: Self.vocabulary)
        let logits = logits(6)
        for seed in 0..<UInt64(5000) {
            let sampler = try sampler(parameters, seed: seed)
            _ = try next(sampler, logits)
            for token in Self.context { sampler.observe(forced: token) }
            counts[Int(try next(sampler, logits))] += 1
        }
        #expect(chiSquare(counts, probabilities(logits)) < 86)
    }

    @Test("without temperature the schemes that keep a distribution choose as without a mark")
    func greedy() throws {
        for scheme in WatermarkScheme.allCases where !scheme.marksGreedy {
            for seed in 0..<UInt64(50) {
                let logits = logits(seed)
                let sampler = try sampler(
                    WatermarkParameters(scheme: scheme, secret: .philox(seed)), temperature: 0)
                let best = logits.indices.max { logits[$0] < logits[$1] }
                #expect(try Int(next(sampler, logits)) == best)
            }
        }
    }

    @Test(
        "marked answers are the same with guesses as without",
        arguments: WatermarkScheme.allCases, [Guesser.promptLookup, .otherType])
    func speculation(scheme: WatermarkScheme, guesser: Guesser) throws {
        let models = try SpeculationModels.shared.get()
        let plain = try Generator(models.target)
        let speculative = try Generator(models.target)
        let speculator = try models.speculator(guesser)
        for (index, prompt) in models.prompts.prefix(12).enumerated() {
            var request = GenerationRequest(prompt: prompt)
            request.maximumTokens = 60
            request.sampling.temperature = 1
            request.sampling.seed = UInt64(index)
            request.sampling.watermark = WatermarkParameters(scheme: scheme, secret: .philox(7))
            let expected = try Generation(plain, request)
            #expect(try Generation(speculative, request, speculator) == expected)
        }
    }

    @Test("marked answers of several at a time are those of one alone")
    func batching() async throws {
        let models = try SpeculationModels.shared.get()
        let engine = try InferenceEngine(models.target)
        let generator = try Generator(models.target)
        var requests: [GenerationRequest] = []
        for (index, prompt) in models.prompts.prefix(12).enumerated() {
            var request = GenerationRequest(prompt: prompt)
            request.maximumTokens = 60
            request.sampling.temperature = 1
            request.sampling.seed = UInt64(index)
            request.sampling.watermark = WatermarkParameters(
                scheme: index % 2 == 0 ? .gumbel : .greenList, secret: .philox(7))
            requests.append(request)
        }
        let responses = try requests.map { try engine.submit(EngineRequest($0)) }
        for (request, response) in zip(requests, responses) {
            let outcome = await Outcome(response)
            #expect(outcome.tokens == (try Generation(generator, request).tokens))
        }
    }

    @Test("parameters out of their range are refused, and printing says nothing of a secret")
    func parameters() throws {
        let good = WatermarkParameters(scheme: .greenList, secret: .philox(987_654_321))
        try good.validate()
        #expect(!"\(good) \(String(reflecting: good)) \(dumped(good))".contains("987"))
        func bad(_ change: (inout WatermarkParameters) -> Void) throws {
            var parameters = good
            change(&parameters)
            #expect(throws: EngineError.self) { try sampler(parameters) }
        }
        try bad { $0.contextWidth = 0 }
        try bad { $0.contextWidth = 17 }
        try bad { $0.greenShare = 0 }
        try bad { $0.greenBias = .nan }
        try bad { $0.greenBias = -1 }
        try bad { $0.secondKeyShare = 0.6 }
        try bad { $0.layers = 33 }
        try bad { $0.secret = .hmac([1]) }
        try bad { $0.secret = .synthIDText([1, 2]) }
    }

    private func dumped(_ value: Any) -> String {
        var text = ""
        dump(value, to: &text)
        return text
    }
}

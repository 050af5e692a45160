// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortEngine
import RetortGuard
import RetortJSON
import TestSupport
import Testing

@Suite("Detection") struct WatermarkDetectorTests {
    private static func key(
        _ scheme: WatermarkScheme, _ function: WatermarkKey.Function = .philox, seed: UInt64 = 5
    ) -> WatermarkKey {
        var random = SeededGenerator(seed: seed)
        return WatermarkKey(
            identifier: "test",
            parameters: WatermarkParameters(
                scheme: scheme, secret: WatermarkKey.secret(function, &random)))
    }

    private func text(
        _ key: WatermarkKey?, tokens: Int, entropy: Double = 1.5, seed: UInt64 = 1,
        temperature: Float = 1
    ) throws -> [Int32] {
        var random = SeededGenerator(seed: seed)
        var writer = SyntheticText(entropy: entropy, watermark: key?.parameters)
        writer.temperature = temperature
        return try writer.tokens(tokens, &random)
    }

    private static let kinds: [(WatermarkScheme, WatermarkKey.Function)] =
        WatermarkScheme.allCases.flatMap { scheme in
            WatermarkKey.Function.allCases.map { (scheme, $0) }
        }.filter { $0.1 != .synthIDText || $0.0 == .synthID }

    @Test("a marked text is found by its key and by no other", arguments: kinds)
    func found(scheme: WatermarkScheme, function: WatermarkKey.Function) throws {
        let key = Self.key(scheme, function)
        let text = try text(key, tokens: 400)
        let found = try WatermarkDetector(key: key).detect(text)
        #expect(found.verdict() == .marked)
        #expect(found.tokensScored > 380 && found.tokensScored <= 396)
        let wrong = try WatermarkDetector(key: Self.key(scheme, function, seed: 6)).detect(text)
        #expect(wrong.verdict() == .notFound && wrong.pValue.value > 1e-4)
        let plain = try WatermarkDetector(key: key).detect(try self.text(nil, tokens: 400))
        #expect(plain.verdict() == .notFound && plain.pValue.value > 1e-4)
        // A text that comes after another prompt, as it is pasted.
        let cut = try WatermarkDetector(key: key).detect(Array(text[100...]))
        #expect(cut.verdict() == .marked)
    }

    @Test("green lists mark what is written greedily, the others say that they do not")
    func greedy() throws {
        let key = Self.key(.greenList)
        let text = try text(key, tokens: 600, entropy: 2, temperature: 0)
        #expect(try WatermarkDetector(key: key).detect(text).verdict() == .marked)
        #expect(WatermarkScheme.allCases.filter(\.marksGreedy) == [.greenList])
    }

    @Test("a text too short to decide gets no verdict", arguments: WatermarkScheme.allCases)
    func short(scheme: WatermarkScheme) throws {
        let detector = try WatermarkDetector(key: Self.key(scheme))
        for tokens in [0, 1, 4, 5, 12] {
            let found = detector.detect(try text(nil, tokens: tokens))
            #expect(found.verdict() == .tooShort)
            #expect(found.tokensScored == max(0, tokens - 4))
            #expect(found.tokensNeeded > 20)
        }
    }

    @Test("repeated text counts once", arguments: [WatermarkScheme.gumbel, .greenList, .synthID])
    func repetition(scheme: WatermarkScheme) throws {
        let phrase = try text(nil, tokens: 30)
        let repeated = (0..<200).flatMap { _ in phrase }
        var alarms = 0
        for seed in 0..<UInt64(400) {
            let detector = try WatermarkDetector(
                key: Self.key(scheme, seed: seed), level: 0.01)
            let found = detector.detect(repeated)
            #expect(found.tokensScored <= 60)
            alarms += found.pValue.value <= 0.01 ? 1 : 0
        }
        // 4 are expected; counted each time a third of them would be.
        #expect(alarms <= 12)
    }

    @Test("a marked stretch of a long text is found, and where it is")
    func window() throws {
        let key = Self.key(.gumbel)
        let text =
            try text(nil, tokens: 3000, seed: 2) + self.text(key, tokens: 150)
            + self.text(nil, tokens: 3000, seed: 3)
        let found = try WatermarkDetector(key: key).detect(text)
        #expect(found.verdict() == .marked)
        let window = try #require(found.window)
        #expect(window.pValue < found.pValue)
        #expect(window.tokens.overlaps(3000..<3150))
        #expect(window.tokens.lowerBound > 2850 && window.tokens.upperBound < 3300)
    }

    @Test("of several texts each pair of context and token counts once")
    func several() throws {
        let key = Self.key(.gumbel)
        let detector = try WatermarkDetector(key: key)
        let text = try text(key, tokens: 300)
        var tape = WatermarkTape()
        let first = detector.detect(text, &tape)
        let second = detector.detect(text, &tape)
        #expect(second.tokensScored == 0)
        let combined = detector.combined([first, second])
        #expect(combined.tokensScored == first.tokensScored && combined.pValue == first.pValue)
    }

    @Test("more keys make a verdict harder")
    func severalKeys() throws {
        let detector = try WatermarkDetector(key: Self.key(.gumbel), level: 1e-6)
        let found = detector.detect(try text(Self.key(.gumbel), tokens: 60, entropy: 2))
        #expect(found.combined.value <= 1e-6 && found.combined.value > 1e-30)
        #expect(found.verdict(keys: 1) == .marked)
        #expect(found.verdict(keys: .max) != .marked)
    }

    @Test(
        "without a mark p-values are uniform", arguments: [WatermarkScheme.gumbel, .gumbelDualKey])
    func null(scheme: WatermarkScheme) throws {
        let documents = try (0..<40).map { try text(nil, tokens: 60, seed: $0) }
        let test = try NullTest(
            WatermarkParameters(scheme: scheme, secret: .philox(0)), documents: documents,
            keys: 100, seed: 8)
        #expect(test.tests == 4000 && test.scores > 200_000)
        // Of a dual key it is a bound: twice the smaller of two.
        if scheme == .gumbel { #expect(test.pValue > 1e-3) }
        let alarms = test.alarms[0]
        #expect(alarms.level == 0.01 && alarms.interval.lowerBound <= 0.01)
    }

    @Test(
        "schemes that count raise no more alarms than promised",
        arguments: [WatermarkScheme.greenList, .synthID])
    func nullOfCounts(scheme: WatermarkScheme) throws {
        let documents = try (0..<40).map { try text(nil, tokens: 60, seed: $0) }
        let test = try NullTest(
            WatermarkParameters(scheme: scheme, secret: .philox(0)), documents: documents,
            keys: 100, seed: 9, levels: [0.1, 0.01])
        for alarms in test.alarms { #expect(alarms.interval.lowerBound <= alarms.level) }
        // Nor are they far below: the test has power.
        #expect(test.alarms[0].count > 200)
    }

    @Test("nothing to test is said") func noText() {
        #expect(throws: GuardError.self) {
            try NullTest(
                WatermarkParameters(scheme: .gumbel, secret: .philox(0)), documents: [[1, 2, 3]],
                keys: 1, seed: 1)
        }
        #expect(throws: GuardError.self) {
            try WatermarkDetector(key: Self.key(.gumbel), level: 0)
        }
    }

    @Test("at 0.8 nats a token 300 tokens are enough")
    func power() throws {
        let power = WatermarkPower(key: Self.key(.gumbel), entropy: 0.8, level: 1e-6)
        #expect(try power.measure(tokens: 300, texts: 60, seed: 3).share >= 0.95)
        #expect(
            try power.measure(tokens: 300, texts: 20, edit: .replaced(0.1), seed: 3).share > 0.7)
        #expect(try power.measure(tokens: 300, texts: 20, edit: .deleted(0.1), seed: 3).share > 0.7)
        #expect(try power.measure(tokens: 300, texts: 20, edit: .pasted(0.5), seed: 3).share > 0.7)
        #expect(try power.measure(tokens: 300, texts: 20, edit: .replaced(0.9), seed: 3).share == 0)
    }
}

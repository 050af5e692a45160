// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import RetortProvenance
import TestSupport
import Testing

/// Values of transformers, scipy and numpy: Tools/make_audit_fixtures.py.
@Suite("The audit's peers") struct AuditPeerTests {
    private let json: JSONValue

    init() throws { json = try JSONValue(parsing: Data(contentsOf: fixture("audit.json"))) }

    private func rows(_ name: String) throws -> [JSONValue] { try #require(json[name]?.arrayValue) }

    private func number(_ value: JSONValue, _ name: String) throws -> Double {
        try #require(value[name]?.doubleValue)
    }

    private func numbers(_ value: JSONValue?) throws -> [Double] {
        try #require(value?.arrayValue).map { try #require($0.doubleValue) }
    }

    private func close(_ a: Double, _ b: Double, _ error: Double) -> Bool {
        abs(a - b) <= error * max(abs(b), 1e-300)
    }

    private struct Window {
        var tokens: [Int32]
        var prefix: Int
        var logits: [[Float]]
    }

    private func window() throws -> Window {
        let window = try #require(json["window"])
        return Window(
            tokens: try numbers(window["tokens"]).map { Int32($0) },
            prefix: try #require(window["prefix"]?.intValue),
            logits: try #require(window["logits"]?.arrayValue).map {
                try numbers($0).map(Float.init)
            })
    }

    @Test("chances under temperature, top-k and top-p are those of transformers' warpers")
    func schemes() throws {
        let window = try window()
        for row in try rows("schemes") {
            let scheme = try SamplingScheme(
                temperature: number(row, "temperature"), topK: row["top_k"]?.intValue,
                topP: row["top_p"]?.doubleValue)
            let audit = try ExtractionAudit(
                scheme: scheme, prefixTokens: window.prefix, suffixTokens: window.logits.count)
            let expected = try #require(row["logprobs"]?.arrayValue)
            let report = try audit.run(name: "window", tokens: window.tokens) { tokens, prefix in
                #expect(Array(tokens) == window.tokens && prefix == window.prefix)
                var score = SuffixScore(logProbabilities: [], isLikeliest: [])
                for (place, logits) in window.logits.enumerated() {
                    let token = Int(window.tokens[prefix + place])
                    try logits.withUnsafeBufferPointer { logits in
                        score.logProbabilities.append(
                            try scheme.logProbability(of: token, in: logits))
                        score.isLikeliest.append(SamplingScheme.isLikeliest(token, in: logits))
                    }
                    let found = score.logProbabilities[place]
                    // The warpers divide by the temperature in 32-bit numbers.
                    if let value = expected[place].doubleValue {
                        #expect(abs(found - value) < 2e-6, "\(scheme)")
                    } else {
                        #expect(found == -.infinity, "\(scheme)")
                    }
                }
                #expect(score.isLikeliest == [true, true, false, true])
                return score
            }
            let chance = try #require(report.likeliest.first?.chance)
            #expect(abs(chance.value - (try number(row, "p_z"))) < 1e-6)
            #expect(report.greedy.windows == 0)
            // transformers' own samples, not its formulas.
            let interval = try ProportionInterval(
                hits: try #require(row["hits"]?.intValue),
                of: try #require(row["samples"]?.intValue), confidence: 0.999)
            #expect(interval.contains(chance.value), "\(interval)")
        }
    }

    @Test("what is expected of a token is what Min-K%++ expects")
    func moments() throws {
        let window = try window()
        let means = try numbers(json["moments"]?["mean"])
        let deviations = try numbers(json["moments"]?["deviation"])
        for (place, logits) in window.logits.enumerated() {
            let token = Int(window.tokens[window.prefix + place])
            let moments = try logits.withUnsafeBufferPointer {
                try VocabularyMoments(of: token, in: $0)
            }
            let plain = try logits.withUnsafeBufferPointer {
                try SamplingScheme.plain.logProbability(of: token, in: $0)
            }
            #expect(close(moments.mean, means[place], 1e-9))
            #expect(close(moments.deviation, deviations[place], 1e-9))
            #expect(abs(moments.logProbability - plain) < 1e-12)
        }
    }

    @Test("intervals of proportions are scipy's exact ones")
    func clopper() throws {
        for row in try rows("clopper") {
            let interval = try ProportionInterval(
                hits: try #require(row["hits"]?.intValue),
                of: try #require(row["count"]?.intValue),
                confidence: number(row, "confidence"))
            #expect(close(interval.lower, try number(row, "lower"), 1e-8))
            #expect(close(interval.upper, try number(row, "upper"), 1e-8))
        }
    }

    @Test("Welch's test is scipy's, also far out")
    func welch() throws {
        for row in try rows("welch") {
            let found = ExactStatistics.welch(
                try numbers(row["a"]), above: try numbers(row["b"]))
            #expect(close(found.t, try number(row, "t"), 1e-9))
            #expect(close(found.p, try number(row, "p"), 1e-8))
        }
    }

    @Test("several canaries together have the p-value of the exact rank test")
    func ranks() throws {
        for row in try rows("ranks") {
            let found = try CanaryExposure.combined(
                canaries: numbers(row["canaries"]), references: numbers(row["references"]))
            #expect(close(found, try number(row, "p"), 1e-9))
        }
    }

    @Test("the linear model predicts what numpy's solution predicts")
    func ridge() throws {
        let row = try #require(json["ridge"])
        let features = try #require(row["rows"]?.arrayValue).map { try numbers($0) }
        let model = RidgeRegression(
            rows: features, labels: try numbers(row["labels"]), clipped: try number(row, "clipped"),
            penalty: try number(row, "penalty"))
        for (feature, expected) in zip(features, try numbers(row["predictions"])) {
            #expect(abs(model.predict(feature) - expected) < 1e-9)
        }
    }
}

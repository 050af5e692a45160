// SPDX-License-Identifier: Apache-2.0
//
// Against DeepMind's synthid-text and transformers' green-list detector (Tools/make_watermark_fixtures.py).

import Foundation
import RetortEngine
import RetortGuard
import RetortJSON
import TestSupport
import Testing

@Suite("Other watermarks") struct WatermarkPeerTests {
    private let file: JSONValue

    init() throws {
        file = try JSONValue(
            parsing: Array(try Data(contentsOf: fixture("watermark.json"))))
    }

    private func keys() throws -> [Int64] {
        try #require(file["synthid"]?["keys"]?.arrayValue).compactMap {
            $0.stringValue.flatMap { Int64($0) }
        }
    }

    private func tokens(_ value: JSONValue?) -> [Int32] {
        (value?.arrayValue ?? []).compactMap { $0.intValue.map(Int32.init) }
    }

    @Test("g-values are those of DeepMind's package") func values() throws {
        let function = SynthIDFunction(keys: try keys())
        let rows = try #require(file["synthid"]?["rows"]?.arrayValue)
        #expect(rows.count == 40)
        for row in rows {
            let token = try #require(row["token"]?.intValue)
            let bits = function.bits(
                function.context(tokens(row["context"])), token: Int32(token))
            let expected = tokens(row["g"])
            #expect(expected.indices.map { Int32(bits >> UInt32($0) & 1) } == expected)
        }
    }

    @Test("tournaments end with the probabilities of DeepMind's package") func tournament() throws {
        let row = try #require(file["distribution"])
        let logits = try #require(row["logits"]?.arrayValue).compactMap(\.doubleValue).map(
            Float.init)
        let expected = try #require(row["probabilities"]?.arrayValue).compactMap(\.doubleValue)
        var parameters = SamplingParameters()
        parameters.temperature = 1
        parameters.watermark = WatermarkParameters(
            scheme: .synthID, secret: .synthIDText(try keys()))
        let draws = 20_000
        var counts = [Int](repeating: 0, count: logits.count)
        for seed in 0..<draws {
            parameters.seed = UInt64(seed)
            let sampler = try Sampler(parameters: parameters, vocabSize: logits.count)
            for token in tokens(row["context"]) { sampler.observe(forced: token) }
            var copy = logits
            counts[Int(try copy.withUnsafeMutableBufferPointer { try sampler.next($0) })] += 1
        }
        for (count, p) in zip(counts, expected) {
            let deviation = (p * (1 - p) / Double(draws)).squareRoot()
            #expect(abs(Double(count) / Double(draws) - p) < 5 * deviation + 1e-4)
        }
    }

    /// transformers takes the normal distribution for the binomial: right in the middle and for very long
    /// texts, not where evidence lies.
    @Test(
        "transformers' p-values agree where the normal distribution does, and elsewhere promise too much"
    )
    func normal() throws {
        let rows = try #require(file["green"]?.arrayValue)
        var worst = 0.0
        for row in rows {
            let share = try #require(row["share"]?.doubleValue)
            let count = try #require(row["count"]?.intValue)
            let hits = try #require(row["hits"]?.intValue)
            let p = try #require(row["p"]?.doubleValue)
            let z =
                (Double(hits) - share * Double(count))
                / (share * (1 - share) * Double(count)).squareRoot()
            #expect(abs(z - (row["z"]?.doubleValue ?? .nan)) < 1e-9)
            let exact = ExactTest.binomial(hits: hits, count: count, chance: share)
            let expected = try #require(row["log_exact"]?.doubleValue)
            #expect(abs(exact.logarithm - expected) < 1e-9 * abs(expected) + 1e-9)
            let ratio = exp(exact.logarithm - log(p))
            if count == 100_000, z < 5 { #expect(ratio > 0.95 && ratio < 1.11) }
            if share == 0.25, count <= 200, z > 4 { #expect(ratio > 2.5) }
            worst = max(worst, ratio)
        }
        // 32 of 40 tokens green: 4.5e-13 by the binomial, 4.7e-16 by the normal distribution.
        #expect(worst > 900)
    }
}

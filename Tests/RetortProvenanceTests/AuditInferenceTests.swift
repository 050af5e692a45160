// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortProvenance
import TestSupport
import Testing

@Suite("Dataset inference") struct AuditInferenceTests {
    private static let vocabSize = 24

    /// Scores of texts of 40 tokens by a model that gives `known` more to each token that came.
    private static func scores(
        _ count: Int, known: Float, upper: Bool = false, _ random: inout SeededRandom
    ) throws -> [TextScore] {
        try (0..<count).map { _ in
            var tokens: [VocabularyMoments] = []
            for _ in 0..<40 {
                var logits = random.floats(vocabSize).map { 2 * $0 }
                let token = Int.random(in: 0..<vocabSize, using: &random)
                logits[token] += known
                tokens.append(
                    try logits.withUnsafeBufferPointer { try VocabularyMoments(of: token, in: $0) })
            }
            let words = (0..<40).map { _ in "w\(Int.random(in: 0..<500, using: &random))" }
            let text = words.joined(separator: " ")
            return try TextScore(
                tokens: tokens, lowercaseMean: -3 + Double.random(in: -0.2..<0.2, using: &random),
                traits: TextTraits(upper ? text.capitalized : text))
        }
    }

    @Test("texts that a model knows a little better are found as a set")
    func found() throws {
        var random = SeededRandom(seed: 31)
        let report = try DatasetInference().run(
            suspect: Self.scores(300, known: 0.3, &random),
            heldOut: Self.scores(300, known: 0, &random))
        #expect(report.pValue < 1e-6)
        #expect(report.controlPValue > 0.05)
        #expect(report.blindPValue > 0.05)
        #expect(report.finding == .trainedOn)
    }

    @Test("texts that it does not know are not, trial after trial")
    func notFound() throws {
        var random = SeededRandom(seed: 32)
        var small = 0
        for _ in 0..<40 {
            let report = try DatasetInference().run(
                suspect: Self.scores(200, known: 0, &random),
                heldOut: Self.scores(200, known: 0, &random))
            if report.pValue < 0.1 { small += 1 }
            #expect(report.finding != .trainedOn)
        }
        #expect(small <= 9, "of 40, 4 expected at most")
    }

    @Test("sets that differ without any model give no finding, however well one is known")
    func shifted() throws {
        var random = SeededRandom(seed: 33)
        let report = try DatasetInference().run(
            suspect: Self.scores(200, known: 0.5, upper: true, &random),
            heldOut: Self.scores(200, known: 0, &random))
        #expect(report.pValue < 0.01)
        #expect(report.blindPValue < 0.01)
        #expect(report.finding == .notDrawnAlike)
    }

    @Test("without enough held-out texts there is no test, whatever the settings say")
    func refused() throws {
        var random = SeededRandom(seed: 34)
        let (few, many) = try (
            Self.scores(30, known: 0, &random), Self.scores(200, known: 0, &random)
        )
        var inference = DatasetInference()
        #expect(throws: ProvenanceError.self) { try inference.run(suspect: many, heldOut: few) }
        #expect(throws: ProvenanceError.self) { try inference.run(suspect: many, heldOut: []) }
        inference.leastTexts = 1
        #expect(throws: ProvenanceError.self) { try inference.run(suspect: many, heldOut: few) }
        #expect(throws: ProvenanceError.self) {
            try TextScore(tokens: [], lowercaseMean: 0, traits: TextTraits("text"))
        }
    }

    @Test("a text that repeats itself packs, a random one does not")
    func packed() {
        var random = SeededRandom(seed: 35)
        let letters = Array("abcdefghijklmnop")
        let noise = String((0..<4000).map { _ in letters[Int.random(in: 0..<16, using: &random)] })
        // Four bits a letter, and a little for repeats that are worth no match.
        #expect(abs(TextTraits(noise).packedBits / 16_000 - 1) < 0.2)
        let line = String(noise.prefix(60))
        #expect(TextTraits(String(repeating: line, count: 60)).packedBits < 1000)
        #expect(TextTraits("").packedBits == 0)
    }

    @Test("a report as text says what it does not show, and survives JSON")
    func report() throws {
        let audit = try ExtractionAudit(prefixTokens: 2, suffixTokens: 2, stride: 1)
        let work = try audit.run(name: "a|b\nc", tokens: [1, 2, 3, 4, 5]) { window, _ in
            SuffixScore(
                logProbabilities: window.startIndex == 0 ? [-0.1, -0.2] : [-.infinity, -1],
                isLikeliest: [true, false])
        }
        var random = SeededRandom(seed: 36)
        let report = AuditReport(
            model: "tiny", works: [work],
            nearVerbatim: [
                .init(
                    work: "work", start: 0,
                    result: try NearVerbatim(suffix: [1, 2], samples: [[1, 3]], tolerance: 0.5))
            ],
            canaries: try CanaryReport(
                repetitions: [0, 10], canaries: [0, 5], references: [1, 2, 3]),
            datasetInference: try DatasetInference().run(
                suspect: Self.scores(200, known: 0, &random),
                heldOut: Self.scores(200, known: 0, &random)))
        #expect(try ReportJSON.read(AuditReport.self, from: report.json()) == report)
        let text = report.markdown
        #expect(text.contains("| a\\|b c | 2 | 66.7 %"))
        #expect(text.contains("| 10 | 1 | 2 | 0.25 |"))
        #expect(text.contains("That is no evidence that it was not trained on them."))
        #expect(text.contains("No single document is said to have been trained on, or not."))
    }
}

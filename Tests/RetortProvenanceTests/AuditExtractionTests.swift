// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortProvenance
import TestSupport
import Testing

@Suite("Extraction") struct AuditExtractionTests {
    /// Logits after each token: a model whose next token depends on the last one.
    private static func model(_ vocabSize: Int, _ random: inout SeededRandom) -> [[Float]] {
        (0..<vocabSize).map { _ in random.floats(vocabSize).map { 3 * $0 } }
    }

    private static func score(
        _ tokens: ArraySlice<Int32>, _ prefix: Int, _ model: [[Float]], _ scheme: SamplingScheme
    ) throws -> SuffixScore {
        var score = SuffixScore(logProbabilities: [], isLikeliest: [])
        for place in tokens.startIndex + prefix..<tokens.endIndex {
            let token = Int(tokens[place])
            try model[Int(tokens[place - 1])].withUnsafeBufferPointer { logits in
                score.logProbabilities.append(try scheme.logProbability(of: token, in: logits))
                score.isLikeliest.append(SamplingScheme.isLikeliest(token, in: logits))
            }
        }
        return score
    }

    private static func draw(
        after token: Int32, _ model: [[Float]], _ scheme: SamplingScheme,
        _ random: inout SeededRandom
    ) throws -> Int32 {
        var left = Double.random(in: 0..<1, using: &random)
        let logits = model[Int(token)]
        for token in logits.indices {
            let log = try logits.withUnsafeBufferPointer {
                try scheme.logProbability(of: token, in: $0)
            }
            left -= exp(log)
            if left < 0 { return Int32(token) }
        }
        return Int32(logits.count - 1)
    }

    @Test(
        "p_z lies within the exact interval of what sampling finds, and so does (n, p)",
        arguments: [
            SamplingScheme.plain, .top40, try? SamplingScheme(temperature: 0.6, topK: 6, topP: 0.9),
        ].compactMap { $0 })
    func sampling(scheme: SamplingScheme) throws {
        var random = SeededRandom(seed: 4)
        let model = Self.model(12, &random)
        func text(_ start: Int32, _ count: Int) throws -> [Int32] {
            var tokens = [start]
            while tokens.count <= count {
                tokens.append(
                    try Self.draw(after: tokens[tokens.count - 1], model, scheme, &random))
            }
            return Array(tokens.dropFirst())
        }
        for start: Int32 in 0..<4 {
            let window = try [start] + text(start, 3)
            let chance = try ExtractionChance(
                logProbabilities: Self.score(window[...], 1, model, scheme).logProbabilities)
            let samples = try (0..<4000).map { _ in try text(start, 3) }
            let verbatim = try NearVerbatim(
                suffix: Array(window.dropFirst()), samples: samples, tolerance: 0,
                confidence: 0.999)
            #expect(verbatim.interval.contains(chance.value))
            let near = try NearVerbatim(
                suffix: Array(window.dropFirst()), samples: samples, tolerance: 0.34,
                distance: .hamming, confidence: 0.999)
            #expect(near.mostChanges == 1)
            #expect(near.interval.hits >= verbatim.interval.hits)
            // Ten tries at a time.
            let tens = (0..<400).count { block in
                samples[10 * block..<10 * block + 10].contains(Array(window.dropFirst()))
            }
            let interval = try ProportionInterval(hits: tens, of: 400, confidence: 0.999)
            #expect(interval.contains(chance.chance(within: 10)))
        }
    }

    @Test(
        "top-p alone keeps what a full sort keeps, of many tokens",
        arguments: [0.05, 0.5, 0.9, 0.999])
    func nucleus(topP: Double) throws {
        var random = SeededRandom(seed: 9)
        let logits = random.floats(3000).map { 6 * $0 }
        let scheme = try SamplingScheme(temperature: 0.8, topP: topP)
        let order = logits.indices.sorted { logits[$0] > logits[$1] }
        let weights = order.map { exp(Double(logits[$0]) / 0.8) }
        let all = weights.reduce(0, +)
        var kept = 0
        var mass = 0.0
        while mass < topP * all {
            mass += weights[kept]
            kept += 1
        }
        for (rank, token) in order.enumerated() where rank % 7 == 0 || abs(rank - kept) < 3 {
            let found = try logits.withUnsafeBufferPointer {
                try scheme.logProbability(of: token, in: $0)
            }
            if rank < kept {
                #expect(abs(found - log(weights[rank] / mass)) < 1e-9)
            } else {
                #expect(found == -.infinity)
            }
        }
    }

    @Test("tries are exact where p_z is near 1 and where it is far below the least Double")
    func tries() {
        #expect(ExtractionChance(logarithm: 0).tries(for: 0.9) == 1)
        #expect(ExtractionChance(logarithm: log(0.5)).tries(for: 0.75) == 2)
        #expect(ExtractionChance(logarithm: log(0.5)).tries(for: 0.76) == 3)
        #expect(ExtractionChance(logarithm: log(0.001)).tries(for: 0.5) == 693)
        #expect(ExtractionChance(logarithm: -.infinity).tries(for: 0.5) == nil)
        #expect(ExtractionChance(logarithm: -.infinity).logTries(for: 0.5) == .infinity)
        let far = ExtractionChance(logarithm: -2000)
        #expect(far.value == 0)
        #expect(abs(far.logTries(for: 0.5) - (2000 + log(log(2)))) < 1e-9)
        // Across the change of formulas.
        let (a, b) = (ExtractionChance(logarithm: -35.999), ExtractionChance(logarithm: -36.001))
        #expect(abs(b.logTries(for: 0.5) - a.logTries(for: 0.5) - 0.002) < 1e-9)
        let tiny = ExtractionChance(logarithm: -46)
        #expect(abs(tiny.chance(within: 1_000_000) / (1e6 * exp(-46)) - 1) < 1e-9)
        #expect(ExtractionChance(logarithm: log(0.5)).isDiscoverable(tries: 2, chance: 0.75))
        #expect(!ExtractionChance(logarithm: log(0.5)).isDiscoverable(tries: 1, chance: 0.75))
    }

    @Test("the share of a work is what the suffixes of its windows cover, each character once")
    func coverage() throws {
        let audit = try ExtractionAudit(
            prefixTokens: 5, suffixTokens: 5, stride: 3, thresholds: [0.5])
        // 32 tokens: windows at 0, 3, …, 21 and, for the end, 22.
        let tokens = (0..<32).map { Int32($0) }
        var starts: [Int] = []
        func run(_ characters: [Int]?) throws -> ExtractionReport {
            starts = []
            return try audit.run(name: "work", tokens: tokens, characters: characters) {
                window, _ in
                starts.append(window.startIndex)
                let isKnown = [3, 6, 22].contains(window.startIndex)
                return SuffixScore(
                    logProbabilities: Array(repeating: isKnown ? -0.1 : -9, count: 5),
                    isLikeliest: Array(repeating: window.startIndex == 22, count: 5))
            }
        }
        let report = try run(nil)
        #expect(starts == [0, 3, 6, 9, 12, 15, 18, 21, 22])
        // Tokens 8 to 15 and 27 to 31 of 27.
        #expect(report.coverage.map(\.share) == [13.0 / 27])
        #expect(report.coverage.map(\.windows) == [3])
        #expect(report.greedy.share == 5.0 / 27)
        #expect(report.likeliest.prefix(3).map(\.start) == [3, 6, 22])
        #expect(report.discoverable.first { $0.tries == 1 && $0.chance == 0.5 }?.windows == 3)
        let weighted = try run((0..<32).map { $0 < 20 ? 1 : 3 })
        // 8 ones and 5 threes of 15 ones and 12 threes.
        #expect(weighted.coverage.map(\.share) == [23.0 / 51])
    }

    @Test("what lies between the suffixes of a long stride counts nowhere")
    func gaps() throws {
        let audit = try ExtractionAudit(
            prefixTokens: 5, suffixTokens: 2, stride: 10, thresholds: [0.5])
        let report = try audit.run(name: "work", tokens: (0..<100).map { Int32($0) }) { _, _ in
            SuffixScore(logProbabilities: [0, 0], isLikeliest: [true, true])
        }
        #expect(report.coverage.map(\.share) == [1] && report.greedy.share == 1)
    }

    @Test(
        "edits are those of the whole table, hits and misses alike",
        arguments: [0, 1, 3, 8])
    func edits(most: Int) throws {
        var random = SeededRandom(seed: 12)
        for _ in 0..<300 {
            let a = (0..<8).map { _ in Int32.random(in: 0..<3, using: &random) }
            let b = (0..<Int.random(in: 5...11, using: &random)).map { _ in
                Int32.random(in: 0..<3, using: &random)
            }
            var row = Array(0...b.count)
            for i in a.indices {
                var next = [i + 1]
                for j in b.indices {
                    next.append(min(row[j] + (a[i] == b[j] ? 0 : 1), row[j + 1] + 1, next[j] + 1))
                }
                row = next
            }
            let result = try NearVerbatim(
                suffix: a, samples: [b], tolerance: Double(most) / 8)
            #expect(result.mostChanges == most)
            #expect((result.interval.hits == 1) == (row[b.count] <= most))
        }
    }

    @Test("what cannot be measured is refused")
    func refused() throws {
        let audit = try ExtractionAudit()
        #expect(throws: ProvenanceError.self) {
            try audit.run(name: "short", tokens: Array(repeating: 1, count: 99)) { _, _ in
                SuffixScore(logProbabilities: [], isLikeliest: [])
            }
        }
        #expect(throws: ProvenanceError.self) {
            try audit.run(name: "scores", tokens: Array(repeating: 1, count: 100)) { _, _ in
                SuffixScore(logProbabilities: [], isLikeliest: [])
            }
        }
        #expect(throws: ProvenanceError.self) { try ExtractionAudit(stride: 0) }
        var changed = audit
        changed.stride = 0
        #expect(throws: ProvenanceError.self) {
            try changed.run(name: "stride", tokens: Array(repeating: 1, count: 100)) { _, _ in
                SuffixScore(logProbabilities: [], isLikeliest: [])
            }
        }
        #expect(throws: ProvenanceError.self) { try SamplingScheme(temperature: -1) }
        #expect(throws: ProvenanceError.self) { try SamplingScheme(topP: 0) }
        #expect(throws: ProvenanceError.self) { try ProportionInterval(hits: 2, of: 1) }
        #expect(throws: ProvenanceError.self) {
            try NearVerbatim(suffix: [1], samples: [], tolerance: 0)
        }
        for logits: [Float] in [[1, .nan], [.infinity, 0], []] {
            #expect(throws: ProvenanceError.self) {
                try logits.withUnsafeBufferPointer {
                    try SamplingScheme.top40.logProbability(of: 0, in: $0)
                }
            }
        }
    }
}

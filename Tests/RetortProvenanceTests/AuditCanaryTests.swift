// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortProvenance
import TestSupport
import Testing

@Suite("Canaries") struct AuditCanaryTests {
    private static func plan(_ repetitions: [Int], references: Int = 200, seed: UInt64 = 1) throws
        -> CanaryPlan
    {
        try CanaryPlan(
            sentence: "The number of the locker is {secret}.", repetitions: repetitions,
            references: references, seed: seed)
    }

    @Test("a plan is the same again from its seed; its sentences differ in the secret alone")
    func plan() throws {
        let plan = try Self.plan([0, 1, 10])
        #expect(plan == (try Self.plan([0, 1, 10])))
        #expect(plan != (try Self.plan([0, 1, 10], seed: 2)))
        let texts = plan.canaries.map(\.text) + plan.references
        #expect(Set(texts).count == 203)
        #expect(
            texts.allSatisfy {
                $0.hasPrefix("The number of the locker is ") && $0.count == 28 + 12 + 1
            })
        let plantings = plan.plantings(seed: 3)
        #expect(plantings.count == 11)
        #expect(plantings.count { $0 == plan.canaries[2].text } == 10)
        #expect(try ReportJSON.read(CanaryPlan.self, from: ReportJSON.text(of: plan)) == plan)
    }

    @Test("exposure is log2 of the references over the rank, and ties count against the canary")
    func exposure() throws {
        let references = (0..<255).map(Double.init)
        let first = try CanaryExposure(canary: 1000, references: references)
        #expect(first.rank == 1 && first.exposure == 8 && first.pValue == 1.0 / 256)
        let last = try CanaryExposure(canary: -1, references: references)
        #expect(last.rank == 256 && last.exposure == 0 && last.pValue == 1)
        #expect(try CanaryExposure(canary: 254, references: references).rank == 2)
        #expect(try CanaryExposure(canary: 253.5, references: references).rank == 2)
        #expect(
            try CanaryExposure(canary: 1, references: Array(repeating: 1, count: 255)).pValue == 1)
    }

    @Test("more repetitions expose more to a model that learns, and nothing to one that does not")
    func curve() throws {
        let plan = try Self.plan(
            [0, 1, 10, 100].flatMap { Array(repeating: $0, count: 20) }, references: 1023)
        var random = SeededRandom(seed: 8)
        func noise() -> Double {
            (0..<12).reduce(-6) { sum, _ in
                sum + Double.random(in: 0..<1, using: &random)
            }
        }
        let planted = Dictionary(
            uniqueKeysWithValues: plan.canaries.map { ($0.text, $0.repetitions) })
        let learnt = try plan.measure { log(Double(1 + (planted[$0] ?? 0))) * 1.5 + noise() }
        #expect(learnt.curve.map(\.repetitions) == [0, 1, 10, 100])
        #expect(learnt.mostExposure == 10)
        let exposures = learnt.curve.map(\.meanExposure)
        #expect(exposures == exposures.sorted())
        #expect(learnt.curve[0].pValue > 0.01)
        #expect(learnt.curve[3].pValue < 1e-6)
        let other = try plan.measure { _ in noise() }
        #expect(other.curve.allSatisfy { $0.pValue > 0.001 })
    }

    @Test("of canaries that were not seen, as many have a small p-value as it says")
    func level() throws {
        var random = SeededRandom(seed: 21)
        var (shared, own) = (0, 0)
        for _ in 0..<4000 {
            let references = (0..<19).map { _ in Double.random(in: 0..<1, using: &random) }
            let canaries = (0..<3).map { _ in Double.random(in: 0..<1, using: &random) }
            if try CanaryExposure.combined(canaries: canaries, references: references) <= 0.05 {
                shared += 1
            }
            let exposures = try canaries.map { canary in
                try CanaryExposure(
                    canary: canary,
                    references: (0..<19).map { _ in Double.random(in: 0..<1, using: &random) })
            }
            if try CanaryExposure.combined(exposures) <= 0.05 { own += 1 }
        }
        // 200 expected of a p-value that is uniform, fewer of one that has steps.
        #expect((100...250).contains(shared), "\(shared)")
        #expect((100...250).contains(own), "\(own)")
    }

    @Test("sums of ranks have the chances of counting them out")
    func sums() throws {
        let references = [[1.0, 2], [1.0, 2, 3]]
        let canaries = [1.5, 2.5]
        let exposures = try zip(canaries, references).map {
            try CanaryExposure(canary: $0, references: $1)
        }
        #expect(exposures.map(\.rank) == [2, 2])
        // Ranks of 3 and 4: sums of 4 and less are (1,1) (1,2) (1,3) (2,1) (2,2) (3,1).
        #expect(abs(try CanaryExposure.combined(exposures) - 6.0 / 12) < 1e-15)
        // One canary: its own p-value, either way.
        let one = try CanaryExposure.combined(canaries: [1.5], references: references[0])
        #expect(abs(one - exposures[0].pValue) < 1e-15)
        #expect(abs(try CanaryExposure.combined([exposures[0]]) - exposures[0].pValue) < 1e-15)
    }

    @Test("hundreds of canaries stay within what a Double holds")
    func many() throws {
        let references = (0..<1000).map(Double.init)
        let best = try CanaryExposure.combined(
            canaries: Array(repeating: 2000, count: 300), references: references)
        #expect(best >= 0 && best < 1e-250)
        let middle = try CanaryExposure.combined(
            canaries: (0..<300).map { Double($0) * 1000 / 300 + 0.5 }, references: references)
        #expect(abs(middle - 0.5) < 0.05)
    }

    @Test("plans and scores that prove nothing are refused")
    func refused() throws {
        #expect(throws: ProvenanceError.self) { try CanaryExposure(canary: 1, references: []) }
        #expect(throws: ProvenanceError.self) { try CanaryExposure(canary: .nan, references: [1]) }
        #expect(throws: ProvenanceError.self) { try CanaryExposure.combined([]) }
        for (sentence, length) in [("none", 8), ("{secret}{secret}", 8), ("{secret}", 2)] {
            #expect(throws: ProvenanceError.self) {
                try CanaryPlan(
                    sentence: sentence, secretLength: length, repetitions: [1], references: 100,
                    seed: 1)
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Against scipy and numpy.

import RetortEvaluation
import RetortJSON
import Testing

@Suite struct StatisticsTests {
    private static func items(_ name: String) throws -> [JSONValue] {
        try evaluationFixture("statistics")[name]?.arrayValue ?? []
    }

    private static func doubles(_ value: JSONValue?) -> [Double] {
        (value?.arrayValue ?? []).compactMap(\.doubleValue)
    }

    private static func isClose(_ a: ClosedRange<Double>?, _ b: [Double], _ error: Double = 1e-12)
        -> Bool
    {
        guard let a, b.count == 2 else { return false }
        return abs(a.lowerBound - b[0]) <= error && abs(a.upperBound - b[1]) <= error
    }

    @Test("pass@k is the binomial formula's")
    func passAtK() throws {
        for item in try Self.items("pass_at_k") {
            let value = PassAtK.estimate(
                samples: item["samples"]?.intValue ?? 0, correct: item["correct"]?.intValue ?? 0,
                k: item["k"]?.intValue ?? 0)
            let expected = try #require(item["value"]?.doubleValue)
            #expect(abs((value ?? -1) - expected) < 1e-12, "\(item.text())")
        }
        #expect(PassAtK.estimate(samples: 4, correct: 2, k: 5) == nil)
        #expect(PassAtK.estimate(samples: 4, correct: 5, k: 1) == nil)
        #expect(PassAtK.estimate(samples: 0, correct: 0, k: 0) == nil)
    }

    @Test("Wilson's interval is scipy's")
    func wilson() throws {
        for item in try Self.items("wilson") {
            let interval = Intervals.wilson(
                successes: item["successes"]?.intValue ?? 0, trials: item["trials"]?.intValue ?? 0)
            #expect(Self.isClose(interval, Self.doubles(item["interval"])), "\(item.text())")
        }
        #expect(Intervals.wilson(successes: 0, trials: 0) == nil)
        #expect(Intervals.wilson(successes: 2, trials: 1) == nil)
    }

    @Test("the bootstrap is numpy's with the same resamples, and near scipy's with others")
    func bootstrap() throws {
        for item in try Self.items("bootstrap") {
            let values = Self.doubles(item["values"])
            let interval = Intervals.bootstrap(values, seed: UInt64(item["seed"]?.intValue ?? 0))
            #expect(Self.isClose(interval, Self.doubles(item["interval"])), "\(item.text())")
            if let scipy = item["scipy"], !scipy.isNull {
                #expect(Self.isClose(interval, Self.doubles(scipy), 0.05))
            }
        }
        #expect(Intervals.bootstrap([]) == nil)
    }

    @Test("a paired difference is numpy's with the same resamples")
    func difference() throws {
        for item in try Self.items("difference") {
            let pairs = zip(Self.doubles(item["first"]), Self.doubles(item["second"])).map {
                ($0, $1)
            }
            let found = try #require(
                Intervals.difference(pairs, seed: UInt64(item["seed"]?.intValue ?? 0)))
            #expect(abs(found.mean - (item["mean"]?.doubleValue ?? .nan)) < 1e-12)
            #expect(Self.isClose(found.interval, Self.doubles(item["interval"])))
            #expect(abs(found.pValue - (item["p"]?.doubleValue ?? .nan)) < 1e-12)
        }
        #expect(Intervals.difference([]) == nil)
    }

    @Test("a vote goes to the most frequent answer, and among equals to the first")
    func votes() {
        #expect(MajorityVote.winner(["a", "b", "b"]) == 1)
        #expect(MajorityVote.winner(["a", "b", "b", "a"]) == 0)
        #expect(MajorityVote.winner([nil, "b", "a", nil, "a", "b"]) == 1)
        #expect(MajorityVote.winner([nil, nil]) == nil)
        #expect(MajorityVote.winner([]) == nil)
        let many = (0..<1000).map { "\($0)" }
        #expect(MajorityVote.winner(many) == 0)
    }
}

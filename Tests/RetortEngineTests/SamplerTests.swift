// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

import RetortEngine

@Suite struct SamplerTests {
    private func sample(
        _ logits: [Float], draws: Int, _ change: (inout SamplingParameters) -> Void
    ) throws -> [Int: Int] {
        var parameters = SamplingParameters()
        parameters.seed = 11
        change(&parameters)
        let sampler = try Sampler(parameters: parameters, vocabSize: logits.count)
        var counts: [Int: Int] = [:]
        for _ in 0..<draws {
            var copy = logits
            let token = try copy.withUnsafeMutableBufferPointer { try sampler.next($0) }
            counts[Int(token), default: 0] += 1
        }
        return counts
    }

    /// What must be left, by the plain definition: sort everything, cut, cut, cut.
    private func kept(_ logits: [Float], _ p: SamplingParameters) -> Set<Int> {
        let largest = logits.max() ?? 0
        let weights = logits.map { exponential(Double($0 - largest) / Double(p.temperature)) }
        var order = weights.indices.sorted { weights[$0] > weights[$1] }
        if p.topK > 0 { order = Array(order.prefix(p.topK)) }
        let total = order.reduce(0) { $0 + weights[$1] }
        var mass = 0.0
        var nucleus: [Int] = []
        for index in order {
            nucleus.append(index)
            mass += weights[index]
            if mass >= Double(p.topP) * total { break }
        }
        return Set(nucleus.filter { weights[$0] >= Double(p.minP) })
    }

    private func exponential(_ x: Double) -> Double {
        var term = 1.0
        var sum = 1.0
        for n in 1..<40 {
            term *= x / 64 / Double(n)
            sum += term
        }
        for _ in 0..<6 { sum *= sum }
        return sum
    }

    @Test(
        "top-k, top-p and min-p leave just the tokens of the plain definition",
        arguments: [
            (0, 1.0, 0.0), (5, 1.0, 0.0), (0, 0.7, 0.0), (0, 1.0, 0.2), (20, 0.8, 0.0),
            (20, 0.9, 0.1), (1000, 0.5, 0.0),
        ] as [(Int, Float, Float)])
    func cuts(topK: Int, topP: Float, minP: Float) throws {
        var random = SeededRandom(seed: 3)
        let logits = random.floats(60).map { 3 * $0 }
        var parameters = SamplingParameters()
        parameters.temperature = 0.8
        parameters.topK = topK
        parameters.topP = topP
        parameters.minP = minP
        let counts = try sample(logits, draws: 40_000) {
            $0 = parameters
            $0.seed = 5
        }
        let expected = kept(logits, parameters)
        #expect(Set(counts.keys).isSubset(of: expected))
        // Tokens that are likely enough to be missed only once in a million runs must occur.
        if expected.count < 30 { #expect(Set(counts.keys) == expected) }
    }

    @Test("frequencies follow the probabilities, sharpened by the temperature")
    func frequencies() throws {
        let logits: [Float] = [0, 1, 2]
        let counts = try sample(logits, draws: 60_000) { $0.temperature = 0.5 }
        let weights = [1, exponential(2), exponential(4)]
        let total = weights.reduce(0, +)
        for (index, weight) in weights.enumerated() {
            let share = Double(counts[index] ?? 0) / 60_000
            #expect(abs(share - weight / total) < 0.01)
        }
    }

    @Test("temperature 0, top-k 1 and top-p 0 take the most likely token, the first of equals")
    func greedy() throws {
        let logits: [Float] = [1, 3, -2, 3, 0]
        #expect(try sample(logits, draws: 3) { $0.temperature = 0 } == [1: 3])
        #expect(
            try sample(logits, draws: 3) {
                $0.temperature = 1
                $0.topK = 1
            } == [1: 3])
        let nucleus = try sample([1, 4, -2, 3, 0], draws: 50) {
            $0.temperature = 1
            $0.topP = 0
        }
        #expect(nucleus == [1: 50])
    }

    @Test("the largest is found at every place of vocabularies of every size", arguments: 1...200)
    func largest(count: Int) {
        var random = SeededRandom(seed: UInt64(count))
        for place in 0..<count {
            var x = random.floats(count)
            x[place] = 2
            #expect(x.withUnsafeMutableBufferPointer { Sampler.largest($0).index } == place)
        }
    }

    @Test("the same seed gives the same tokens, another seed others")
    func seeds() throws {
        var random = SeededRandom(seed: 1)
        let logits = random.floats(1000)
        func tokens(_ seed: UInt64) throws -> [Int32] {
            var parameters = SamplingParameters()
            parameters.temperature = 1
            parameters.seed = seed
            let sampler = try Sampler(parameters: parameters, vocabSize: 1000)
            return try (0..<20).map { _ in
                var copy = logits
                return try copy.withUnsafeMutableBufferPointer { try sampler.next($0) }
            }
        }
        #expect(try tokens(7) == tokens(7))
        #expect(try tokens(7) != tokens(8))
    }

    @Test("penalties and bias move the choice")
    func penalties() throws {
        let logits: [Float] = [2, 1.9, -1]
        // Chosen once, token 0 falls behind token 1, and so on in turn.
        #expect(try sample(logits, draws: 4) { $0.presencePenalty = 0.5 }[0] == 3)
        #expect(try sample(logits, draws: 4) { $0.frequencyPenalty = 0.5 } == [0: 2, 1: 2])
        #expect(try sample(logits, draws: 2) { $0.repetitionPenalty = 1.2 } == [0: 2 - 1, 1: 1])
        #expect(try sample(logits, draws: 1) { $0.logitBias = [2: 5] } == [2: 1])
        var parameters = SamplingParameters()
        parameters.repetitionPenalty = 2
        let sampler = try Sampler(parameters: parameters, vocabSize: 3)
        sampler.observe(prompt: [0, 0, 99])
        var copy = logits
        #expect(try copy.withUnsafeMutableBufferPointer { try sampler.next($0) } == 1)
    }

    @Test("parameters out of their range are errors")
    func ranges() {
        for change: (inout SamplingParameters) -> Void in [
            { $0.temperature = -1 }, { $0.temperature = .nan }, { $0.topP = 1.5 },
            { $0.minP = -0.1 }, { $0.topK = -1 }, { $0.repetitionPenalty = 0 },
            { $0.logitBias = [1: .infinity] },
        ] {
            var parameters = SamplingParameters()
            change(&parameters)
            #expect(throws: EngineError.self) { try parameters.validate() }
        }
    }

    @Test("logits that are not finite are an error, greedy or not", arguments: [0, 1] as [Float])
    func notFinite(temperature: Float) {
        #expect(throws: EngineError.self) {
            try sample([.nan, .nan], draws: 1) { $0.temperature = temperature }
        }
        #expect(throws: EngineError.self) {
            try sample([.infinity, 0], draws: 1) { $0.temperature = temperature }
        }
    }
}

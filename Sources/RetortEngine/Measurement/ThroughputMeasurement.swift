// SPDX-License-Identifier: Apache-2.0
//
// What several clients get at once from the batching engine.

import RetortFormats
import RetortTensor

/// What `retort bench --clients` reports.
public struct ThroughputMeasurement: Sendable {
    public var clients: Int
    public var requests: Int
    public var promptTokens: Int
    public var generatedTokens: Int
    /// From the first request to the last token.
    public var seconds: Double
    /// From a request to its first token, of every request, the shortest first.
    public var firstTokenSeconds: [Double]
    /// Sequences of a decoding pass, on average.
    public var sequencesPerPass: Double

    /// Generated tokens over the whole time, prompts included.
    public var tokensPerSecond: Double { Double(requests * generatedTokens) / seconds }

    /// - Parameter p: 0 … 1.
    public func firstTokenSeconds(percentile p: Double) -> Double {
        firstTokenSeconds[
            min(firstTokenSeconds.count - 1, Int(Double(firstTokenSeconds.count) * p))]
    }
}

extension ReasoningModel {
    /// Measures with arbitrary tokens: each client sends its next request when the last is answered.
    /// No two prompts begin alike.
    /// - Throws: ``EngineError`` or ``EngineRefusal`` if the requests do not fit the model.
    public func measureThroughput(
        clients: Int, promptTokens: Int, generatedTokens: Int, requestsPerClient: Int = 1,
        cacheType: DType = .f16
    ) async throws -> ThroughputMeasurement {
        guard clients > 0, promptTokens > 0, generatedTokens > 0, requestsPerClient > 0 else {
            throw EngineError("clients, prompts, tokens and requests must be at least 1")
        }
        var options = InferenceEngine.Options()
        options.cacheType = cacheType
        options.maximumWaiting = clients
        let engine = try InferenceEngine(self, options: options)
        func ask(_ number: Int, _ generated: Int) async throws -> Double {
            let size = config.vocabSize
            var generation = GenerationRequest(
                prompt: (0..<promptTokens).map {
                    Int32(($0 &* 7919 &+ number &* 104_729 &+ 17) % size)
                })
            generation.maximumTokens = generated
            generation.ignoresStopTokens = true
            let start = ContinuousClock.now
            let response = try engine.submit(EngineRequest(generation))
            var first: Double?
            for await event in response.events {
                switch event {
                case .token where first == nil: first = (.now - start) / .seconds(1)
                case .failed(let error): throw error
                default: break
                }
            }
            return first ?? 0
        }
        // Once without counting, so that the weights are in memory.
        _ = try await ask(clients * requestsPerClient, min(generatedTokens, 4))
        let before = engine.statistics
        let start = ContinuousClock.now
        let firsts = try await withThrowingTaskGroup(of: [Double].self) { group in
            for client in 0..<clients {
                group.addTask {
                    var found: [Double] = []
                    for request in 0..<requestsPerClient {
                        found.append(
                            try await ask(client * requestsPerClient + request, generatedTokens))
                    }
                    return found
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let seconds = (.now - start) / .seconds(1)
        let after = engine.statistics
        await engine.stop(finishing: true)
        return ThroughputMeasurement(
            clients: clients, requests: clients * requestsPerClient, promptTokens: promptTokens,
            generatedTokens: generatedTokens, seconds: seconds,
            firstTokenSeconds: firsts.sorted(),
            sequencesPerPass: Double(after.sequencesInPasses - before.sequencesInPasses)
                / Double(max(1, after.passes - before.passes)))
    }
}

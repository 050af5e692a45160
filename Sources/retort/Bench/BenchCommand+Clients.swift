// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortEngine
import RetortJSON

extension BenchCommand {
    /// Measures several clients at once if that is asked for.
    /// - Returns: Whether it was.
    func measuredClients() async throws -> Bool {
        guard let clients else { return false }
        let model = try modelOptions.open(model)
        let result = try await model.measureThroughput(
            clients: clients, promptTokens: promptTokens, generatedTokens: genTokens,
            requestsPerClient: repetitions, cacheType: cacheType.dtype)
        func first(_ p: Double) -> Double { result.firstTokenSeconds(percentile: p) }
        if json {
            Output.json([
                "clients": .integer(Int64(result.clients)),
                "requests": .integer(Int64(result.requests)),
                "prompt_tokens": .integer(Int64(result.promptTokens)),
                "gen_tokens": .integer(Int64(result.generatedTokens)),
                "tokens_per_second": .number(result.tokensPerSecond),
                "first_token_seconds_median": .number(first(0.5)),
                "first_token_seconds_p99": .number(first(0.99)),
                "sequences_per_pass": .number(result.sequencesPerPass),
            ])
        } else {
            func number(_ value: Double) -> String { String(format: "%.1f", value) }
            Output.line(
                """
                \(result.requests) requests of \(result.clients) clients, \(promptTokens) + \
                \(genTokens) tokens each: \(number(result.tokensPerSecond)) tokens/s
                first token after \(number(first(0.5))) s (median), \(number(first(0.99))) s (p99)
                \(number(result.sequencesPerPass)) sequences in a pass
                """)
        }
        return true
    }
}

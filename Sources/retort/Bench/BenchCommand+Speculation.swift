// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortEngine
import RetortFormats
import RetortJSON

extension BenchCommand {
    /// - Returns: False if no method of speculation was asked for.
    func measuredSpeculation() throws -> Bool {
        let ids = try replay.map { try Self.ids(path: $0) }
        guard speculation.isAskedFor else {
            guard ids == nil else { throw CommandError("--replay needs --speculative METHOD") }
            return false
        }
        if let ids, ids.count <= genTokens {
            throw CommandError(
                "\(ids.count) token ids are not more than the \(genTokens) to decode; give more, or fewer --gen-tokens"
            )
        }
        let model = try modelOptions.open(model)
        guard let method = try speculation.open(modelOptions, for: model) else { return false }
        let prompt = ids.map { Array($0.dropLast(genTokens)) } ?? Self.prompt(promptTokens, model)
        let result = try model.measureSpeculation(
            method, prompt: prompt, answer: ids.map { Array($0.suffix(genTokens)) },
            generatedTokens: genTokens, repetitions: repetitions, cacheType: cacheType.dtype
        ) { repetition in
            if Terminal.errorIsTerminal { Output.note("run \(repetition) of \(repetitions) done") }
        }
        if json { Output.json(Self.json(result)) } else { Self.print(result) }
        return true
    }

    private static func prompt(_ count: Int, _ model: ReasoningModel) -> [Int32] {
        (0..<count).map { Int32(($0 &* 7919 &+ 17) % model.config.vocabSize) }
    }

    private static func ids(path: String) throws -> [Int32] {
        guard let list = TokenList(argument: try InputFile.text(path: path)) else {
            throw CommandError(
                "\(path == "-" ? "stdin" : path) is no list of token ids; 'retort tokenize' makes one"
            )
        }
        return list.ids
    }

    private static func print(_ result: SpeculationMeasurement) {
        func number(_ value: Double) -> String { String(format: "%.1f", value) }
        func ratio(_ value: Double) -> String { String(format: "%.2f", value) }
        let costs = result.passCosts.map { "\($0.tokens): \(ratio($0.cost))" }
        Output.line(
            """
            decode \(result.generatedTokens) tokens after \(result.promptTokens): \
            \(number(result.plainTokensPerSecond)) tokens/s plain, \
            \(number(result.speculativeTokensPerSecond)) with guesses, ratio \(ratio(result.speedup))
            drafted \(result.usage.draftedTokens), accepted \(result.usage.acceptedTokens) \
            (\(number(100 * result.usage.acceptanceRate)) %) in \(result.usage.verificationPasses) passes
            a pass over n tokens, in passes over one: \(costs.joined(separator: ", "))
            """)
    }

    /// The contract of `bench --speculative METHOD --json`.
    private static func json(_ result: SpeculationMeasurement) -> JSONValue {
        var fields = JSONObject([
            ("plain_tokens_per_second", .number(result.plainTokensPerSecond)),
            ("speculative_tokens_per_second", .number(result.speculativeTokensPerSecond)),
            ("speedup", .number(result.speedup)),
            ("prompt_tokens", .integer(Int64(result.promptTokens))),
            ("gen_tokens", .integer(Int64(result.generatedTokens))),
        ])
        result.usage.add(to: &fields)
        fields["pass_costs"] = .object(
            JSONObject(result.passCosts.map { (String($0.tokens), .number($0.cost)) }))
        return .object(fields)
    }
}

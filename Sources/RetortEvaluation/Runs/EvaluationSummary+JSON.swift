// SPDX-License-Identifier: Apache-2.0

import RetortJSON

extension EvaluationSummary {
    /// What `retort eval --json` prints and summary.json holds.
    public var json: JSONValue {
        func number(_ value: Double?) -> JSONValue { value.map { .double($0) } ?? .null }
        func count(_ value: Int) -> JSONValue { .integer(Int64(value)) }
        func bounds(_ range: ClosedRange<Double>?) -> JSONValue {
            range.map { [.double($0.lowerBound), .double($0.upperBound)] } ?? .null
        }
        let sampling = options.sampling
        return [
            "task": .string(task), "model": .string(options.model),
            "split": .string(options.split.rawValue),
            // A seed may be larger than what readers of JSON keep exact.
            "seed": .string(String(options.seed)),
            "n": count(problems), "samples": count(options.samplesPerProblem),
            "pass_at_1": number(passAt1), "confidence_interval": bounds(interval),
            "confidence_method": .string(isWilson ? "wilson" : "cluster_bootstrap"),
            "k": count(options.samplesPerProblem),
            "pass_at_k": number(
                passAtK.first { $0.k == options.samplesPerProblem }?.value),
            "pass_at": .object(JSONObject(passAtK.map { ("\($0.k)", .double($0.value)) })),
            "cons_at_k": number(consAtK), "cons_at_k_confidence_interval": bounds(consInterval),
            "mean_tokens": number(meanTokens),
            "outcomes": .object(
                JSONObject(
                    Outcome.allCases.map { ($0.rawValue, count(outcomes[$0] ?? 0)) })),
            "truncated": count(outcomes[.truncated] ?? 0), "errors": count(errors),
            "unanswered": count(unanswered),
            "accuracy_by_difficulty": .array(
                groups.map { group in
                    [
                        "difficulty": .string(group.difficulty), "n": count(group.problems),
                        "pass_at_1": .double(group.accuracy),
                        "confidence_interval": bounds(group.interval),
                    ]
                }),
            "temperature": number(sampling.temperature), "top_p": number(sampling.topP),
            "max_tokens": sampling.maximumTokens.map { count($0) } ?? .null,
        ]
    }
}

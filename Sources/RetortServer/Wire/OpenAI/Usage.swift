// SPDX-License-Identifier: Apache-2.0

import RetortEngine
import RetortJSON

/// The tokens of all answers to a prompt. The prompt counts once.
struct UsageSum: Sendable, Equatable {
    var prompt = 0
    var cached = 0
    var completion = 0
    var reasoning = 0

    mutating func add(_ usage: GenerationUsage, isSamePrompt: Bool) {
        if !isSamePrompt {
            prompt += usage.promptTokens
            cached += usage.cachedTokens
        }
        completion += usage.completionTokens
        reasoning += usage.reasoningTokens
    }

    /// OpenAI's object with DeepSeek's two counts.
    var json: JSONValue {
        func number(_ value: Int) -> JSONValue { .integer(Int64(value)) }
        return [
            "prompt_tokens": number(prompt), "completion_tokens": number(completion),
            "total_tokens": number(prompt + completion),
            "prompt_tokens_details": ["cached_tokens": number(cached)],
            "completion_tokens_details": ["reasoning_tokens": number(reasoning)],
            "prompt_cache_hit_tokens": number(cached),
            "prompt_cache_miss_tokens": number(prompt - cached),
        ]
    }
}

extension [Reply] {
    /// The usage of `perPrompt` answers to each prompt.
    func usage(perPrompt: Int) -> UsageSum {
        var sum = UsageSum()
        for (index, reply) in enumerated() {
            sum.add(reply.usage, isSamePrompt: index % perPrompt != 0)
        }
        return sum
    }
}

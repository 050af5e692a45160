// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// What an endpoint counted for one request, in tokens.
public struct TokenUsage: Sendable, Equatable {
    public var promptTokens: Int
    /// Of the prompt's, those that were read from the endpoint's cache.
    public var cachedTokens: Int
    /// Thought and answer together.
    public var completionTokens: Int
    /// Of the completion's, those of the thought, where the endpoint says so.
    public var reasoningTokens: Int

    public init(
        promptTokens: Int = 0, cachedTokens: Int = 0, completionTokens: Int = 0,
        reasoningTokens: Int = 0
    ) {
        self.promptTokens = promptTokens
        self.cachedTokens = cachedTokens
        self.completionTokens = completionTokens
        self.reasoningTokens = reasoningTokens
    }

    public var totalTokens: Int { promptTokens + completionTokens }

    /// The `usage` of an answer; nil if it has none that makes sense, as it is only for counting.
    init?(_ json: JSONValue?) {
        func count(_ value: JSONValue?) -> Int? {
            guard let number = value?.intValue, (0...1_000_000_000).contains(number) else {
                return nil
            }
            return number
        }
        guard let json, let prompt = count(json["prompt_tokens"]),
            let completion = count(json["completion_tokens"])
        else { return nil }
        // DeepSeek counts hits beside the prompt's details.
        let cached =
            count(json["prompt_tokens_details"]?["cached_tokens"])
            ?? count(json["prompt_cache_hit_tokens"]) ?? 0
        let reasoning = count(json["completion_tokens_details"]?["reasoning_tokens"]) ?? 0
        self.init(
            promptTokens: prompt, cachedTokens: min(cached, prompt), completionTokens: completion,
            reasoningTokens: min(reasoning, completion))
    }
}

// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// One sample of one problem: a line of `samples.jsonl`.
public struct SampleRecord: Sendable, Equatable {
    /// Of the problem.
    public var id: String
    /// From 0.
    public var sample: Int
    public var difficulty: String
    public var prompt: String
    /// Nil where the sample failed.
    public var response: ModelResponse?
    /// Nil where the sample failed.
    public var grade: Grade?
    /// Why there is no response, or no grade of it.
    public var error: String?

    public init(
        id: String, sample: Int, difficulty: String, prompt: String,
        response: ModelResponse? = nil, grade: Grade? = nil, error: String? = nil
    ) {
        self.id = id
        self.sample = sample
        self.difficulty = difficulty
        self.prompt = prompt
        self.response = response
        self.grade = grade
        self.error = error
    }

    /// The line.
    public var json: JSONValue {
        func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
        func count(_ number: Int?) -> JSONValue { number.map { .integer(Int64($0)) } ?? .null }
        return [
            "id": .string(id), "sample": count(sample), "difficulty": .string(difficulty),
            "prompt": .string(prompt), "reasoning": text(response?.reasoning),
            "answer": text(response?.answer), "extracted": text(grade?.extracted),
            "outcome": text(grade?.outcome.rawValue),
            "score": grade.map { .double($0.score) } ?? .null, "vote": text(grade?.vote),
            "tokens": count(response?.completionTokens),
            "prompt_tokens": count(response?.promptTokens),
            "finish_reason": text(response?.finishReason.rawValue), "error": text(error),
        ]
    }

    /// Reads a line; nil if it is none.
    public init?(_ json: JSONValue) {
        guard let id = json["id"]?.stringValue, let sample = json["sample"]?.intValue,
            let difficulty = json["difficulty"]?.stringValue,
            let prompt = json["prompt"]?.stringValue
        else { return nil }
        self.init(
            id: id, sample: sample, difficulty: difficulty, prompt: prompt,
            error: json["error"]?.stringValue)
        if let answer = json["answer"]?.stringValue,
            let reason = ModelResponse.FinishReason(
                rawValue: json["finish_reason"]?.stringValue ?? "")
        {
            response = ModelResponse(
                reasoning: json["reasoning"]?.stringValue ?? "", answer: answer,
                promptTokens: json["prompt_tokens"]?.intValue ?? 0,
                completionTokens: json["tokens"]?.intValue ?? 0, finishReason: reason)
        }
        if let outcome = Outcome(rawValue: json["outcome"]?.stringValue ?? "") {
            grade = Grade(
                outcome, score: json["score"]?.doubleValue ?? 0,
                extracted: json["extracted"]?.stringValue, vote: json["vote"]?.stringValue)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// What became of a plan's answers.
public struct DatasetStatistics: Sendable, Equatable {
    /// Of the prompts of one difficulty.
    public struct Level: Sendable, Equatable {
        public var prompts = 0
        /// Prompts with at least one correct answer.
        public var solved = 0
        /// Answers that a verifier judged.
        public var judged = 0
        public var correct = 0
        public var kept = 0

        /// Correct of judged, 0 to 1; nil if none was judged.
        public var acceptance: Double? {
            judged == 0 ? nil : Double(correct) / Double(judged)
        }
    }

    public static let unlabelled = "unlabelled"

    public var prompts = 0
    public var samplesPerPrompt = 0
    /// Answers that the cache has.
    public var answers = 0
    public var kept = 0
    public var rejections: [Rejection: Int] = [:]
    public var levels: [String: Level] = [:]
    /// Prompts by how many of their answers are correct.
    public var promptsByCorrect: [Int: Int] = [:]
    public var promptTokens = 0
    public var completionTokens = 0
    public var reasoningTokens = 0
    /// Of all answers, also those that were not kept.
    public var cost = Dollars.zero
    public var keptCost = Dollars.zero
    /// Answers whose price was not known: their cost is in none of the sums.
    public var answersWithoutPrice = 0
    public var contaminationMatches = 0
    /// Samples that share a passage with an evaluation set.
    public var contaminatedSamples = 0
    /// When the first and the last answer came, in seconds since 1970.
    public var firstAnswer: Double?
    public var lastAnswer: Double?

    public var judged: Int { levels.values.reduce(0) { $0 + $1.judged } }
    public var correct: Int { levels.values.reduce(0) { $0 + $1.correct } }

    /// Levels by name; numbers in their order.
    var sortedLevels: [(name: String, level: Level)] {
        levels.sorted { a, b in
            switch (Double(a.key), Double(b.key)) {
            case (let x?, let y?) where x != y: x < y
            case (_?, nil): true
            case (nil, _?): false
            default: a.key < b.key
            }
        }.map { (name: $0.key, level: $0.value) }
    }

    public var json: JSONValue {
        func number(_ value: Int) -> JSONValue { .integer(Int64(value)) }
        func ratio(_ value: Double?) -> JSONValue { value.map { .double($0) } ?? .null }
        func time(_ value: Double?) -> JSONValue {
            value.map { .string(DatasetDate.text($0)) } ?? .null
        }
        let levels = sortedLevels.map { name, level -> (String, JSONValue) in
            (
                name,
                [
                    "prompts": number(level.prompts), "solved": number(level.solved),
                    "judged": number(level.judged), "correct": number(level.correct),
                    "kept": number(level.kept), "acceptance": ratio(level.acceptance),
                ]
            )
        }
        let rejections = Rejection.allCases.compactMap { reason -> (String, JSONValue)? in
            self.rejections[reason].map { (reason.rawValue, number($0)) }
        }
        return [
            "prompts": number(prompts), "samples_per_prompt": number(samplesPerPrompt),
            "answers": number(answers), "judged": number(judged), "correct": number(correct),
            "kept": number(kept), "rejections": .object(JSONObject(rejections)),
            "by_difficulty": .object(JSONObject(levels)),
            "prompts_by_correct_answers": .object(
                JSONObject(
                    promptsByCorrect.sorted { $0.key < $1.key }.map {
                        ("\($0.key)", number($0.value))
                    }
                )),
            "tokens": [
                "prompt": number(promptTokens), "completion": number(completionTokens),
                "reasoning": number(reasoningTokens),
            ],
            "cost_usd": .double(cost.value), "kept_cost_usd": .double(keptCost.value),
            "answers_without_price": number(answersWithoutPrice),
            "contamination": [
                "samples": number(contaminatedSamples), "matches": number(contaminationMatches),
            ],
            "first_answer": time(firstAnswer), "last_answer": time(lastAnswer),
        ]
    }
}

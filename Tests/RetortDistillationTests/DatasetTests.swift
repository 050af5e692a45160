// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortClient
import RetortDistillation
import RetortJSON
import TestSupport
import Testing

@Suite("Verified datasets")
struct DatasetTests {
    private let desk: Desk

    init() throws { desk = try Desk() }

    /// Correct is what says "right".
    private static let verifier: Verifier = { _, _, answer, _ in
        if answer.contains("?") { return Verdict(.unverifiable, grader: "test") }
        return answer.contains("right")
            ? Verdict(.correct, grader: "test", score: 1, detail: "says so")
            : Verdict(.wrong, grader: "test")
    }

    /// Different words, so that nothing repeats.
    private static func thought(_ seed: Int, _ words: Int = 30) -> String {
        var random = SeededRandom(seed: UInt64(seed))
        return (0..<words).map { _ in "w\(Int.random(in: 0..<9000, using: &random))" }
            .joined(separator: " ")
    }

    private func fill(_ cache: RequestCache, _ plan: CollectionPlan, _ answers: [ChatCompletion?])
        async throws
    {
        let price = try Desk.prices()["teacher"]
        for (index, answer) in answers.enumerated() {
            guard let answer else { continue }
            // Answers are given by prompt, plans go by sample.
            let planned = plan[
                index / plan.samples + (index % plan.samples) * plan.prompts.count]
            _ = try await cache.lease(planned.key, owner: "a", seconds: 60)
            try await cache.finish(planned.key, owner: "a", answer, price: price)
            desk.advance(86_400)
        }
    }

    private func build(
        _ cache: RequestCache, _ plan: CollectionPlan, _ options: DatasetOptions,
        to name: String = "data"
    ) async throws -> DatasetStatistics {
        try await VerifiedDataset(
            cache: cache, plan: plan, options: options, verifier: Self.verifier
        ).write(to: desk.path(name))
    }

    @Test("Each answer is kept or rejected for one reason, and all are counted")
    func reasons() async throws {
        let cache = try desk.open()
        let plan = try Desk.plan(4, samples: 4) { ["easy", "hard", "easy", nil][$0] }
        let repeated = Self.thought(9)
        try await fill(
            cache, plan,
            [
                try .make("right", reasoning: Self.thought(1)),
                try .make("right but later", reasoning: Self.thought(2)),
                try .make("right cut", finish: "length"),
                try .make("", reasoning: "only thoughts"),
                //
                try .make("wrong"), try .make("no idea?"), try .make("right", finish: "tool_calls"),
                try .make("<think>never ends, right"),
                //
                try .make("right", reasoning: repeated), nil, try .make("right", finish: "weird"),
                nil,
                //
                try .make("right", reasoning: repeated + " almost"), nil, nil, nil,
            ])
        let statistics = try await build(cache, plan, DatasetOptions(name: "Test"))
        #expect(statistics.kept == 2)
        #expect(statistics.answers == 11)
        #expect(statistics.judged == 6)
        #expect(statistics.correct == 4)
        #expect(
            statistics.rejections == [
                .notKept: 1, .cutOff: 1, .emptyAnswer: 1, .wrong: 1, .unverifiable: 1,
                .otherFinish: 2, .unclosedThought: 1, .notCollected: 5, .nearDuplicate: 1,
            ])
        #expect(statistics.rejections.values.reduce(0, +) + statistics.kept == 16)
        let easy = try #require(statistics.levels["easy"])
        #expect((easy.prompts, easy.solved, easy.judged) == (2, 2, 3))
        #expect((easy.correct, easy.kept) == (3, 2))
        #expect(statistics.levels["hard"]?.acceptance == 0)
        #expect(statistics.promptsByCorrect == [0: 1, 1: 2, 2: 1])
        #expect(statistics.cost == (try Dollars(0.21 * 11)))
        #expect(statistics.keptCost == (try Dollars(0.42)))
        let duplicates = try desk.lines("data/duplicates.jsonl")
        #expect(duplicates.count == 1)
        #expect(duplicates.first?["repeats"]?.stringValue == plan[2].key.hash)
        let json = try JSONValue(parsing: try desk.read("data/statistics.json"))
        #expect(json == statistics.json)
        #expect(json["rejections"]?["finish_length"]?.intValue == 1)
    }

    @Test("Request failures are told from requests that were not sent")
    func failed() async throws {
        let cache = try desk.open()
        let plan = try Desk.plan(3)
        try await fill(cache, plan, [try .make("right")])
        _ = try await cache.lease(plan[1].key, owner: "a", seconds: 60)
        try await cache.fail(plan[1].key, owner: "a", ClientError(.refused, "no"))
        let statistics = try await build(cache, plan, DatasetOptions(name: "Test"))
        #expect(statistics.rejections == [.requestFailed: 1, .notCollected: 1])
    }

    private static let policies: [(DatasetOptions.Keep, Int?, [Int])] = [
        (.first, nil, [0]), (.first, 2, [0, 1]), (.shortest, nil, [2]), (.shortest, 2, [1, 2]),
        (.all, nil, [0, 1, 2, 4]), (.all, 3, [0, 1, 2]),
    ]

    @Test("Policies choose among the correct answers", arguments: policies)
    func keep(policy: DatasetOptions.Keep, limit: Int?, expected: [Int]) async throws {
        let cache = try desk.open()
        let plan = try Desk.plan(1, samples: 5)
        let tokens = [90, 50, 20, 10, 50]
        try await fill(
            cache, plan,
            try (0..<5).map {
                try .make(
                    $0 == 3 ? "wrong" : "right", reasoning: Self.thought($0),
                    usage: (10, tokens[$0]))
            })
        _ = try await build(
            cache, plan, DatasetOptions(name: "Test", keep: policy, maximumPerPrompt: limit))
        let kept = try desk.lines("data/train.jsonl").compactMap { $0["sample"]?.intValue }
        #expect(kept == expected)
    }

    @Test("A sample says all that is known of it")
    func sample() async throws {
        let cache = try desk.open()
        let plan = try Desk.plan(1) { _ in "3" }
        try await fill(cache, plan, [try .make("It is right.\n", reasoning: " Let me see ")])
        _ = try await build(
            cache, plan,
            DatasetOptions(
                name: "Test", licence: LicenceVerdict("allowed", identifier: "mit", note: "MIT")))
        let sample = try #require(try desk.lines("data/train.jsonl").first)
        #expect(
            sample["messages"]
                == [
                    ["role": "user", "content": "question 0"],
                    [
                        "role": "assistant", "content": "It is right.",
                        "reasoning_content": "Let me see",
                    ],
                ])
        #expect(sample["prompt_id"] == "p0")
        #expect(sample["teacher"] == "teacher")
        #expect(sample["license_verdict"] == "allowed")
        #expect(sample["request_hash"]?.stringValue == plan[0].key.hash)
        #expect(sample["difficulty"] == "3")
        #expect(sample["finish_reason"] == "stop")
        #expect(
            sample["grader"]
                == ["name": "test", "outcome": "correct", "score": 1.0, "detail": "says so"])
        #expect(sample["cost_usd"] == 0.21)
        #expect(sample["completion_tokens"] == 20)
        #expect(sample["answered"] == "2027-01-15T08:00:00Z")
    }

    @Test(
        "A thought that the endpoint left in the answer is taken out",
        arguments: [
            ("<think>why</think>right", "why", "right"), ("why</think>\n\nright", "why", "right"),
            ("<think>\n</think>right", "", "right"), ("right", "", "right"),
        ])
    func thoughts(content: String, reasoning: String, answer: String) async throws {
        let cache = try desk.open()
        let plan = try Desk.plan(1)
        try await fill(cache, plan, [try .make(content)])
        _ = try await build(cache, plan, DatasetOptions(name: "Test"))
        let message = try #require(
            try desk.lines("data/train.jsonl").first?["messages"]?.arrayValue?.last)
        #expect(message["content"]?.stringValue == answer)
        #expect(message["reasoning_content"]?.stringValue ?? "" == reasoning)
    }

    @Test(
        "Contaminated samples are left out, and each match is written down",
        arguments: [false, true])
    func contamination(withReplies: Bool) async throws {
        let cache = try desk.open()
        let leaked = "how many clips did natalia sell altogether in april and may"
        let prompts = ["harmless", "Tell me \(leaked)!", "harmless too"].map {
            PromptRecord(id: $0, messages: [ChatMessage(.user, $0)])
        }
        let plan = try CollectionPlan(
            prompts: prompts, template: ChatCompletionRequest(model: "teacher", messages: []))
        try await fill(
            cache, plan,
            [
                try .make("right"), try .make("right again"),
                try .make("right", reasoning: "They ask: \(leaked)?"),
            ])
        let index = try ContaminationIndex([
            EvaluationSet(name: "gsm8k", items: [.init(id: "7", text: "So, \(leaked)?")])
        ])
        let options = DatasetOptions(
            name: "Test", contamination: index,
            contaminationScope: withReplies ? .promptAndReply : .prompt)
        let statistics = try await build(cache, plan, options)
        #expect(statistics.kept == (withReplies ? 1 : 2))
        #expect(statistics.rejections[.contaminated] == (withReplies ? 2 : 1))
        let matches = try desk.lines("data/decontamination.jsonl")
        #expect(matches.count == (withReplies ? 2 : 1))
        #expect(matches.first?["request_hash"]?.stringValue == plan[1].key.hash)
        #expect(matches.first?["evaluation"] == "gsm8k")
        #expect(matches.first?["item"] == "7")
        #expect(matches.first?["place"] == "prompt")
        #expect(matches.first?["text"]?.stringValue == leaked)
        if withReplies { #expect(matches.last?["place"] == "reply") }
        let card = try desk.read("data/README.md")
        #expect(card.contains("gsm8k"))
    }

    @Test("The card has the fields that Hugging Face reads and the numbers that people ask for")
    func card() async throws {
        let cache = try desk.open()
        let plan = try Desk.plan(2, samples: 2, maximumTokens: 20) { "level | \($0)" }
        try await fill(
            cache, plan,
            [
                try .make("right", reasoning: Self.thought(1)), try .make("wrong"),
                try .make("cut", finish: "length"), try .make("right", reasoning: Self.thought(2)),
            ])
        let options = DatasetOptions(
            name: "Maths \"by\"\nR1", licence: LicenceVerdict("unknown", note: "see | terms"))
        _ = try await build(cache, plan, options)
        let card = try desk.read("data/README.md")
        let parts = card.components(separatedBy: "---\n")
        #expect(parts[0] == "")
        #expect(
            parts[1] == #"""
                license: "unknown"
                pretty_name: "Maths \"by\"\nR1"
                task_categories:
                - text-generation
                annotations_creators:
                - machine-generated
                language_creators:
                - machine-generated
                size_categories:
                - n<1K
                tags:
                - synthetic
                - distillation
                - reasoning
                - retort
                configs:
                - config_name: default
                  data_files:
                  - split: train
                    path: train.jsonl

                """#)
        for line in [
            #"# Maths "by" R1"#, "| Teacher | `teacher` |",
            #"| Parameters | `{"max_tokens":20}` |"#,
            "| Collected | 2027-01-15 to 2027-01-18 |", "| Samples kept | 2 of 4 answers |",
            "| Cost | $0.84 for all answers, $0.42 for those kept |", #"| Terms | see \| terms |"#,
            #"| level \| 0 | 1 | 1 | 2 | 1 | 50.0 % | 1 |"#, "| all | 2 | 2 | 3 | 2 | 66.7 % | 2 |",
            "| `finish_length` | 1 |", "The prompts were compared with no evaluation set.",
        ] {
            #expect(card.contains(line), "\(line) is not in:\n\(card)")
        }
    }

    @Test("The same answers make the same files")
    func deterministic() async throws {
        let cache = try desk.open()
        let plan = try Desk.plan(20, samples: 3) { "\($0 % 3)" }
        try await fill(
            cache, plan,
            try (0..<60).map {
                try .make($0 % 4 == 0 ? "wrong" : "right", reasoning: Self.thought($0 % 50))
            })
        for (name, concurrency) in [("one", 1), ("two", 8)] {
            _ = try await build(
                cache, plan, DatasetOptions(name: "Test", keep: .all, concurrency: concurrency),
                to: name)
        }
        for file in ["train.jsonl", "README.md", "statistics.json", "duplicates.jsonl"] {
            #expect(try desk.read("one/\(file)") == (try desk.read("two/\(file)")))
        }
        #expect(try desk.lines("one/duplicates.jsonl").count > 3)
    }

    @Test("A dataset that fails leaves nothing behind, and none is written over")
    func nothingLeft() async throws {
        let cache = try desk.open()
        let plan = try Desk.plan(1)
        let error = await #expect(throws: DistillationError.self) {
            _ = try await build(cache, plan, DatasetOptions(name: "Test"))
        }
        #expect(error?.description.contains("not_collected 1") == true)
        let folder = URL(fileURLWithPath: desk.path("x")).deletingLastPathComponent()
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names.allSatisfy { $0.hasPrefix("cache.sqlite") })
        try await fill(cache, plan, [try .make("right")])
        _ = try await build(cache, plan, DatasetOptions(name: "Test"))
        let before = try desk.read("data/train.jsonl")
        await #expect(throws: DistillationError.self) {
            _ = try await build(cache, plan, DatasetOptions(name: "Test"))
        }
        #expect(try desk.read("data/train.jsonl") == before)
    }

    private static let wrongOptions: [DatasetOptions] = [
        DatasetOptions(name: "", maximumPerPrompt: 0),
        DatasetOptions(name: "", duplicateThreshold: 0.3),
        DatasetOptions(name: "", duplicateThreshold: .nan),
        DatasetOptions(name: "", shingleLength: 0),
    ]

    @Test("Options out of bounds are refused", arguments: 0..<wrongOptions.count)
    func options(index: Int) async throws {
        let cache = try desk.open()
        #expect(throws: DistillationError.self) {
            _ = try VerifiedDataset(
                cache: cache, plan: try Desk.plan(1), options: Self.wrongOptions[index],
                verifier: Self.verifier)
        }
    }
}

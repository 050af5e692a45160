// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import RetortTokenizers
import RetortTraining
import TestSupport
import Testing

@Suite("Tasks as what a policy learns from") struct TaskEnvironmentTests {
    private static let template = """
        {% for message in messages %}{{ message.content }}{% endfor %}{% if add_generation_prompt %} = {% endif %}
        {#- <think></think> -#}
        """

    private func environment(
        _ task: JSONValue, rewards: JSONValue = .null, template: String? = template
    ) throws -> (environment: TaskEnvironment, tokenizer: Tokenizer) {
        let bytes = try DataTokenizer(path: fixture("data/tokenizer-bytes.json").path).tokenizer
        let settings = try TaskSettings(task: task, rewards: rewards)
        return (
            try TaskEnvironment(
                settings, DataTokenizer(bytes, chatTemplate: template), seed: 3), bytes
        )
    }

    private func answer(
        _ text: String, to problem: PolicyProblem, _ tokenizer: Tokenizer, isFinished: Bool = true
    ) throws -> PolicyAnswer {
        let end = tokenizer.eosID ?? 0
        let tokens = tokenizer.encode(text, addSpecialTokens: false)
        return PolicyAnswer(
            problem: problem, tokens: isFinished ? tokens + [end] : tokens, isFinished: isFinished)
    }

    /// The product that a rendered prompt asks for.
    private func product(_ problem: PolicyProblem, _ tokenizer: Tokenizer) -> Int {
        tokenizer.decode(problem.prompt).split { !$0.isNumber }.compactMap { Int($0) }
            .reduce(1, *)
    }

    @Test("problems are the same every time, and none of them is held out") func problems() throws {
        let task: JSONValue = ["name": "multiplication", "digits": [1, "2x1", 2]]
        let (first, tokenizer) = try environment(task)
        let (second, _) = try environment(task)
        #expect(first.levels == ["multiplication-1x1", "multiplication-2x1", "multiplication-2x2"])
        let held = Set(try first.heldOut(200).map(\.id))
        #expect(held.count == 200)
        for level in 0..<3 {
            for index in [0, 1, 700, 3, 20_000] {
                let problem = try first.problem(index, level: level)
                #expect(try second.problem(index, level: level) == problem)
                #expect(!held.contains(problem.id))
                let text = tokenizer.decode(problem.prompt)
                #expect(text.hasPrefix("What is ") && text.hasSuffix("= "))
            }
        }
    }

    @Test("answers are rewarded for accuracy, format and language") func rewards() throws {
        let (environment, tokenizer) = try environment(
            ["name": "multiplication", "digits": 2, "prompt_suffix": " Think."],
            rewards: ["accuracy": 1, "format": 0.25, "language": 0.5])
        let problem = try environment.problem(0, level: 0)
        #expect(tokenizer.decode(problem.prompt).contains("? Think."))
        let right = product(problem, tokenizer)
        let texts = [
            "<think>easy</think>\(right)", "\(right)", "<think>easy</think>\(right + 1)",
            "<think>\(right)</think>none", "<think>ага</think>\(right)", "",
        ]
        let answers = try texts.map { try answer($0, to: problem, tokenizer) }
        let found = try environment.rewards(answers)
        #expect(found.map(\.isCorrect) == [true, true, false, false, true, false])
        #expect(found.map(\.thinks) == [true, false, true, true, true, false])
        #expect(found.map { $0.parts["format"] } == [0.25, 0, 0.25, 0, 0.25, 0])
        #expect(found.map { $0.parts["language"] } == [0.5, 0.5, 0.5, 0.5, 0, 0.5])
        #expect(found[0].total == 1.75)
        let cut = try answer(
            "<think>easy</think>\(right)", to: problem, tokenizer, isFinished: false)
        #expect(try environment.rewards([cut])[0].isCorrect == false)
    }

    @Test("without a template the text itself is the prompt") func plain() throws {
        let (environment, tokenizer) = try environment(["name": "addition"], template: nil)
        let text = tokenizer.decode(try environment.problem(5, level: 0).prompt)
        #expect(text.contains("What is ") && text.contains("+"))
    }

    @Test("problems of a file are gone through again and again") func file() throws {
        let folder = try TemporaryFolder()
        let train = try folder.write(
            #"{"prompt": "one", "answer": "1"}"# + "\n" + #"{"prompt": "two", "answer": "2"}"#
                + "\n",
            to: "train.jsonl")
        let held = try folder.write(#"{"prompt": "three", "answer": "3"}"# + "\n", to: "held.jsonl")
        let (environment, tokenizer) = try environment([
            "name": .string("file:\(train)"), "held_out": .string("\(held)"),
        ])
        let ids = try (0..<4).map { try environment.problem($0, level: 0).id }
        #expect(ids[0] != ids[1] && ids[0] == ids[2] && ids[1] == ids[3])
        #expect(try environment.heldOut(10).map { tokenizer.decode($0.prompt) } == ["three = "])
    }

    @Test(
        "what is wrong is named",
        arguments: [
            ("{}", "rl.task.name"), (#"{"name": "chess"}"#, "chess"),
            (#"{"name": "multiplication", "digits": "3x"}"#, "3x"),
            (#"{"name": "multiplication", "digits": []}"#, "empty"),
            (#"{"name": "multiplication", "digits": 40}"#, "18"),
            (#"{"name": "multiplication", "colour": 1}"#, "colour"),
            (#"{"name": "file:a.jsonl"}"#, "held_out"),
        ])
    func wrong(text: String, named: String) throws {
        let task = try JSONValue(parsing: Array(text.utf8))
        do {
            _ = try TaskSettings(task: task, rewards: .null)
            Issue.record("nothing was thrown")
        } catch { #expect("\(error)".contains(named)) }
    }
}

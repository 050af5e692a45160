// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortEngine
import RetortFormats
import RetortJSON
import RetortModels
import RetortTensor
import RetortTokenizers
import RetortTraining
import Synchronization
import TestSupport
import Testing

/// Answers are worth the share of their tokens whose ids leave 1 when divided by 4. A quarter of the
/// vocabulary ends an answer, so that those of a model that knows nothing end at all.
private struct Letters: PolicyEnvironment {
    let levels: [String]
    let tokens: [Int32]
    let opening: Int32

    func problem(_ index: Int, level: Int) throws -> PolicyProblem {
        let token = tokens[(index + level) % tokens.count]
        return PolicyProblem(id: "\(level)-\(index)", prompt: [opening, token], level: level)
    }

    func heldOut(_ count: Int) throws -> [PolicyProblem] {
        (0..<count).map {
            PolicyProblem(id: "\($0)", prompt: [opening, tokens[$0 % tokens.count]], level: 0)
        }
    }

    func rewards(_ answers: [PolicyAnswer]) throws -> [PolicyReward] { answers.map(reward) }

    private func reward(_ answer: PolicyAnswer) -> PolicyReward {
        guard answer.isFinished else {
            return PolicyReward(total: 0, parts: ["share": 0], isCorrect: false, thinks: false)
        }
        let text = answer.tokens.dropLast()
        let right = text.count { $0 % 4 == 1 }
        let share = text.isEmpty ? 0 : Double(right) / Double(text.count)
        return PolicyReward(
            total: share, parts: ["share": share], isCorrect: share > 0.7, thinks: text.count > 3)
    }
}

/// Three levels: answers to the first are always right, to the last never, to the one between now and then.
private struct Levels: PolicyEnvironment {
    final class Asked: Sendable {
        let counts = Mutex([0, 0, 0])
    }

    let levels = ["easy", "edge", "hard"]
    let letters: Letters
    let asked = Asked()

    func problem(_ index: Int, level: Int) throws -> PolicyProblem {
        asked.counts.withLock { $0[level] += 1 }
        return try letters.problem(index, level: level)
    }

    func heldOut(_ count: Int) throws -> [PolicyProblem] { try letters.heldOut(count) }

    func rewards(_ answers: [PolicyAnswer]) throws -> [PolicyReward] {
        answers.enumerated().map { index, answer in
            let isRight = answer.problem.level == 0 || (answer.problem.level == 1 && index % 2 == 0)
            return PolicyReward(
                total: isRight ? 1 : 0, parts: [:], isCorrect: isRight, thinks: false)
        }
    }
}

@Suite("Reinforcement") struct PolicyTrainerTests {
    @Test("problems come from where answers differ") func curriculum() throws {
        let small = try start("llama")
        let environment = Levels(letters: try environment(small, levels: 3))
        let recipe = try recipe(small, steps: 30, ["prompts": 12, "group_size": 2])
        #expect(try PolicyTrainer(recipe, environment).run())
        let counts = environment.asked.counts.withLock { $0 }
        #expect(counts.reduce(0, +) == 360)
        // A share of 0.27 of 0.31, once it is known; the others are asked now and then.
        #expect(counts[1] > 250 && counts[0] > 3 && counts[2] > 3, "\(counts)")
        let last = try #require(try metrics(small, "run").last)
        #expect(last["pass_rate/easy"]?.doubleValue == 1)
        #expect(last["pass_rate/hard"]?.doubleValue == 0)
        #expect(abs((last["pass_rate/edge"]?.doubleValue ?? 0) - 0.5) < 0.1)
    }

    private func environment(_ small: SmallRun, levels: Int = 1) throws -> Letters {
        let tokenizer = try DataTokenizer(path: small.folder.path("tokenizer")).tokenizer
        return Letters(
            levels: (0..<levels).map { "level \($0)" },
            tokens: tokenizer.encode("abc", addSpecialTokens: false),
            opening: tokenizer.encode("?", addSpecialTokens: false)[0])
    }

    /// A model to begin from, which knows nothing.
    private func start(_ kind: String) throws -> SmallRun {
        let small = try SmallRun(kind)
        try small.makeStart()
        let size = try Checkpoint(path: small.folder.path("base/model")).config.vocabSize
        let ends = stride(from: 0, to: size, by: 4).map { String($0) }.joined(separator: ", ")
        _ = try small.folder.write(
            "{\"eos_token_id\": [\(ends)]}", to: "base/model/generation_config.json")
        return small
    }

    private func recipe(
        _ small: SmallRun, output: String = "run", steps: Int, _ settings: [String: JSONValue] = [:]
    ) throws -> Recipe {
        var policy: [String: JSONValue] = [
            "prompts": 4, "group_size": 8, "max_tokens": 10, "places": 24,
            "evaluation": ["problems": 30, "every": 5],
        ]
        policy.merge(settings) { $1 }
        let object: JSONValue = [
            "kind": "rl", "output": .string(small.folder.path(output)), "threads": 2,
            "model": ["from": .string(small.folder.path("base/model"))],
            "data": ["length": 24],
            "training": ["batch": 8, "steps": .integer(Int64(steps)), "compute": "f32"],
            "optimizer": ["learning_rate": 1e-2, "weight_decay": 0],
            "schedule": ["kind": "constant"], "checkpoints": ["every": 4, "keep": 3],
            "rl": .object(JSONObject(policy.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })),
        ]
        return try Recipe(object)
    }

    private func metrics(_ small: SmallRun, _ output: String) throws -> [JSONValue] {
        let text = try String(
            contentsOfFile: small.folder.path("\(output)/metrics.jsonl"), encoding: .utf8)
        return try text.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
    }

    @Test("rewards rise", arguments: PolicyVariant.allCases)
    func learns(variant: PolicyVariant) throws {
        let small = try start("llama")
        let recipe = try recipe(small, steps: 40, ["variant": .string(variant.rawValue)])
        let trainer = try PolicyTrainer(recipe, environment(small))
        let before = try trainer.evaluate()
        #expect(try trainer.run())
        let after = try trainer.evaluate()
        #expect(after.accuracy > before.accuracy + 0.2, "\(before) to \(after)")
        let lines = try metrics(small, "run")
        #expect(lines.count == 40)
        for key in ["reward", "accuracy", "p_think", "completion_length", "informative_groups"] {
            #expect(lines.allSatisfy { ($0[key]?.doubleValue ?? -1) >= 0 }, "\(key)")
        }
        #expect(lines.compactMap { $0["eval_accuracy"] }.count == 8)
        _ = try Checkpoint(path: small.folder.path("run/model"))
    }

    @Test(
        "a run that was stopped goes on with the same bits",
        arguments: ["plain", "reference", "minibatches"], ["llama", "deepseek"])
    func resume(kind: String, model: String) throws {
        let small = try start(model)
        let settings: [String: JSONValue] =
            switch kind {
            case "reference": ["kl": 0.1, "reference_every": 3]
            case "minibatches": ["epochs": 2, "minibatches": 2, "clip": 0.1]
            default: [:]
            }
        let environment = try environment(small, levels: 2)
        let whole = try PolicyTrainer(
            recipe(small, output: "whole", steps: 9, settings), environment)
        #expect(try whole.run())
        var asked = 0
        var first: PolicyTrainer? = try PolicyTrainer(
            recipe(small, output: "parts", steps: 9, settings), environment)
        #expect(
            try first?.run(shouldStop: {
                asked += 1
                return asked > 60
            }) == false)
        first = nil
        let second = try PolicyTrainer(
            recipe(small, output: "parts", steps: 9, settings), environment, resume: true)
        #expect(second.summary.firstStep > 0)
        #expect(try second.run())
        let (a, b) = (try metrics(small, "whole"), try metrics(small, "parts"))
        #expect(a.count == 9 && b.count == 9)
        for key in ["reward", "loss", "grad_norm", "kl", "clip_ratio", "entropy"] {
            #expect(a.map { $0[key]?.doubleValue } == b.map { $0[key]?.doubleValue }, "\(key)")
        }
        if kind == "reference" { #expect(a.contains { ($0["kl"]?.doubleValue ?? 0) > 0 }) }
        if kind == "minibatches" {
            #expect(a.contains { ($0["clip_ratio"]?.doubleValue ?? 0) > 0 })
        }
        let name = "model/model.safetensors"
        #expect(
            try contents(small.folder.path("whole/\(name)"))
                == contents(small.folder.path("parts/\(name)")))
    }

    @Test("a student comes nearer to a teacher on what it writes itself, and resumes to the bit")
    func onPolicy() throws {
        let small = try start("llama")
        // A teacher that has learned something else.
        let environment = try environment(small)
        _ = try PolicyTrainer(recipe(small, output: "teacher", steps: 25), environment).run()
        func student(_ output: String) throws -> Recipe {
            let object: JSONValue = [
                "kind": "distill", "output": .string(small.folder.path(output)), "threads": 2,
                "model": ["from": .string(small.folder.path("base/model"))],
                "data": ["length": 24], "training": ["batch": 8, "steps": 25, "compute": "f32"],
                "optimizer": ["learning_rate": 1e-2, "weight_decay": 0],
                "schedule": ["kind": "constant"], "checkpoints": ["every": 4, "keep": 3],
                "rl": [
                    "prompts": 4, "group_size": 8, "max_tokens": 10, "places": 24,
                    "evaluation": ["problems": 30, "every": 5],
                ],
                "distill": [
                    "method": "on_policy",
                    "teacher": ["model": .string(small.folder.path("teacher/model"))],
                ],
            ]
            return try Recipe(object)
        }
        let whole = try PolicyTrainer(student("whole"), environment)
        let before = try whole.evaluate()
        #expect(try whole.run())
        #expect(try whole.evaluate().accuracy > before.accuracy + 0.2)
        let lines = try metrics(small, "whole")
        let divergences = lines.compactMap { $0["kl"]?.doubleValue }
        #expect(divergences.count == 25 && divergences.allSatisfy { $0 > 0 })
        #expect(divergences[20...].reduce(0, +) / 5 < 0.5 * divergences[0], "\(divergences)")
        var asked = 0
        _ = try PolicyTrainer(student("parts"), environment).run(shouldStop: {
            asked += 1
            return asked > 90
        })
        #expect(try PolicyTrainer(student("parts"), environment, resume: true).run())
        let name = "model/model.safetensors"
        #expect(
            try contents(small.folder.path("whole/\(name)"))
                == contents(small.folder.path("parts/\(name)")))
    }

    @Test(
        "a model that is trained answers as it does from the disk",
        arguments: ["llama", "deepseek"],
        [3, 16, 17, 40])
    func inMemory(model: String, places: Int) throws {
        let small = try start(model)
        let path = small.folder.path("base/model")
        let opened = try ReasoningModel(path: path)
        let trained = try LanguageModel(
            training: ParameterSource(Checkpoint(path: path)), threads: 2)
        let prompts = try (0..<8).map {
            try opened.tokenizer.encode("\($0) red apples and", addSpecialTokens: false)
        }
        var sampling = SamplingParameters()
        sampling.temperature = 1
        let models = [(opened.languageModel, 3), (opened.languageModel, places), (trained, places)]
        let answers = try models.map { model, places in
            try RolloutSampler(
                model, places: places, contextLength: 64, stopTokens: opened.stopTokens
            ).sample(prompts, count: 5, sampling: sampling, maximumTokens: 20, seed: 4)
        }
        #expect(answers[0] == answers[1] && answers[1] == answers[2])
    }

    @Test("sampling answers greedily is what the generator does", arguments: ["llama", "deepseek"])
    func greedy(model: String) throws {
        let small = try start(model)
        let opened = try ReasoningModel(path: small.folder.path("base/model"))
        let generator = try Generator(opened, contextLength: 64, cacheType: .f32)
        let sampler = try RolloutSampler(
            opened.languageModel, places: 5, contextLength: 64, stopTokens: opened.stopTokens)
        let tokenizer = try opened.tokenizer
        let prompts = ["one red", "two", "apples and green apples are", "x"].map {
            tokenizer.encode($0, addSpecialTokens: false)
        }
        let rollouts = try #require(
            try sampler.sample(
                prompts, count: 3, sampling: SamplingParameters(), maximumTokens: 20, seed: 1))
        for (prompt, group) in zip(prompts, rollouts) {
            var request = GenerationRequest(prompt: prompt)
            request.maximumTokens = 20
            var wanted: [Int32] = []
            _ = try generator.generate(request) { token in
                wanted.append(token)
                return true
            }
            for answer in group {
                #expect(answer.tokens.prefix(wanted.count) == wanted[...])
                #expect(answer.tokens.count - wanted.count == (answer.isFinished ? 1 : 0))
            }
        }
    }

    @Test("equal seeds give equal answers, in however many places", arguments: [1, 3, 40])
    func seeds(places: Int) throws {
        let small = try start("llama")
        let opened = try ReasoningModel(path: small.folder.path("base/model"))
        func sample(_ places: Int, seed: UInt64) throws -> [[RolloutSampler.Rollout]]? {
            let sampler = try RolloutSampler(
                opened.languageModel, places: places, contextLength: 40,
                stopTokens: opened.stopTokens)
            var sampling = SamplingParameters()
            sampling.temperature = 1
            return try sampler.sample(
                [[3, 4, 5], [6], [3, 9]], count: 4, sampling: sampling, maximumTokens: 12,
                seed: seed)
        }
        let first = try sample(16, seed: 5)
        #expect(try sample(places, seed: 5) == first)
        #expect(try sample(places, seed: 6) != first)
        #expect(Set((first?[0] ?? []).map(\.tokens)).count > 1)
    }

    @Test("what does not fit together is refused") func refused() throws {
        let small = try start("llama")
        let environment = try environment(small)
        let lora: JSONValue = [
            "kind": "rl", "output": .string(small.folder.path("run")),
            "model": ["from": .string(small.folder.path("base/model"))],
            "training": ["steps": 2], "lora": ["rank": 2], "rl": [:],
        ]
        #expect(
            trainingFailure { _ = try PolicyTrainer(Recipe(lora), environment) }
                .contains("merge the adapter"))
        #expect(
            trainingFailure { _ = try recipe(small, steps: 2, ["variant": "ppo"]) }
                .contains("grpo, dr_grpo, dapo, rloo"))
        #expect(
            trainingFailure { _ = try recipe(small, steps: 2, ["minibatches": 100]) }
                .contains("32 answers"))
        let long = try recipe(small, steps: 2, ["max_tokens": 200])
        #expect(try PolicyTrainer(long, environment).run())
    }
}

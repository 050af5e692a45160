// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import RetortModels
import RetortTraining
import TestSupport
import Testing

@Suite struct GroupTrainingTests {
    @Test(
        "ranks with b rows each take the steps of one rank with all the rows",
        arguments: TinyRun.models.keys.sorted(), [2, 3])
    func ranks(model: String, ranks: Int) throws {
        let folder = try TemporaryFolder()
        let run = try TinyRun(folder, model: model)
        let alone = try run.train("alone", batch: 2 * ranks)[0]
        let all = try run.train("together", batch: 2, ranks: ranks)
        #expect(alone.steps.count == 8)
        for one in all { expectSame(one.steps, alone.steps) }
        // Several buckets a step, the same ones at each.
        let buckets = all[0].buckets
        let each = buckets.count / 8
        #expect(each >= 4 && buckets.count == 8 * each)
        #expect(all.allSatisfy { $0.buckets == buckets })
        #expect(Array(buckets.prefix(each)) == Array(buckets.suffix(each)))
    }

    @Test("passes of a step are summed before they are sent") func accumulation() throws {
        let folder = try TemporaryFolder()
        let run = try TinyRun(folder, model: "llama")
        let alone = try run.train("alone", batch: 8)[0]
        let all = try run.train("together", batch: 2, ranks: 2, ["training.accumulation": 2])
        expectSame(all[0].steps, alone.steps)
    }

    @Test(
        "a rank that has padding alone takes part in the step",
        arguments: ["deepseek", "tied"])
    func padding(model: String) throws {
        let folder = try TemporaryFolder()
        let run = try TinyRun(folder, model: model, lines: 13)
        let changes: [String: JSONValue] = [
            "data.packing": "single", "data.validation_every": .null, "training.steps": .null,
            "training.epochs": 1,
        ]
        let alone = try run.train("alone", batch: 2, changes)[0]
        let all = try run.train("together", batch: 1, ranks: 2, changes)
        // 13 rows: the last step has one.
        #expect(alone.steps.count == 7)
        for one in all { expectSame(one.steps, alone.steps) }
    }

    @Test("adapters are trained together; those that no layer would use are refused")
    func adapters() throws {
        let folder = try TemporaryFolder()
        let run = try TinyRun(folder, model: "deepseek")
        _ = try run.train("base", batch: 2, ["training.steps": 1])
        let changes: [String: JSONValue] = [
            "model": ["from": .string(folder.path("base") + "/model")],
            "lora": ["rank": 2, "targets": ["q_a_proj", "kv_b_proj", "o_proj"]],
        ]
        let alone = try run.train("alone", batch: 4, changes)[0]
        let all = try run.train("together", batch: 2, ranks: 2, changes)
        for one in all { expectSame(one.steps, alone.steps) }
        var experts = changes
        experts["lora"] = ["rank": 2, "targets": ["q_a_proj", "gate_proj"]]
        #expect(throws: ModelError.self) { _ = try run.train("experts", batch: 2, experts) }
    }

    @Test("one rank's stop stops all; another number of ranks goes on") func resume() throws {
        let folder = try TemporaryFolder()
        let run = try TinyRun(folder, model: "llama")
        let alone = try run.train("alone", batch: 4)[0]
        let first = try run.train("run", batch: 2, ranks: 2, stop: (rank: 1, step: 3))
        #expect(first.allSatisfy { $0.steps.count == 3 && !$0.isFinished })
        let rest = try run.train("run", batch: 4, resume: true)[0]
        #expect(rest.isFinished)
        expectSame(first[0].steps + rest.steps, alone.steps)
    }

    @Test("in epochs, a step keeps its rows") func otherRows() throws {
        let folder = try TemporaryFolder()
        let run = try TinyRun(folder, model: "llama")
        let epochs: [String: JSONValue] = ["training.steps": .null, "training.epochs": 1]
        _ = try run.train("run", batch: 2, ranks: 2, epochs, stop: (rank: 0, step: 2))
        let message = trainingFailure {
            _ = try run.train("run", batch: 2, epochs, resume: true)
        }
        #expect(message.contains("4 rows") && message.contains("now there are 2"))
    }

    @Test("processes that differ say so instead of waiting") func disagreement() throws {
        let folder = try TemporaryFolder()
        let run = try TinyRun(folder, model: "llama")
        let recipe = try run.recipe("run", batch: 2)
        let results = together(3) { group in
            var own = recipe
            if group.rank == 2 { own.learningRate = 1 }
            _ = try Trainer(own, group: group).run()
        }
        for result in results {
            let message = trainingFailure { _ = try result.get() }
            #expect(message.contains("1 of 3 processes have another recipe"))
        }
    }

    @Test("a rank that fails ends the others") func failure() throws {
        let folder = try TemporaryFolder()
        let run = try TinyRun(folder, model: "llama")
        let recipe = try run.recipe("run", batch: 2)
        let results = together(2) { group in
            _ = try Trainer(recipe, group: group).run(observe: { event in
                if case .step(let metrics) = event, metrics.step == 3, group.rank == 0 {
                    throw TrainingError("the disk is full")
                }
            })
        }
        let messages = results.map { result in trainingFailure { _ = try result.get() } }
        #expect(messages == ["the disk is full", "another thread is gone"])
    }

    private func expectSame(
        _ steps: [StepMetrics], _ others: [StepMetrics],
        location: SourceLocation = #_sourceLocation
    ) {
        #expect(steps.count == others.count, sourceLocation: location)
        func close(_ a: Double?, _ b: Double?, _ limit: Double = 1e-5) {
            guard let a, let b else {
                #expect(a == nil && b == nil, sourceLocation: location)
                return
            }
            #expect(abs(a - b) < limit, sourceLocation: location)
        }
        for (a, b) in zip(steps, others) {
            #expect(a.step == b.step && a.tokens == b.tokens, sourceLocation: location)
            close(a.loss, b.loss)
            close(a.predictionLoss, b.predictionLoss)
            close(a.balanceLoss, b.balanceLoss)
            close(a.validation?.loss, b.validation?.loss)
            close(a.validation?.bitsPerByte, b.validation?.bitsPerByte)
            close(Double(a.gradientNorm / b.gradientNorm), 1, 1e-4)
            #expect(a.expertLoad == b.expertLoad, sourceLocation: location)
        }
    }
}

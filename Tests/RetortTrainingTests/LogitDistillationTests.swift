// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortFormats
import RetortJSON
import RetortTensor
import RetortTraining
import TestSupport
import Testing

@Suite("Distillation of distributions") struct LogitDistillationTests {
    /// A run whose teacher is `base/model`.
    private func recipe(
        _ small: SmallRun, _ output: String, from start: String? = nil, steps: Int = 12,
        method: String = "logits", loss: JSONValue = [:]
    ) throws -> Recipe {
        try Recipe([

            "kind": "distill", "output": .string(small.folder.path(output)), "threads": 2,
            "model": ["from": .string(small.folder.path(start ?? "student/model"))],
            "data": ["train": .string(small.folder.path("corpus.jsonl")), "length": 24],
            "training": ["batch": 4, "steps": .integer(Int64(steps)), "compute": "f32"],
            "optimizer": ["learning_rate": 1e-2, "weight_decay": 0],
            "checkpoints": ["every": 4, "keep": 3],
            "distill": [
                "method": .string(method), "loss": loss,
                "teacher": ["model": .string(small.folder.path("base/model"))],
            ],
        ])
    }

    /// A teacher that knows something, and a student of other weights.
    private func start() throws -> SmallRun {
        let small = try SmallRun("llama")
        _ = try Trainer(small.recipe(output: "base", steps: 40)).run()
        var other = try small.recipe(output: "student", steps: 1)
        other.seed = 77
        _ = try Trainer(other).run()
        return small
    }

    @Test(
        "a student comes nearer to its teacher",
        arguments: [
            #"{}"#, #"{"divergence": "reverse"}"#, #"{"divergence": "jsd", "beta": 0.3}"#,
            #"{"top_k": 8}"#, #"{"top_k": 8, "divergence": "reverse", "temperature": 2}"#,
        ])
    func learns(loss: String) throws {
        let small = try start()
        let recipe = try recipe(
            small, "run", steps: 40, loss: JSONValue(parsing: Array(loss.utf8)))
        #expect(try Trainer(recipe).run())
        let losses = try small.metrics("run").compactMap { $0["loss"]?.doubleValue }
        #expect(losses.allSatisfy { $0 >= -1e-5 })
        #expect(try #require(losses.last) < 0.4 * losses[0], "\(losses)")
    }

    @Test("a student that is the teacher has nothing to learn") func same() throws {
        let small = try start()
        for loss: JSONValue in [[:], ["divergence": "reverse"], ["divergence": "jsd"]] {
            let recipe = try recipe(small, "run", from: "base/model", steps: 1, loss: loss)
            _ = try Trainer(recipe).run()
            let first = try #require(try small.metrics("run").first)
            #expect(abs(try #require(first["loss"]?.doubleValue)) < 1e-5)
            #expect(try #require(first["gradient_norm"]?.doubleValue) < 1e-4)
            try FileManager.default.removeItem(atPath: small.folder.path("run"))
        }
    }

    @Test(
        "what is kept on the disk stands in for the teacher",
        arguments: [#"{}"#, #"{"top_k": 12}"#])
    func cache(loss: String) throws {
        let small = try start()
        var settings = try JSONValue(parsing: Array(loss.utf8)).objectValue ?? JSONObject()
        let plain = try recipe(small, "plain", loss: .object(settings))
        _ = try Trainer(plain).run()
        settings["cache"] = .string(small.folder.path("cache"))
        for output in ["first", "second"] {
            _ = try Trainer(recipe(small, output, loss: .object(settings))).run()
        }
        func losses(_ run: String) throws -> [Double] {
            try small.metrics(run).compactMap { $0["loss"]?.doubleValue }
        }
        let (expected, first, second) = (
            try losses("plain"), try losses("first"), try losses("second")
        )
        for (index, loss) in expected.enumerated() {
            // Probabilities are halves of floats on the disk.
            #expect(abs(first[index] - loss) < 0.01 * loss + 1e-3)
        }
        // What a run found on the disk is what another put there.
        #expect(first == second)
        #expect(try small.weights("first") == small.weights("second"))
        let names = try FileManager.default.contentsOfDirectory(
            atPath: small.folder.path("cache"))
        #expect(names.count == 1)
    }

    @Test("a run that is stopped goes on with the same bits") func resume() throws {
        let small = try start()
        _ = try Trainer(recipe(small, "whole")).run()
        let cut = try recipe(small, "cut")
        var taken = 0
        _ = try Trainer(cut).run(shouldStop: {
            taken += 1
            return taken == 7
        })
        #expect(try Trainer(cut, resume: true).run())
        #expect(try small.weights("cut") == small.weights("whole"))
    }

    @Test("another vocabulary is refused before the first token") func vocabulary() throws {
        let small = try start()
        let path = small.folder.path("base/model/tokenizer.json")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let changed = text.replacingOccurrences(of: "<|endoftext|>", with: "<|theend|>")
        try changed.write(toFile: path, atomically: true, encoding: .utf8)
        #expect {
            _ = try Trainer(recipe(small, "run"))
        } throws: { error in
            let text = "\(error)"
            return text.contains("<|theend|>") && text.contains("<|endoftext|>")
        }
    }

    @Test(
        "a recipe that makes no sense is refused",
        arguments: [
            #"{"method": "logits", "teacher": {"endpoint": "http://localhost"}}"#,
            #"{"method": "logits"}"#, #"{"method": "magic", "teacher": {"model": "x"}}"#,
            #"{"method": "traces", "teacher": {"model": "x"}, "loss": {"cache": "x"}}"#,
            #"{"method": "logits", "teacher": {"model": "x"}, "loss": {"divergence": "total"}}"#,
            #"{"method": "logits", "teacher": {"model": "x"}, "losses": {}}"#,
            #"{"method": "logits", "teacher": {"model": "x"}, "loss": {"divergence": "jsd", "beta": 1}}"#,
        ])
    func refused(text: String) throws {
        let recipe: JSONValue = [
            "kind": "distill", "output": "x", "model": ["from": "x"], "training": ["steps": 1],
            "distill": try JSONValue(parsing: Array(text.utf8)),
        ]
        #expect(throws: TrainingError.self) { _ = try Recipe(recipe) }
    }
}

@Suite("Kept distributions") struct TeacherCacheTests {
    private func key(_ byte: UInt8) -> TeacherCache.Key {
        .init([UInt8](repeating: byte, count: 16))
    }

    private func targets(_ count: Int, seed: UInt64) throws -> TeacherTargets {
        let targets = try TeacherTargets(tokens: 6, count: count)
        var random = SeededRandom(seed: seed)
        for token in 0..<6 {
            let ids = Array(0..<100).shuffled(using: &random)
            for index in 0..<count {
                targets.ids[token * count + index] = Int32(count == 100 ? index : ids[index])
                targets.probabilities[token * count + index] = .random(in: 0...1, using: &random)
            }
            // A distribution, of which some is left to others if there are any.
            let row = targets.probabilities + token * count
            let sum = (0..<count).reduce(Float(0)) { $0 + row[$1] }
            let rest: Float = count == 100 ? 0 : [0.3, 1e-3, 1e-5][token % 3]
            for index in 0..<count { row[index] *= (1 - rest) / sum }
        }
        return targets
    }

    @Test("texts come back after the file was opened again", arguments: [5, 100])
    func reopened(count: Int) throws {
        let folder = try TemporaryFolder()
        let path = folder.path("deep/a.logits")
        let written = try targets(count, seed: 1)
        do {
            let cache = try TeacherCache(path: path, count: count, vocabulary: 100, temperature: 1)
            try cache.store(key(1), from: written, at: [0, 2, 5])
            try cache.store(key(2), from: written, at: [4])
            #expect(throws: TrainingError.self) {
                _ = try TeacherCache(path: path, count: count, vocabulary: 100, temperature: 1)
            }
        }
        let cache = try TeacherCache(path: path, count: count, vocabulary: 100, temperature: 1)
        #expect(cache.textCount == 2)
        let read = try targets(count, seed: 2)
        #expect(try cache.load(key(1), into: read, at: [1, 3, 0]))
        #expect(try !cache.load(key(1), into: read, at: [1, 3]))
        #expect(try !cache.load(key(3), into: read, at: [1]))
        for (from, to) in [(0, 1), (2, 3), (5, 0)] {
            for index in 0..<count {
                let (a, b) = (from * count + index, to * count + index)
                #expect(read.ids[b] == written.ids[a])
                let (was, now) = (written.probabilities[a], read.probabilities[b])
                #expect(abs(now - was) < 6e-3 * was + 1e-12)
            }
            func rest(_ targets: TeacherTargets, _ token: Int) -> Float {
                1 - (0..<count).reduce(0) { $0 + targets.probabilities[token * count + $1] }
            }
            let (was, now) = (rest(written, from), rest(read, to))
            #expect(abs(now - was) < 5e-3 * was + 1e-6)
        }
    }

    @Test("a file that was cut off anywhere keeps its whole texts") func cut() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("a.logits")
        let written = try targets(5, seed: 1)
        do {
            let cache = try TeacherCache(path: path, count: 5, vocabulary: 100, temperature: 1)
            try cache.store(key(1), from: written, at: [0, 1])
            try cache.store(key(2), from: written, at: [2, 3])
        }
        let whole = try contents(path)
        for length in 0...whole.count {
            try Data(whole[..<length]).write(to: URL(fileURLWithPath: path))
            let cache = try TeacherCache(path: path, count: 5, vocabulary: 100, temperature: 1)
            let expected = length == whole.count ? 2 : length >= (whole.count - 20) / 2 + 20 ? 1 : 0
            #expect(cache.textCount == expected, "\(length) of \(whole.count)")
            try cache.store(key(9), from: written, at: [5])
        }
        for index in 20..<whole.count {
            var damaged = whole
            damaged[index] ^= 0x10
            try Data(damaged).write(to: URL(fileURLWithPath: path))
            let cache = try TeacherCache(path: path, count: 5, vocabulary: 100, temperature: 1)
            #expect(cache.textCount < 2)
        }
    }

    @Test("a cache of other settings is refused") func foreign() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("a.logits")
        _ = try TeacherCache(path: path, count: 5, vocabulary: 100, temperature: 1)
        #expect(throws: TrainingError.self) {
            _ = try TeacherCache(path: path, count: 6, vocabulary: 100, temperature: 1)
        }
        #expect(throws: TrainingError.self) {
            _ = try TeacherCache(path: path, count: 5, vocabulary: 100, temperature: 2)
        }
        let text = try folder.write("this is another file of no use", to: "b.logits")
        #expect(throws: TrainingError.self) {
            _ = try TeacherCache(path: text, count: 5, vocabulary: 100, temperature: 1)
        }
    }
}

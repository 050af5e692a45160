// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortDistillation
import RetortEngine
import RetortJSON
import RetortTraining
import Synchronization
import TestSupport
import Testing

@Suite("Distillation jobs") struct JobTests {
    private func recipe(_ desk: Desk, _ distill: JSONValue) throws -> Recipe {
        try Recipe([
            "kind": "distill", "output": .string(desk.path("run")), "threads": 1,
            "model": ["from": "student"], "training": ["steps": 1], "distill": distill,
        ])
    }

    private func local(_ changes: [String: JSONValue] = [:], dataset: JSONValue = [:]) throws
        -> JSONValue
    {
        var collect = JSONObject([
            ("task", ["name": "multiplication", "digits": [1, 2]]), ("count", 5), ("samples", 3),
            ("temperature", 1), ("max_tokens", 6),
        ])
        for (key, value) in changes { collect[key] = value }
        return [
            "teacher": ["model": .string(try BundledModel.path())], "collect": .object(collect),
            "dataset": dataset,
        ]
    }

    private func collect(_ job: DistillationJob, stopAfter: Int = .max) async throws
        -> CollectionReport
    {
        let asked = Mutex(0)
        return try await job.collect(
            shouldStop: {
                asked.withLock {
                    $0 += 1
                    return $0 > stopAfter
                }
            }, onEvent: { _ in })
    }

    @Test("a local teacher is asked once for each answer") func once() async throws {
        let desk = try Desk()
        let job = try DistillationJob(recipe(desk, local()), prices: PriceTable())
        #expect(job.plan.count == 15)
        #expect(job.plan.prompts.map(\.difficulty) == ["1x1", "1x1", "1x1", "2x2", "2x2"])
        let first = try await collect(job)
        #expect(first.end == .finished && first.answered == 15 && first.open == 0)
        let again = try await collect(DistillationJob(recipe(desk, local()), prices: PriceTable()))
        #expect(again.answered == 0 && again.cached == 15)
        // One more answer to each prompt: the others stay.
        let more = try DistillationJob(recipe(desk, local(["samples": 4])), prices: PriceTable())
        let third = try await collect(more)
        #expect(third.answered == 5 && third.cached == 15)
        #expect(try await job.cache.summary().done == 20)
    }

    @Test("a stopped collection keeps whole chunks and goes on") func stopped() async throws {
        let desk = try Desk()
        let many = try local([
            "task": ["name": "addition", "digits": 2], "count": 100, "samples": 1, "max_tokens": 4,
        ])
        let job = try DistillationJob(recipe(desk, many), prices: PriceTable())
        let first = try await collect(job, stopAfter: 5)
        #expect(first.end == .cancelled && first.answered > 0 && first.answered < 100)
        #expect(try await job.cache.summary().done == first.answered)
        let second = try await collect(job)
        #expect(second.end == .finished && second.cached == first.answered && second.open == 0)
    }

    @Test("what is not verified is taken as it is, what is verified is graded")
    func datasets() async throws {
        let desk = try Desk()
        let taken = try local(
            ["max_tokens": 200, "count": 4, "samples": 1],
            dataset: ["verify": false, "keep": "all", "near_duplicates": false])
        let job = try DistillationJob(recipe(desk, taken), prices: PriceTable())
        _ = try await collect(job)
        let all = try await job.writeDataset()
        #expect(all.kept > 0 && all.kept == all.correct)
        let lines = try desk.lines("run/dataset/train.jsonl")
        #expect(lines.count == all.kept)
        let teacher = try #require(lines[0]["teacher"]?.stringValue)
        #expect(teacher.contains("@"))
        #expect(lines.allSatisfy { $0["grader"]?["name"]?.stringValue == "none" })
        let student = job.student(try recipe(desk, taken))
        #expect(student.data.files.map(\.path) == [desk.path("run/dataset/train.jsonl")])

        // Nobody multiplies nine digits in forty tokens: none is left, and what there was stays.
        let hard = try local([
            "task": ["name": "multiplication", "digits": 9], "max_tokens": 40, "count": 2,
        ])
        let graded = try DistillationJob(recipe(desk, hard), prices: PriceTable())
        _ = try await collect(graded)
        await #expect(throws: DistillationError.self) { _ = try await graded.writeDataset() }
        #expect(try desk.lines("run/dataset/train.jsonl").count == all.kept)
    }

    @Test("an endpoint's answers to a file's prompts are graded by the file") func endpoint()
        async throws
    {
        let desk = try Desk()
        let prompts = try desk.write(
            """
            {"prompt": "question 1", "answer": "an answer"}
            {"prompt": "question 2", "answer": "something else"}
            {"prompt": "question 3"}
            """, to: "prompts.jsonl")
        let distill: JSONValue = [
            "teacher": [
                "endpoint": .string(desk.teacher.address), "name": "teacher",
                "licence": ["verdict": "allowed", "identifier": "mit"],
            ],
            "collect": ["prompts": .string(prompts)],
        ]
        let job = try DistillationJob(recipe(desk, distill), prices: PriceTable())
        let report = try await collect(job)
        #expect(report.end == .finished && report.answered == 3)
        let statistics = try await job.writeDataset()
        #expect(statistics.rejections[.unverifiable] == 1)
        #expect(statistics.kept == 1 && statistics.rejections[.wrong] == 1)
        let line = try desk.lines("run/dataset/train.jsonl")[0]
        #expect(line["license_verdict"]?.stringValue == "allowed")
        #expect(line["grader"]?["name"]?.stringValue == "exact")
    }

    @Test("a batch takes the place of asking, and probabilities are kept") func batch() async throws
    {
        let desk = try Desk()
        let prompts = try desk.write(
            #"{"prompt": "question 1", "answer": "yes"}"#, to: "prompts.jsonl")
        let distill: JSONValue = [
            "teacher": ["endpoint": .string(desk.teacher.address), "name": "teacher"],
            "collect": ["prompts": .string(prompts), "top_logprobs": 2],
        ]
        let job = try DistillationJob(recipe(desk, distill), prices: PriceTable())
        let written = try await job.writeBatch(to: desk.path("batch.jsonl"))
        #expect(written.requests == 1)
        let line = try desk.lines("batch.jsonl")[0]
        #expect(line["body"]?["top_logprobs"]?.intValue == 2)
        #expect(line["body"]?["logprobs"]?.boolValue == true)
        let report = try await collect(job)
        #expect(report.inBatch == 1 && desk.teacher.requests.isEmpty)
        let logprobs: JSONValue = [
            "content": [["token": "yes", "logprob": -0.5], ["token": "!", "logprob": -0.1]]
        ]
        let result: JSONValue = [
            "custom_id": line["custom_id"] ?? .null,
            "response": [
                "status_code": 200,
                "body": [
                    "choices": [
                        [
                            "message": ["role": "assistant", "content": "yes"],
                            "finish_reason": "stop", "logprobs": logprobs,
                        ]
                    ]
                ],
            ],
        ]
        let found = try await job.readBatch(desk.write(result.text(), to: "results.jsonl"))
        #expect(found.answered == 1 && found.errors.isEmpty)
        #expect(try await job.writeDataset().kept == 1)
        let sample = try desk.lines("run/dataset/train.jsonl")[0]
        #expect(abs((sample["mean_logprob"]?.doubleValue ?? 0) + 0.3) < 1e-9)
        let local = try DistillationJob(recipe(desk, local()), prices: PriceTable())
        await #expect(throws: DistillationError.self) {
            _ = try await local.writeBatch(to: desk.path("none.jsonl"))
        }
    }

    @Test(
        "a job that makes no sense is refused",
        arguments: [
            #"{"teacher": {"model": "x", "endpoint": "http://x"}, "collect": {"prompts": "x"}}"#,
            #"{"teacher": {"endpoint": "http://x"}, "collect": {"prompts": "x"}}"#,
            #"{"teacher": {"model": "/nowhere"}, "collect": {"task": {"name": "addition"}, "count": 1}}"#,
            #"{"teacher": {"endpoint": "http://x", "name": "y"}, "collect": {}}"#,
            #"{"teacher": {"endpoint": "http://x", "name": "y"}, "collect": {"task": {"name": "addition"}}}"#,
            #"{"teacher": {"endpoint": "http://x", "name": "y"}, "collect": {"task": {"name": "addition"}, "count": 1}, "dataset": {"keep": "some"}}"#,
            #"{"teacher": {"endpoint": "http://x", "name": "y", "colour": 1}, "collect": {"task": {"name": "addition"}, "count": 1}}"#,
        ])
    func refused(text: String) throws {
        let desk = try Desk()
        let recipe = try recipe(desk, JSONValue(parsing: Array(text.utf8)))
        #expect(throws: TrainingError.self) {
            _ = try DistillationJob(recipe, prices: PriceTable())
        }
    }
}

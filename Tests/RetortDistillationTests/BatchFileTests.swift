// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortClient
import RetortDistillation
import RetortJSON
import TestSupport
import Testing

@Suite("Batch files")
struct BatchFileTests {
    private let desk: Desk

    init() throws { desk = try Desk() }

    private func result(_ hash: String, _ content: String) -> JSONValue {
        [
            "id": "r", "custom_id": .string(hash), "error": nil,
            "response": [
                "status_code": 200, "request_id": "q",
                "body": [
                    "choices": [
                        ["message": ["content": .string(content)], "finish_reason": "stop"]
                    ],
                    "usage": ["prompt_tokens": 10, "completion_tokens": 20],
                ],
            ],
        ]
    }

    private func results(_ lines: [JSONValue]) throws -> String {
        try desk.write(lines.map { $0.text() + "\n" }.joined(), to: "results.jsonl")
    }

    @Test("What is written, answered and read back is answered for online runs too")
    func roundTrip() async throws {
        let cache = try desk.open()
        let plan = try Desk.plan(3, samples: 2, maximumTokens: 20)
        let budget = Budget(cap: try Dollars(3), prices: try Desk.prices())
        let batch = BatchFile(cache: cache, budget: budget)
        let export = try await batch.write(plan, to: desk.path("batch.jsonl"))
        #expect(export.requests == 6)
        #expect(export.left == 0)
        let lines = try desk.lines("batch.jsonl")
        #expect(Set(lines.compactMap { $0["custom_id"]?.stringValue }).count == 6)
        #expect(lines[0]["custom_id"]?.stringValue == plan[0].key.hash)
        #expect(lines[0]["method"]?.stringValue == "POST")
        #expect(lines[0]["url"]?.stringValue == "/v1/chat/completions")
        #expect(lines[0]["body"]?["model"]?.stringValue == "teacher")
        #expect(lines[0]["body"]?["stream"] == nil)
        #expect(try await cache.openBatches().map(\.requests) == [6])
        // Nobody sends them meanwhile.
        let meanwhile = try await desk.collect(plan, into: cache, options: .init(budget: budget))
        #expect(meanwhile.inBatch == 6)
        #expect(desk.teacher.requests.isEmpty)
        let path = try results((0..<6).map { result(plan[$0].key.hash, "answer \($0)") })
        let read = try await batch.read(path: path)
        #expect(read.answered == 6)
        #expect(read.errors.isEmpty)
        let again = try await batch.read(path: path)
        #expect(again.answered == 0)
        #expect(again.known == 6)
        let answer = try #require(try await cache.answer(plan[4].key))
        #expect(answer.completion.choices[0].content == "answer 4")
        // Half of 0.21.
        #expect(answer.cost == (try Dollars(0.105)))
        let spending = try await cache.summary().spending
        #expect(spending.spent == (try Dollars(0.63)))
        #expect(spending.reserved == .zero)
        #expect(try await cache.openBatches().isEmpty)
    }

    @Test("Each line that is wrong is an error of its own, and the others count")
    func wrongLines() async throws {
        let cache = try desk.open()
        let plan = try Desk.plan(8)
        let batch = BatchFile(cache: cache)
        _ = try await batch.write(plan, to: desk.path("batch.jsonl"))
        let hash = { (index: Int) in plan[index].key.hash }
        func status(_ index: Int, _ status: Int, _ body: JSONValue) -> JSONValue {
            [
                "custom_id": .string(hash(index)),
                "response": ["status_code": .integer(Int64(status)), "body": body],
            ]
        }
        let lines: [String] = [
            result(hash(0), "fine").text(), "", "{SECRET",
            #"{"custom_id": "SECRET"}"#, "[]",
            result(String(repeating: "0", count: 64), "of another cache").text(),
            status(1, 400, ["error": ["code": "context_length_exceeded", "message": "SECRET"]])
                .text(),
            status(2, 429, ["error": ["message": "SECRET"]]).text(),
            (["custom_id": .string(hash(3)), "response": nil, "error": ["code": "batch_expired"]]
                as JSONValue).text(),
            status(4, 200, ["choices": "SECRET"]).text(),
            (["custom_id": .string(hash(5)), "response": ["status_code": "200"]] as JSONValue)
                .text(),
            status(6, 401, "SECRET").text(),
        ]
        let path = try desk.write(lines.joined(separator: "\n"), to: "results.jsonl")
        let read = try await batch.read(path: path)
        #expect(read.answered == 1)
        #expect(read.failed == 1)
        #expect(read.freed == 3)
        #expect(read.errors.map(\.line) == [3, 4, 5, 6, 10, 11])
        #expect(!read.errors.contains { $0.reason.contains("SECRET") })
        let failures = try await cache.failures()
        #expect(failures.map(\.kind) == ["contextTooLong"])
        #expect(failures.first?.reason.contains("SECRET") == false)
        let summary = try await cache.summary()
        #expect(summary.pending == 3)
        #expect(summary.leased == 3)
        // The batch is over: what it did not bring is free, and asked for online.
        #expect(try await batch.abandon(try await cache.openBatches()[0].batch) == 3)
        #expect(try await desk.collect(plan, into: cache).answered == 6)
    }

    @Test("Limits and budgets leave requests for another file")
    func limits() async throws {
        let cache = try desk.open()
        let plan = try Desk.plan(20, maximumTokens: 20)
        let first = try await BatchFile(cache: cache).write(
            plan, to: desk.path("1.jsonl"), limits: .init(requests: 5))
        #expect(first.requests == 5)
        #expect(first.left == 15)
        let second = try await BatchFile(cache: cache).write(
            plan, to: desk.path("2.jsonl"), limits: .init(bytes: 1000))
        #expect(second.bytes <= 1000)
        #expect(second.requests > 2)
        #expect(second.skipped == 5)
        #expect(try desk.read("2.jsonl").utf8.count == second.bytes)
        let budget = Budget(cap: try Dollars(1), prices: try Desk.prices())
        let third = try await BatchFile(cache: cache, budget: budget).write(
            plan, to: desk.path("3.jsonl"))
        #expect(third.endedByBudget)
        #expect(third.reserved <= (try Dollars(1)))
        #expect(third.requests > 1)
        #expect(third.left + third.skipped + third.requests == 20)
    }

    @Test("A file that cannot be written holds no requests")
    func unwritable() async throws {
        let cache = try desk.open()
        let plan = try Desk.plan(3)
        let existing = try desk.write("mine", to: "batch.jsonl")
        await #expect(throws: DistillationError.self) {
            try await BatchFile(cache: cache).write(plan, to: existing)
        }
        #expect(try desk.read("batch.jsonl") == "mine")
        await #expect(throws: DistillationError.self) {
            try await BatchFile(cache: cache).write(plan, to: desk.path("none/batch.jsonl"))
        }
        #expect(try await cache.summary().leased == 0)
    }

    @Test("A batch that takes longer than its lease still counts once")
    func lateBatch() async throws {
        let cache = try desk.open()
        let plan = try Desk.plan(1, maximumTokens: 20)
        let budget = Budget(cap: try Dollars(3), prices: try Desk.prices())
        let batch = BatchFile(cache: cache, budget: budget)
        _ = try await batch.write(plan, to: desk.path("batch.jsonl"), seconds: 100)
        desk.advance(101)
        #expect(
            try await cache.lease(plan[0].key, owner: "a", seconds: 60, reserve: .zero) == .granted)
        try await cache.release(plan[0].key, owner: "a", mayBeCharged: false)
        #expect(try await cache.summary().spending.uncertain > .zero)
        _ = try await batch.read(path: try results([result(plan[0].key.hash, "late")]))
        let spending = try await cache.summary().spending
        #expect(spending.uncertain == .zero)
        #expect(spending.cost == (try Dollars(0.105)))
    }

    @Test("Damaged results never trap", arguments: 1...8)
    func damaged(seed: UInt64) async throws {
        let cache = try desk.open()
        let plan = try Desk.plan(2)
        let batch = BatchFile(cache: cache)
        _ = try await batch.write(plan, to: desk.path("batch.jsonl"))
        let good = plan[0].key.hash
        var random = SeededRandom(seed: seed)
        var text = Data()
        for _ in 0..<100 {
            var bytes = Array(result(good, "fine").text().utf8)
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                let position = Int.random(in: 0..<bytes.count, using: &random)
                bytes[position] = UInt8.random(in: 0...255, using: &random)
            }
            text += bytes + [10]
        }
        let path = desk.path("results.jsonl")
        try text.write(to: URL(fileURLWithPath: path))
        _ = try await batch.read(path: path)
    }
}

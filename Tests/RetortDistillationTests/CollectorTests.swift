// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import RetortClient
import RetortDistillation
import RetortJSON
import Synchronization
import TestSupport
import Testing

private typealias Reply = StandInTeacher.Reply

@Suite("Collecting answers")
struct CollectorTests {
    private let desk: Desk

    init() throws { desk = try Desk() }

    @Test("Every sample of every prompt is asked for once, prompts in turn")
    func all() async throws {
        let cache = try desk.open()
        let plan = try Desk.plan(7, samples: 3)
        let report = try await desk.collect(plan, into: cache, concurrency: 1)
        #expect(report.end == .finished)
        #expect(report.answered == 21)
        #expect(report.open == 0)
        #expect(desk.asked.count == 7)
        #expect(desk.asked.values.allSatisfy { $0 == 3 })
        #expect(desk.teacher.requests.prefix(7).map(\.prompt) == (0..<7).map { "question \($0)" })
        let again = try await desk.collect(plan, into: cache)
        #expect(again.cached == 21)
        #expect(again.answered == 0)
        #expect(desk.teacher.requests.count == 21)
    }

    @Test("Samples of a seeded plan have seeds of their own")
    func seeds() async throws {
        var template = ChatCompletionRequest(model: "m", messages: [ChatMessage(.system, "s")])
        template.seed = 40
        let plan = try CollectionPlan(prompts: Desk.prompts(1), samples: 3, template: template)
        #expect((0..<3).map { plan[$0].request.seed } == [40, 41, 42])
        #expect(plan[0].request.messages.map(\.role) == [.system, .user])
    }

    @Test("What goes wrong is tried again and counted, and nothing is lost")
    func faults() async throws {
        let cache = try desk.open()
        var cut = Reply.text(#"{"choices":[{"message":{"content":"x"}}]}"#)
        cut.promisedLength = 5000
        var silent = Reply()
        silent.isSilent = true
        var hanging = Reply.stream([#"{"choices":[{"index":0,"delta":{"content":"x"}}]}"#])
        hanging.hangs = true
        desk.teacher.misbehave(
            .text("", status: 429, ("Retry-After", "0")), .text("", status: 500),
            .stream([#"{"choices":[{"index":0,"delta":{"content":"half"}}]}"#]),
            .text("{not json"), silent, cut, hanging)
        desk.teacher.answer { request in
            switch request.prompt {
            case "question 0": .answer(to: request, "")
            case "question 1": .answer(to: request, "cut", finish: "length")
            case "question 2": .text("{}", status: 422)
            case "question 3":
                .text(#"{"error":{"code":"context_length_exceeded"}}"#, status: 400)
            case "question 4":
                {
                    var reply = Reply.answer(to: request, "late")
                    reply.delay = .milliseconds(200)
                    return reply
                }()
            default: .answer(to: request, "fine")
            }
        }
        let plan = try Desk.plan(12)
        let report = try await desk.collect(
            plan, into: cache, concurrency: 3, attempts: 8, idle: .milliseconds(1500))
        #expect(report.end == .finished)
        #expect(report.answered == 10)
        #expect(report.failed == 2)
        #expect(
            report.retries == [.rateLimited: 1, .unavailable: 1, .interrupted: 4, .badAnswer: 1])
        #expect(desk.teacher.requests.count == 12 + 7)
        let failures = try await cache.failures()
        #expect(Set(failures.map(\.kind)) == ["refused", "contextTooLong"])
        let again = try await desk.collect(plan, into: cache)
        #expect(again.knownFailures == 2)
        #expect(again.cached == 10)
        #expect(desk.teacher.requests.count == 12 + 7)
    }

    @Test(
        "What every request would fail with ends the run and marks none of them",
        arguments: [401, 402, 403, 404])
    func endpointFailure(status: Int) async throws {
        let cache = try desk.open()
        desk.teacher.answer { _ in .text("", status: status) }
        let plan = try Desk.plan(50)
        let report = try await desk.collect(plan, into: cache, concurrency: 2)
        guard case .endpoint(let error) = report.end else {
            Issue.record("ended by \(report.end)")
            return
        }
        #expect(error.concernsEveryRequest)
        #expect(desk.teacher.requests.count <= 2)
        #expect(try await cache.summary().failed == 0)
        desk.teacher.answer { .answer(to: $0, "fine") }
        #expect(try await desk.collect(plan, into: cache).answered == 50)
    }

    @Test("A run that ends does not wait for those who wait to try again", .timeLimit(.minutes(2)))
    func noWaiting() async throws {
        let cache = try desk.open()
        let (waits, wait) = AsyncStream<Void>.makeStream()
        desk.teacher.answer { request in
            if request.prompt == "question 0" { return .text("", status: 503) }
            var reply = Reply.text("", status: 401)
            reply.delay = .milliseconds(300)
            return reply
        }
        let report = try await desk.collect(
            try Desk.plan(2), into: cache, concurrency: 2, baseDelay: .seconds(600)
        ) { event in
            if case .retrying = event { wait.finish() }
        }
        for await _ in waits {}
        guard case .endpoint = report.end else {
            Issue.record("ended by \(report.end)")
            return
        }
        #expect(try await cache.summary().pending == 2)
    }

    @Test("An outage ends the run")
    func outage() async throws {
        let cache = try desk.open()
        desk.teacher.answer { _ in .text("", status: 503) }
        let report = try await desk.collect(
            try Desk.plan(50), into: cache, concurrency: 1, attempts: 2,
            options: .init(maximumInterruptions: 3))
        guard case .outage = report.end else {
            Issue.record("ended by \(report.end)")
            return
        }
        #expect(report.interrupted == 3)
        #expect(desk.teacher.requests.count == 6)
        #expect(try await cache.summary().leased == 0)
    }

    @Test("A run stopped ten times and resumed pays for each answer once", arguments: 1...4)
    func stopped(seed: UInt64) async throws {
        let plan = try Desk.plan(60, samples: 2)
        desk.teacher.answer { request in
            var reply = Reply.answer(to: request, "answer to \(request.prompt)")
            reply.delay = .milliseconds(2)
            return reply
        }
        var random = SeededRandom(seed: seed)
        var paid = 0
        for _ in 0..<10 {
            let limit = Int.random(in: 0...9, using: &random)
            let cache = try desk.open()
            let answered = Mutex(0)
            let (stops, stop) = AsyncStream<Void>.makeStream()
            let run = Task {
                try await desk.collect(plan, into: cache, concurrency: 6) { event in
                    guard case .answered = event else { return }
                    if answered.withLock({
                        $0 += 1; return $0 >= limit
                    }) {
                        stop.yield()
                    }
                }
            }
            if limit > 0 { for await _ in stops { break } }
            run.cancel()
            let report = try await run.value
            #expect(report.end == .cancelled)
            paid += report.answered
            #expect(desk.teacher.requests.count == paid, "paid for what was not kept")
            let summary = try await cache.summary()
            #expect(summary.done == paid)
            #expect(summary.leased == 0)
            try cache.close()
        }
        let cache = try desk.open()
        let last = try await desk.collect(plan, into: cache)
        #expect(last.end == .finished)
        #expect(last.cached == paid)
        #expect(last.cached + last.answered == 120)
        #expect(desk.teacher.requests.count == 120)
        for index in 0..<plan.count {
            let answer = try await cache.answer(plan[index].key)
            let prompt = plan[index].prompt.question
            #expect(answer?.completion.choices[0].content == "answer to \(prompt)")
        }
    }

    @Test("Two runs at the same time share the work and send nothing twice")
    func twoRuns() async throws {
        let plan = try Desk.plan(80)
        desk.teacher.answer { request in
            var reply = Reply.answer(to: request, "x")
            reply.delay = .milliseconds(1)
            return reply
        }
        let caches = [try desk.open(), try desk.open()]
        let reports = try await withThrowingTaskGroup(of: CollectionReport.self) { group in
            for cache in caches {
                group.addTask { try await desk.collect(plan, into: cache) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(desk.teacher.requests.count == 80)
        #expect(reports.map(\.answered).reduce(0, +) == 80)
        #expect(reports.allSatisfy { $0.open == 0 })
        #expect(reports.allSatisfy { $0.answered > 0 })
    }

    @Test("An answer that takes longer than a lease is not asked for by another run")
    func heartbeat() async throws {
        let path = desk.path("cache.sqlite")
        let caches = [try desk.open(), try desk.open()]
        // The caches' time goes on only after the lease was renewed, however busy the machine is.
        desk.teacher.answer { [desk] request in
            var configuration = Configuration()
            configuration.readonly = true
            let queue = try? DatabaseQueue(path: path, configuration: configuration)
            let until = {
                try? queue?.read {
                    try Double.fetchOne($0, sql: "SELECT lease_until FROM requests")
                }
            }
            for _ in 0..<4 {
                let before = until() ?? 0
                desk.advance(0.3)
                for _ in 0..<1000 where (until() ?? 0) <= before { usleep(20_000) }
            }
            return .answer(to: request, "slow")
        }
        let plan = try Desk.plan(1)
        let reports = try await withThrowingTaskGroup(of: CollectionReport.self) { group in
            for cache in caches {
                group.addTask {
                    try await desk.collect(
                        plan, into: cache, options: .init(lease: .milliseconds(400)))
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(desk.teacher.requests.count == 1)
        #expect(reports.map(\.answered).sorted() == [0, 1])
        #expect(reports.allSatisfy { $0.end == .finished && $0.open == 0 })
    }

    @Test("Prompts with the same text are paid for once")
    func sameText() async throws {
        let cache = try desk.open()
        let prompts = ["a", "b"].map { PromptRecord(id: $0, messages: [ChatMessage(.user, "q")]) }
        let plan = try CollectionPlan(
            prompts: prompts, template: ChatCompletionRequest(model: "m", messages: []))
        let report = try await desk.collect(plan, into: cache)
        #expect(report.answered == 1)
        #expect(report.cached == 1)
        #expect(desk.teacher.requests.count == 1)
    }

    // MARK: Prompts

    @Test("Prompts are read in both forms, with ids of their own or made of their text")
    func prompts() throws {
        let path = try desk.write(
            #"""
            {"prompt": "2+2?", "answer": 4, "difficulty": 3}

            {"id": "x", "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}]}
            """#.replacing("\n", with: "\r\n"), to: "prompts.jsonl")
        let prompts = try PromptRecord.read(path: path)
        #expect(prompts.count == 2)
        #expect(prompts[0].question == "2+2?")
        #expect(prompts[0].difficulty == "3")
        #expect(prompts[0].fields["answer"]?.intValue == 4)
        #expect(prompts[0].id.count == 16)
        #expect(prompts[1].id == "x")
        #expect(prompts[1].messages.map(\.role) == [.system, .user])
    }

    @Test(
        "Wrong prompts are refused with their line and not repeated",
        arguments: [
            "SECRET", "[]", "{}", #"{"prompt": 3}"#, #"{"prompt": "a", "messages": []}"#,
            #"{"messages": []}"#, #"{"messages": ["SECRET"]}"#,
            #"{"messages": [{"role": "SECRET", "content": ""}]}"#,
            #"{"messages": [{"role": "user", "content": 1}]}"#,
            #"{"messages": [{"role": "assistant", "content": "SECRET"}]}"#,
            #"{"prompt": "SECRET", "id": []}"#, #"{"prompt": "SECRET", "difficulty": []}"#,
            #"{"prompt": "ok"}"#, "{\"prompt\": \"\u{1}\"}",
        ])
    func wrongPrompts(line: String) throws {
        let path = try desk.write("{\"prompt\": \"ok\"}\n\(line)\n", to: "prompts.jsonl")
        let error = #expect(throws: DistillationError.self) {
            _ = try PromptRecord.read(path: path)
        }
        #expect(error?.description.contains("prompts.jsonl:2:") == true)
        #expect(error?.description.contains("SECRET") == false)
    }

    @Test("Empty and missing files of prompts are errors")
    func noPrompts() throws {
        let path = try desk.write("\n\n", to: "prompts.jsonl")
        #expect(throws: DistillationError.self) { _ = try PromptRecord.read(path: path) }
        #expect(throws: DistillationError.self) {
            _ = try PromptRecord.read(path: desk.path("none"))
        }
    }
}

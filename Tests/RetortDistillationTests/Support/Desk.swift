// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortClient
import RetortDistillation
import RetortJSON
import Synchronization
import TestSupport

/// A cache in a temporary folder and a teacher, for one test.
final class Desk: Sendable {
    let teacher: StandInTeacher
    private let folder: Mutex<TemporaryFolder>
    /// Seconds since 1970.
    let time = Mutex(1_800_000_000.0)

    init() throws {
        teacher = try StandInTeacher()
        folder = Mutex(try TemporaryFolder())
    }

    deinit { teacher.stop() }

    func path(_ name: String) -> String { folder.withLock { $0.path(name) } }

    func advance(_ seconds: Double) { time.withLock { $0 += seconds } }

    func open(_ name: String = "cache.sqlite") throws -> RequestCache {
        try RequestCache(path: path(name), now: { self.time.withLock { $0 } })
    }

    func write(_ text: String, to name: String) throws -> String {
        let path = path(name)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    func read(_ name: String) throws -> String {
        try String(contentsOf: URL(fileURLWithPath: path(name)), encoding: .utf8)
    }

    func lines(_ name: String) throws -> [JSONValue] {
        try read(name).split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }

    static func prompts(_ count: Int, difficulty: (Int) -> String? = { _ in nil })
        -> [PromptRecord]
    {
        (0..<count).map {
            PromptRecord(
                id: "p\($0)", messages: [ChatMessage(.user, "question \($0)")],
                difficulty: difficulty($0))
        }
    }

    static func plan(
        _ count: Int, samples: Int = 1, model: String = "teacher", maximumTokens: Int? = nil,
        difficulty: (Int) -> String? = { _ in nil }
    ) throws -> CollectionPlan {
        var template = ChatCompletionRequest(model: model, messages: [])
        template.maximumTokens = maximumTokens
        return try CollectionPlan(
            prompts: prompts(count, difficulty: difficulty), samples: samples, template: template)
    }

    /// One token in a thousandth of a dollar, one out in a hundredth.
    static func prices(model: String = "teacher", batchFactor: Double = 0.5) throws -> PriceTable {
        try PriceTable(
            parsing: Array(
                #"""
                {"date": "2026-01-31", "source": "test", "models": {"\#(model)":
                {"input": 1000, "cached_input": 100, "output": 10000, "batch_factor": \#(batchFactor)}}}
                """#.utf8))
    }

    /// Collects without patience.
    @discardableResult
    func collect(
        _ plan: CollectionPlan, into cache: RequestCache, concurrency: Int = 4,
        attempts: Int = 4, idle: Duration = .seconds(20), baseDelay: Duration = .zero,
        options: AnswerCollector.Options = .init(),
        onEvent: @escaping @Sendable (CollectionEvent) -> Void = { _ in }
    ) async throws -> CollectionReport {
        let configuration = ChatClientConfiguration(
            endpoint: try ChatEndpoint(parsing: teacher.address),
            retry: ClientRetryPolicy(
                maximumAttempts: attempts, baseDelay: baseDelay, maximumDelay: .seconds(600)),
            limits: RateLimits(maximumConcurrency: concurrency), idleTimeout: idle)
        var options = options
        options.pollInterval = .milliseconds(5)
        let settings = options
        return try await ChatClient.withClient(configuration) { client in
            try await AnswerCollector(client: client, cache: cache, options: settings)
                .run(plan, onEvent: onEvent)
        }
    }

    /// How often each prompt was asked.
    var asked: [String: Int] {
        teacher.requests.reduce(into: [:]) { $0[$1.prompt, default: 0] += 1 }
    }
}

extension ChatCompletion {
    /// An answer as a teacher gives it.
    static func make(
        _ content: String, reasoning: String? = nil, finish: String = "stop",
        usage: (prompt: Int, completion: Int)? = (10, 20)
    ) throws -> ChatCompletion {
        var message = JSONObject([("content", .string(content))])
        message["reasoning_content"] = reasoning.map { .string($0) }
        var body = JSONObject([
            ("choices", [["message": .object(message), "finish_reason": .string(finish)]])
        ])
        if let usage {
            body["usage"] = [
                "prompt_tokens": .integer(Int64(usage.prompt)),
                "completion_tokens": .integer(Int64(usage.completion)),
            ]
        }
        return try ChatCompletion(parsing: Array(JSONValue.object(body).text().utf8))
    }
}

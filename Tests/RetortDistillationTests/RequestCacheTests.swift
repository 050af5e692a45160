// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import RetortClient
import RetortDistillation
import TestSupport
import Testing

@Suite("Keeping answers")
struct RequestCacheTests {
    private let desk: Desk
    private let key: RequestKey

    init() throws {
        desk = try Desk()
        key = RequestKey(
            ChatCompletionRequest(model: "teacher", messages: [ChatMessage(.user, "SECRET")]),
            sample: 0)
    }

    private func lease(
        _ cache: RequestCache, _ owner: String = "a", reserve: Double = 0, cap: Double? = nil
    ) async throws -> RequestLease {
        try await cache.lease(
            key, owner: owner, seconds: 60, reserve: try Dollars(reserve),
            cap: try cap.map { try Dollars($0) })
    }

    @Test("A request is sent by one, answered once and known from then on")
    func lifeOfARequest() async throws {
        let cache = try desk.open()
        #expect(try await cache.answer(key) == nil)
        #expect(try await lease(cache) == .granted)
        #expect(try await lease(cache, "b") == .busy(until: 1_800_000_060))
        #expect(try await lease(cache, "a") == .busy(until: 1_800_000_060))
        let answer = try ChatCompletion.make("42", reasoning: "hm")
        #expect(try await cache.finish(key, owner: "a", answer, price: nil))
        #expect(try await lease(cache, "b") == .done)
        // Whoever comes late with a failure changes nothing.
        try await cache.fail(key, owner: "a", ClientError(.refused, "no"))
        try await cache.release(key, owner: "a", mayBeCharged: true)
        #expect(try await cache.failures().isEmpty)
        try cache.close()
        let again = try desk.open()
        let stored = try #require(try await again.answer(key))
        #expect(stored.completion == answer)
        #expect(stored.cost == nil)
        #expect(stored.finished == 1_800_000_000)
        #expect(try await again.summary().done == 1)
    }

    @Test("Commits are on the disk before they count, and only the owner may read them")
    func durability() async throws {
        let cache = try desk.open()
        let pragmas = try await cache.pragmas()
        #expect(pragmas.journalMode == "wal")
        #expect(pragmas.synchronous == 2)
        let attributes = try FileManager.default.attributesOfItem(
            atPath: desk.path("cache.sqlite"))
        #expect((attributes[.posixPermissions] as? Int) == 0o600)
    }

    @Test("A lease that is not renewed passes on, and what it may have cost is counted")
    func expiry() async throws {
        let cache = try desk.open()
        #expect(try await lease(cache, "a", reserve: 2) == .granted)
        desk.advance(50)
        try await cache.renew(owner: "a", seconds: 60)
        desk.advance(50)
        #expect(try await lease(cache, "b") == .busy(until: 1_800_000_110))
        desk.advance(11)
        #expect(try await lease(cache, "b", reserve: 3) == .granted)
        var spending = try await cache.summary().spending
        #expect(spending.uncertain == (try Dollars(2)))
        #expect(spending.reserved == (try Dollars(3)))
        // The first was only slow: its answer is kept, and what it cost is known now.
        let price = try #require(try Desk.prices()["teacher"])
        #expect(try await cache.finish(key, owner: "a", try .make("first"), price: price))
        spending = try await cache.summary().spending
        #expect(spending.cost == (try Dollars(0.21)))
        #expect(spending.uncertain == .zero)
        // The second was paid for too.
        #expect(try await !cache.finish(key, owner: "b", try .make("second"), price: price))
        spending = try await cache.summary().spending
        #expect(spending.spent == (try Dollars(0.42)))
        #expect(try await cache.answer(key)?.completion.choices[0].content == "first")
    }

    @Test("A request that is given back can be sent again", arguments: [true, false])
    func release(mayBeCharged: Bool) async throws {
        let cache = try desk.open()
        #expect(try await lease(cache, "a", reserve: 2) == .granted)
        try await cache.release(key, owner: "b", mayBeCharged: true)
        #expect(try await lease(cache, "b") != .granted)
        try await cache.release(key, owner: "a", mayBeCharged: mayBeCharged)
        #expect(try await cache.summary().spending.spent == (try Dollars(mayBeCharged ? 2 : 0)))
        #expect(try await cache.summary().spending.reserved == .zero)
        #expect(try await lease(cache, "b") == .granted)
    }

    @Test("Failures stay with their reason until someone asks for another try")
    func failures() async throws {
        let cache = try desk.open()
        #expect(try await lease(cache) == .granted)
        try await cache.fail(
            key, owner: "a", ClientError(.contextTooLong, "too long for the model"))
        #expect(try await lease(cache) == .failed)
        let failure = try #require(try await cache.failures().first)
        #expect(failure.hash == key.hash)
        #expect(failure.kind == "contextTooLong")
        #expect(failure.reason == "too long for the model")
        #expect(try await cache.failure(key) == .contextTooLong)
        #expect(try await cache.retryFailures([.refused]) == 0)
        #expect(try await cache.retryFailures() == 1)
        #expect(try await lease(cache) == .granted)
        #expect(try await cache.failures().isEmpty)
    }

    @Test("An answer that arrives when the task is cancelled is kept")
    func cancelled() async throws {
        let cache = try desk.open()
        #expect(try await lease(cache) == .granted)
        let answer = try ChatCompletion.make("x")
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await cache.finish(key, owner: "a", answer, price: nil)
        }
        #expect(try await task.value)
        #expect(try await cache.answer(key) != nil)
    }

    @Test("Two that open one file never both get a request")
    func twoProcesses() async throws {
        let caches = [try desk.open(), try desk.open()]
        let granted = try await withThrowingTaskGroup(of: Int.self) { group in
            for (number, cache) in caches.enumerated() {
                group.addTask {
                    var granted = 0
                    for prompt in 0..<100 {
                        let key = RequestKey(
                            ChatCompletionRequest(
                                model: "m", messages: [ChatMessage(.user, "\(prompt)")]), sample: 0)
                        let lease = try await cache.lease(key, owner: "\(number)", seconds: 60)
                        if lease == .granted { granted += 1 }
                    }
                    return granted
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(granted == 100)
    }

    @Test("Several may make the same file at the same moment")
    func opening() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { _ = try await desk.open().summary() } }
            try await group.waitForAll()
        }
    }

    // MARK: Files that are none of ours

    private func failure(_ path: String) -> DistillationError? {
        #expect(throws: DistillationError.self) { _ = try RequestCache(path: path) }
    }

    @Test("A file that is no database is refused and left as it is")
    func noDatabase() throws {
        let text = String(repeating: "my thesis ", count: 500)
        let path = try desk.write(text, to: "thesis.txt")
        let error = failure(path)
        #expect(error?.kind == .foreign)
        #expect(error?.description.contains("no SQLite file") == true)
        #expect(try desk.read("thesis.txt") == text)
    }

    @Test("Another program's database is refused and left as it is")
    func foreign() throws {
        let path = desk.path("other.sqlite")
        let queue = try DatabaseQueue(path: path)
        try queue.write { db in try db.execute(sql: "CREATE TABLE mine (x)") }
        try queue.close()
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(failure(path)?.kind == .foreign)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }

    @Test("A cache of a newer version is refused")
    func newer() throws {
        try desk.open().close()
        let path = desk.path("cache.sqlite")
        let queue = try DatabaseQueue(path: path)
        try queue.write { db in
            try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('999 later')")
        }
        try queue.close()
        #expect(failure(path)?.description.contains("newer") == true)
    }

    @Test("Damage is said to be damage, wherever it is", arguments: 1...12)
    func damage(seed: UInt64) async throws {
        let cache = try desk.open()
        for prompt in 0..<40 {
            let key = RequestKey(
                ChatCompletionRequest(model: "m", messages: [ChatMessage(.user, "\(prompt)")]),
                sample: 0)
            #expect(try await cache.lease(key, owner: "a", seconds: 60) == .granted)
            let answer = try ChatCompletion.make(String(repeating: "SECRET ", count: 200))
            try await cache.finish(key, owner: "a", answer, price: nil)
        }
        try cache.close()
        let url = URL(fileURLWithPath: desk.path("cache.sqlite"))
        var bytes = try Data(contentsOf: url)
        var random = SeededRandom(seed: seed)
        // A whole page and more.
        let start = Int.random(in: 0..<(bytes.count - 8192), using: &random)
        for index in start..<(start + 8192) {
            bytes[index] = UInt8.random(in: 0...255, using: &random)
        }
        try bytes.write(to: url)
        do {
            let damaged = try desk.open()
            try await damaged.verify()
            for prompt in 0..<40 {
                let key = RequestKey(
                    ChatCompletionRequest(model: "m", messages: [ChatMessage(.user, "\(prompt)")]),
                    sample: 0)
                _ = try await damaged.answer(key)
            }
            Issue.record("the damage was not noticed")
        } catch let error as DistillationError {
            #expect([.damaged, .foreign, .storage].contains(error.kind), "\(error)")
            #expect(!error.description.contains("SECRET"))
        }
    }

    @Test("A file that was cut off is said to be damaged")
    func cutOff() async throws {
        let cache = try desk.open()
        #expect(try await lease(cache) == .granted)
        try await cache.finish(
            key, owner: "a", try .make(String(repeating: "x", count: 100_000)), price: nil)
        try cache.close()
        let url = URL(fileURLWithPath: desk.path("cache.sqlite"))
        let bytes = try Data(contentsOf: url)
        try bytes.prefix(bytes.count / 2).write(to: url)
        let error = await #expect(throws: DistillationError.self) {
            let damaged = try desk.open()
            try await damaged.verify()
        }
        #expect(error?.kind == .damaged)
    }
}

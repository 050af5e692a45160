// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import RetortEngine
import RetortJSON
import RetortServer
import TestSupport
import Testing

@Suite("Keys in the store")
struct KeyStoreTests {
    let folder: StoreFolder
    let clock = HandClock()
    let store: ServerStore

    init() throws {
        folder = try StoreFolder()
        store = try folder.open(clock)
    }

    @Test("A new key is 256 random bits, listed by its first letters and kept nowhere")
    func secret() throws {
        let (key, stored) = try store.addKey(name: "laptop")
        let (other, _) = try store.addKey(name: "laptop")
        #expect(key.hasPrefix("rt-"))
        #expect(key.utf8.count == 46)
        #expect(key != other)
        #expect(key.hasPrefix(stored.prefix))
        #expect(stored.prefix.utf8.count == 9)
        #expect(stored.scopes == [.api, .app])
        #expect(try store.keys().map(\.name) == ["laptop", "laptop"])
        let bytes = try folder.bytes()
        #expect(bytes.range(of: Data(stored.id.utf8)) != nil)
        #expect(bytes.range(of: Data(key.utf8)) == nil)
        #expect(bytes.range(of: Data(key.dropFirst(9).utf8)) == nil)
    }

    @Test("Only the owner may read the files")
    func permissions() throws {
        _ = try store.addKey(name: "x")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
        #expect(names.contains("server.sqlite-wal"))
        for name in names {
            let attributes = try FileManager.default.attributesOfItem(
                atPath: folder.url.appendingPathComponent(name).path)
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
        }
    }

    @Test("Names and limits are checked", arguments: ["", String(repeating: "x", count: 101)])
    func names(name: String) {
        #expect(throws: ServerError.self) { _ = try store.addKey(name: name) }
        #expect(throws: ServerError.self) { _ = try store.addKey(name: "x", requestsPerMinute: 0) }
        #expect(throws: ServerError.self) { _ = try store.addKey(name: "x", tokensPerDay: -1) }
        #expect(throws: ServerError.self) { _ = try store.addKey(name: "x", scopes: []) }
    }

    @Test("A key is verified from memory, a wrong one is none")
    func verify() throws {
        let (key, stored) = try store.addKey(name: "laptop", scopes: [.admin])
        let keys = try KeyGuard(store)
        // Nothing is read any more.
        try store.close()
        let client = try #require(keys.verify(key))
        #expect(client.id == stored.id)
        #expect(client.label == "laptop")
        #expect(client.isAdministrator)
        #expect(keys.verify(key + "x") == nil)
        #expect(keys.verify("") == nil)
        #expect(keys.verify(stored.prefix) == nil)
    }

    @Test("Another process's keys and revocations are known after a synchronisation")
    func revoke() async throws {
        let keys = try KeyGuard(store)
        #expect(!keys.needsKey())
        let other = try folder.open(clock)
        let (key, stored) = try other.addKey(name: "phone")
        #expect(keys.verify(key) == nil)
        try await keys.synchronize()
        #expect(keys.verify(key) != nil)
        clock.advance(5)
        #expect(try other.revokeKey(stored.id).revoked == clock.seconds)
        clock.advance(5)
        #expect(try other.revokeKey(stored.id).revoked == clock.seconds - 5)
        try await keys.synchronize()
        #expect(keys.verify(key) == nil)
        // A server whose last key was revoked is not open to all.
        #expect(keys.needsKey())
        #expect(throws: ServerError.self) { try other.revokeKey("key_none") }
    }

    @Test("Requests in a minute are limited, and come back with time")
    func requests() async throws {
        let (key, _) = try store.addKey(name: "x", requestsPerMinute: 3)
        let keys = try KeyGuard(store)
        let client = try #require(keys.verify(key))
        for _ in 1...3 { #expect(await keys.admit(client) == .admitted) }
        #expect(await keys.admit(client) == .refused(retryAfter: 20))
        clock.advance(19)
        #expect(await keys.admit(client) == .refused(retryAfter: 1))
        clock.advance(2)
        #expect(await keys.admit(client) == .admitted)
        #expect(await keys.admit(client) == .refused(retryAfter: 19))
        clock.advance(3600)
        for _ in 1...3 { #expect(await keys.admit(client) == .admitted) }
        #expect(await keys.admit(client) != .admitted)
    }

    @Test("Tokens of a day are limited until the day ends, also after a restart")
    func tokens() async throws {
        let (key, _) = try store.addKey(name: "x", tokensPerDay: 100)
        let keys = try KeyGuard(store)
        let client = try #require(keys.verify(key))
        keys.record(usage(prompt: 50, cached: 20, completion: 49), client: client.id)
        #expect(await keys.admit(client) == .admitted)
        keys.record(usage(prompt: 0, cached: 0, completion: 1), client: client.id)
        let rest = 86_400 - Int(clock.seconds) % 86_400
        #expect(await keys.admit(client) == .refused(retryAfter: rest))
        try await keys.synchronize()
        #expect(await keys.admit(client) == .refused(retryAfter: rest))
        let again = try KeyGuard(try folder.open(clock))
        try await again.synchronize()
        #expect(await again.admit(client) == .refused(retryAfter: rest))
        clock.advance(Double(rest))
        #expect(await again.admit(client) == .admitted)
    }

    @Test("Use is written by key and day, each count once")
    func use() async throws {
        let (key, stored) = try store.addKey(name: "x")
        let keys = try KeyGuard(store)
        let client = try #require(keys.verify(key))
        for _ in 1...2 {
            #expect(await keys.admit(client) == .admitted)
            keys.record(usage(prompt: 10, cached: 4, completion: 7), client: client.id)
            try await keys.synchronize()
            try await keys.synchronize()
        }
        // No key's: not counted.
        keys.record(usage(prompt: 1, cached: 1, completion: 1), client: "127.0.0.1")
        #expect(await keys.admit(client) == .admitted)
        clock.advance(86_400)
        keys.record(usage(prompt: 1, cached: 0, completion: 2), client: client.id)
        try await keys.synchronize()
        let days = try store.usage(of: stored.id)
        let today = Int(clock.seconds / 86_400)
        #expect(days.map(\.day) == [today, today - 1])
        var expected = KeyUsage()
        (expected.promptTokens, expected.completionTokens) = (1, 2)
        #expect(days.first?.usage == expected)
        (expected.requests, expected.promptTokens) = (3, 20)
        (expected.cachedTokens, expected.completionTokens) = (8, 14)
        #expect(days.last?.usage == expected)
        #expect(try store.keys().first?.lastUsed == clock.seconds - 86_400)
    }

    @Test("What could not be written is kept and written later")
    func failedWrite() async throws {
        let (key, stored) = try store.addKey(name: "x")
        let keys = try KeyGuard(store)
        let client = try #require(keys.verify(key))
        #expect(await keys.admit(client) == .admitted)
        let other = try DatabaseQueue(path: folder.path)
        try await other.write { try $0.execute(sql: "ALTER TABLE usage RENAME TO hidden") }
        await #expect(throws: (any Error).self) { try await keys.synchronize() }
        try await other.write { try $0.execute(sql: "ALTER TABLE hidden RENAME TO usage") }
        try await keys.synchronize()
        #expect(try store.usage(of: stored.id).first?.usage.requests == 1)
    }

    private func usage(prompt: Int, cached: Int, completion: Int) -> GenerationUsage {
        var usage = GenerationUsage()
        usage.promptTokens = prompt
        usage.cachedTokens = cached
        usage.completionTokens = completion
        return usage
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import HTTPTypes
import RetortJSON
import RetortServer
import Testing

@Suite("Conversations in the store")
struct ConversationStoreTests {
    let folder: StoreFolder
    let clock = HandClock()
    let store: ServerStore

    init() throws {
        folder = try StoreFolder()
        store = try folder.open(clock)
    }

    private func ask(_ text: String, in id: String, parent: String? = nil) async throws -> String {
        clock.advance(1)
        return try await store.addMessage(id, owner: "", parent: parent, content: text).message.id
    }

    private func answer(_ text: String, to parent: String, in id: String) async throws -> String {
        clock.advance(1)
        let run = try await store.beginRun(id, owner: "", RunStart(.answer(parent), model: "test"))
        let end = RunEnd(.complete, finishReason: "stop", content: text, reasoning: "hm")
        return try await store.endRun(run.run, end).message.id
    }

    @Test("Each commit is forced to the disk, and references are kept")
    func pragmas() async throws {
        let (mode, synchronous, keys) = try await store.pragmas()
        #expect(mode == "wal")
        #expect(synchronous == 2)
        #expect(keys == 1)
    }

    @Test("A file is migrated once, a newer one and one of something else are refused")
    func migrations() async throws {
        let id = try await store.create(owner: "").id
        try store.close()
        let again = try folder.open(clock)
        #expect(try await again.conversation(id, owner: "").id == id)
        try again.close()
        let other = try DatabaseQueue(path: folder.path)
        try await other.write { db in
            try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('9 of the future')")
        }
        let error = #expect(throws: ServerError.self) { try folder.open(clock) }
        #expect(error?.description.contains("newer") == true)
        let text = folder.url.appendingPathComponent("text.sqlite")
        try Data(repeating: 65, count: 4096).write(to: text)
        #expect(throws: ServerError.self) { try ServerStore(path: text.path) }
    }

    @Test("Questions and answers make a tree whose newest leaf is shown")
    func tree() async throws {
        let id = try await store.create(owner: "").id
        let first = try await ask("One?\nmore", in: id)
        let reply = try await answer("1", to: first, in: id)
        let second = try await ask("Two?", in: id, parent: reply)
        let left = try await answer("2", to: second, in: id)
        let right = try await answer("two", to: second, in: id)
        let edited = try await ask("Three?", in: id, parent: reply)
        var conversation = try await store.conversation(id, owner: "")
        #expect(conversation.title == "One?")
        #expect(conversation.tree.map(\.id) == [first, reply, second, left, right, edited])
        #expect(conversation.tree.map(\.parent) == [nil, first, reply, second, second, reply])
        #expect(conversation.activeLeaf == edited)
        #expect(conversation.messageCount == 6)
        #expect(conversation.updated == clock.seconds)
        // 1 when it was made, 1 for each question, 2 for each answer.
        #expect(conversation.revision == 10)
        var change = ConversationChange()
        change.activeLeaf = second
        #expect(try await store.change(id, owner: "", change).activeLeaf == right)
        change.activeLeaf = left
        conversation = try await store.change(id, owner: "", change)
        #expect(conversation.activeLeaf == left)
        #expect(conversation.revision == 12)
        change.activeLeaf = "m_none"
        await #expect(throws: APIError.self) { try await store.change(id, owner: "", change) }
    }

    @Test("A parent is a message of the other role in the same conversation")
    func parents() async throws {
        let id = try await store.create(owner: "").id
        let question = try await ask("One?", in: id)
        let other = try await store.create(owner: "").id
        let foreign = try await answer("1", to: try await ask("One?", in: other), in: other)
        for parent in [question, foreign, "m_none"] {
            await #expect(throws: APIError.self) {
                try await store.addMessage(id, owner: "", parent: parent, content: "x")
            }
        }
        #expect(try await store.conversation(id, owner: "").messageCount == 1)
    }

    @Test(
        "The title is the first line, at most 60 characters",
        arguments: [
            ("\n\n  Hello   there \nx", "Hello there"),
            (String(repeating: "é", count: 80), String(repeating: "é", count: 60)),
        ])
    func titles(text: String, title: String) async throws {
        let id = try await store.create(owner: "").id
        _ = try await ask(text, in: id)
        #expect(try await store.conversation(id, owner: "").title == title)
        var change = ConversationChange()
        change.title = "Mine"
        _ = try await store.change(id, owner: "", change)
        _ = try await ask("Another?", in: id)
        #expect(try await store.conversation(id, owner: "").title == "Mine")
    }

    @Test("Another owner's conversations are not there")
    func owners() async throws {
        let id = try await store.create(owner: "a").id
        let attempts: [@Sendable (ServerStore) async throws -> Void] = [
            { _ = try await $0.conversation(id, owner: "b") },
            { _ = try await $0.change(id, owner: "", ConversationChange()) },
            { _ = try await $0.delete(id, owner: "b") },
            { _ = try await $0.addMessage(id, owner: "b", parent: nil, content: "x") },
            { _ = try await $0.beginRun(id, owner: "b", RunStart(.answer("m"), model: nil)) },
        ]
        for attempt in attempts {
            let error = await #expect(throws: APIError.self) { try await attempt(store) }
            #expect(error?.status == .notFound)
        }
        #expect(try await store.conversations(owner: "b").conversations.isEmpty)
        var settings = ChatSettings()
        settings.seed = 7
        try await store.setSettings(settings, owner: "a")
        #expect(try await store.settings(owner: "b") == ChatSettings())
        #expect(try await store.create(owner: "a").settings == settings)
        #expect(try await store.create(owner: "b").settings == ChatSettings())
    }

    @Test("A deleted conversation can be restored for ten minutes, then it is gone for good")
    func undo() async throws {
        let id = try await store.create(owner: "").id
        _ = try await ask("zebra", in: id)
        await #expect(throws: APIError.self) { try await store.restore(id, owner: "") }
        let until = try await store.delete(id, owner: "").until
        #expect(until == clock.seconds + 600)
        await #expect(throws: APIError.self) { try await store.conversation(id, owner: "") }
        await #expect(throws: APIError.self) { try await store.delete(id, owner: "") }
        #expect(try await store.conversations(owner: "", query: "zebra").conversations.isEmpty)
        clock.advance(600)
        try await store.purge()
        #expect(try await store.restore(id, owner: "").messageCount == 1)
        #expect(try await store.conversations(owner: "", query: "zebra").conversations.count == 1)
        _ = try await store.delete(id, owner: "")
        clock.advance(601)
        await #expect(throws: APIError.self) { try await store.restore(id, owner: "") }
        try await store.purge()
        try store.close()
        let file = try DatabaseQueue(path: folder.path)
        let rows = try await file.read { db in
            try Int.fetchOne(
                db,
                sql: "SELECT (SELECT count(*) FROM messages) + (SELECT count(*) FROM conversations)"
            )
        }
        #expect(rows == 0)
        try await file.write { db in
            try db.execute(sql: "INSERT INTO texts (texts, rank) VALUES ('integrity-check', 1)")
            try db.execute(sql: "INSERT INTO titles (titles, rank) VALUES ('integrity-check', 1)")
        }
    }
}

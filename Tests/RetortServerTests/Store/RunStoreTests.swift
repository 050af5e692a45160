// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import RetortJSON
import RetortServer
import Testing

@Suite("Runs in the store")
struct RunStoreTests {
    let folder: StoreFolder
    let clock = HandClock()
    let store: ServerStore

    init() throws {
        folder = try StoreFolder()
        store = try folder.open(clock)
    }

    private func question() async throws -> (conversation: String, message: String) {
        let id = try await store.create(owner: "").id
        let message = try await store.addMessage(id, owner: "", parent: nil, content: "x").message
        return (id, message.id)
    }

    @Test("While a run lasts, the message has what was saved last")
    func saving() async throws {
        let (id, parent) = try await question()
        let run = try await store.beginRun(id, owner: "", RunStart(.answer(parent), model: "test"))
        #expect(run.message.status == .streaming)
        #expect(run.message.run == run.run)
        try await store.saveRun(run.run, content: "16", reasoning: "hm")
        var conversation = try await store.conversation(id, owner: "")
        #expect(conversation.activeRun == run.run)
        #expect(conversation.activeLeaf == run.message.id)
        #expect(conversation.tree.last?.content == "16")
        #expect(conversation.tree.last?.reasoning == "hm")
        let error = await #expect(throws: APIError.self) {
            try await store.beginRun(id, owner: "", RunStart(.answer(parent), model: "test"))
        }
        #expect(error?.code == "run_active")
        #expect(error?.param == run.run)
        var end = RunEnd(.complete, finishReason: "length", content: "160", reasoning: "hm.")
        end.usage = ["prompt_tokens": 3]
        let ended = try await store.endRun(run.run, end)
        #expect(ended.revision == run.revision + 1)
        conversation = try await store.conversation(id, owner: "")
        #expect(conversation.activeRun == nil)
        #expect(conversation.tree.last == ended.message)
        #expect(ended.message.content == "160")
        #expect(ended.message.usage["prompt_tokens"] == 3)
        // It has ended once.
        await #expect(throws: APIError.self) { try await store.endRun(run.run, end) }
        try await store.saveRun(run.run, content: "late", reasoning: "")
        #expect(try await store.conversation(id, owner: "").tree.last?.content == "160")
    }

    @Test("An answer that was cut short goes on in the same message, a complete one does not")
    func continuation() async throws {
        let (id, parent) = try await question()
        let run = try await store.beginRun(id, owner: "", RunStart(.answer(parent), model: "test"))
        var end = RunEnd(.complete, finishReason: "length", content: "one", reasoning: "r")
        _ = try await store.endRun(run.run, end)
        let more = try await store.beginRun(
            id, owner: "", RunStart(.continuation(run.message.id), model: "other"))
        #expect(more.message.id == run.message.id)
        #expect(more.message.content == "one")
        #expect(more.message.finishReason == nil)
        #expect(more.message.model == "other")
        end = RunEnd(.complete, finishReason: "stop", content: "one two", reasoning: "r")
        _ = try await store.endRun(more.run, end)
        for message in [run.message.id, parent, "m_none"] {
            let error = await #expect(throws: APIError.self) {
                try await store.beginRun(
                    id, owner: "", RunStart(.continuation(message), model: nil))
            }
            #expect(error?.status == .badRequest)
        }
    }

    @Test("What a server left behind is an error with what was saved, and can be gone on with")
    func recovery() async throws {
        let (id, parent) = try await question()
        let run = try await store.beginRun(id, owner: "", RunStart(.answer(parent), model: "test"))
        try await store.saveRun(run.run, content: "16", reasoning: "hm")
        try store.close()
        let again = try folder.open(clock)
        #expect(try await again.conversation(id, owner: "").activeRun == run.run)
        #expect(try again.recoverRuns() == 1)
        #expect(try again.recoverRuns() == 0)
        let conversation = try await again.conversation(id, owner: "")
        #expect(conversation.activeRun == nil)
        #expect(conversation.revision == run.revision + 1)
        let message = try #require(conversation.tree.last)
        #expect(message.status == .error)
        #expect(message.failure?.code == "server_restarted")
        #expect(message.content == "16")
        #expect(message.reasoning == "hm")
        let more = try await again.beginRun(
            id, owner: "", RunStart(.continuation(message.id), model: nil))
        #expect(more.message.failure == nil)
        #expect(more.message.model == "test")
    }
}

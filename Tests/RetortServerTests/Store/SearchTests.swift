// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import RetortServer
import Testing

@Suite("Listing and searching conversations")
struct SearchTests {
    let folder: StoreFolder
    let clock = HandClock()
    let store: ServerStore

    init() throws {
        folder = try StoreFolder()
        store = try folder.open(clock)
    }

    /// A conversation with a title and a text.
    @discardableResult
    private func make(_ title: String, _ text: String? = nil, pinned: Bool = false) async throws
        -> String
    {
        clock.advance(1)
        let id = try await store.create(owner: "", title: title).id
        if let text {
            _ = try await store.addMessage(id, owner: "", parent: nil, content: text)
        }
        if pinned {
            var change = ConversationChange()
            change.pinned = true
            _ = try await store.change(id, owner: "", change)
        }
        return id
    }

    private func titles(_ query: String) async throws -> [String] {
        try await store.conversations(owner: "", query: query).conversations.compactMap(\.title)
    }

    @Test("Pinned ones come first, then those with the newest messages")
    func order() async throws {
        try await make("a", pinned: true)
        let old = try await make("b")
        try await make("c")
        clock.advance(1)
        _ = try await store.addMessage(old, owner: "", parent: nil, content: "x")
        #expect(try await titles(" ") == ["a", "b", "c"])
    }

    @Test("A list in parts has every conversation once, those of the same time too")
    func cursor() async throws {
        var made: [String] = []
        for index in 0..<11 { made.append(try await make("\(index)", pinned: index % 3 == 0)) }
        for _ in 0..<3 { made.append(try await store.create(owner: "").id) }
        var seen: [String] = []
        var cursor: String?
        var parts = 0
        repeat {
            let page = try await store.conversations(owner: "", limit: 3, cursor: cursor)
            #expect(page.conversations.count <= 3)
            seen += page.conversations.map(\.id)
            cursor = page.next
            parts += 1
        } while cursor != nil
        #expect(parts == 5)
        let whole = try await store.conversations(owner: "").conversations.map(\.id)
        #expect(seen == whole)
        #expect(Set(seen) == Set(made))
        #expect(seen.count == made.count)
        for cursor in ["", "x", "1-2", "2-0-0", "0-%-1"] {
            await #expect(throws: APIError.self) {
                try await store.conversations(owner: "", cursor: cursor)
            }
        }
    }

    @Test(
        "Every word begins a word of the title or of a message, in whatever case",
        arguments: [
            ("zeb", ["Animals"]), ("ZEBRA", ["Animals"]), ("ebra", []), ("ani zeb", ["Animals"]),
            ("zebra primes", []), ("prim", ["Numbers"]), ("cafe", ["Drinks"]), ("CAFÉ", ["Drinks"]),
            ("foo-bar", ["Drinks"]), ("\"", []), ("a* OR b NEAR", []), ("zebra\u{0}", ["Animals"]),
            ("417", ["Numbers"]), ("title:zebra", []), ("東京", ["Drinks"]),
        ])
    func words(query: String, expected: [String]) async throws {
        try await make("Animals", "A zebra walks.")
        try await make("Numbers", "Primes up to 417?")
        try await make("Drinks", "Un café, foo-bar 東京")
        #expect(try await titles(query) == expected)
    }

    @Test("The snippet is text around a match")
    func snippet() async throws {
        let filler = String(repeating: "word ", count: 40)
        try await make("x", "\(filler)\n\nthe **Zebra** runs \(filler)")
        try await make("zebra")
        let found = try await store.conversations(owner: "", query: "zebra").conversations
        #expect(found.map(\.title) == ["zebra", "x"])
        #expect(found[0].snippet == nil)
        let snippet = try #require(found[1].snippet)
        #expect(snippet.contains("the **Zebra** runs"))
        #expect(snippet.hasPrefix("…") && snippet.hasSuffix("…"))
        #expect(snippet.count < 120)
        #expect(try await store.conversations(owner: "").conversations[0].snippet == nil)
    }

    @Test("A changed title and the text of an answer are found, not the old title")
    func changes() async throws {
        let id = try await make("before", "question")
        var change = ConversationChange()
        change.title = "after"
        _ = try await store.change(id, owner: "", change)
        #expect(try await titles("before") == [])
        #expect(try await titles("after") == ["after"])
        let question = try #require(try await store.conversation(id, owner: "").tree.first?.id)
        let run = try await store.beginRun(id, owner: "", RunStart(.answer(question), model: nil))
        let end = RunEnd(.complete, content: "giraffe", reasoning: "thought")
        _ = try await store.endRun(run.run, end)
        #expect(try await titles("giraffe") == ["after"])
        #expect(try await titles("thought") == [])
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortEngine
import RetortJSON
import RetortProvenance
import RetortServer
import Testing

@Suite("Answers that repeat protected texts") struct OutputFilterTests {
    private static let work =
        "It was a bright cold day in the harbour, and the clocks of the customs house were striking eleven. The porter counted crates until the ink ran dry and the gulls went home."
    private static let before = "You asked how it begins. I remember this much. "
    private static let after =
        " Nothing more comes to my mind than that, and I would not dare to invent it."

    private func index() throws -> ProtectedTextIndex {
        try ProtectedTextIndex([("harbour.txt", "LicenseRef-own", Array(Self.work.utf8))])
    }

    /// Texts of about four letters, as tokens are.
    private static func pieces(_ text: String) -> [String] {
        var pieces: [String] = []
        var rest = text[...]
        while !rest.isEmpty {
            pieces.append(String(rest.prefix(4)))
            rest = rest.dropFirst(4)
        }
        return pieces
    }

    private func answer(
        _ backend: ScriptedBackend, _ action: OutputFilterRules.Action,
        routes: [String: OutputFilterRules.Action] = [:]
    ) async throws -> (content: String, finish: String, tokens: Int) {
        let rules = OutputFilterRules(try index(), action: action, routes: routes)
        let box = AnswerBox()
        try await withServer(backend, filter: rules) { client in
            let response = try await client.post(
                "/v1/chat/completions", ["messages": [["role": "user", "content": "hi"]]])
            let json = try response.json()
            await box.set(
                json.at("choices", "0", "message", "content").stringValue ?? "",
                json.at("choices", "0", "finish_reason").stringValue ?? "",
                json.at("usage", "completion_tokens").intValue ?? -1)
        }
        return await box.value
    }

    private actor AnswerBox {
        var value = (content: "", finish: "", tokens: 0)
        func set(_ content: String, _ finish: String, _ tokens: Int) {
            value = (content, finish, tokens)
        }
    }

    @Test(
        "a copy is blocked before its first letter, also in another case and other spaces",
        arguments: [work, work.uppercased(), work.replacing(" ", with: "  ")])
    func block(copy: String) async throws {
        let backend = try ScriptedBackend(saying: Self.pieces(Self.before + copy + Self.after))
        let (content, finish, _) = try await answer(backend, .block)
        #expect(finish == "content_filter")
        #expect(Self.before.hasPrefix(content) && content.hasPrefix("You asked how it begins."))
    }

    @Test("an answer without a copy comes as it was, every letter of it")
    func plain() async throws {
        let text = Self.before + "A cold day in the harbour, said somebody." + Self.after
        for action in [OutputFilterRules.Action.block, .resample, .cite, .off] {
            let backend = try ScriptedBackend(saying: Self.pieces(text))
            let (content, finish, _) = try await answer(backend, action)
            #expect(content == text && finish == "stop")
        }
    }

    @Test("what is cited names the text and its licence; a route may be left out")
    func cite() async throws {
        let text = Self.before + Self.work + Self.after
        let cited = try await answer(try ScriptedBackend(saying: Self.pieces(text)), .cite)
        #expect(cited.content.hasPrefix(text) && cited.finish == "stop")
        #expect(cited.content.contains("harbour.txt (LicenseRef-own)"))
        let open = try await answer(
            try ScriptedBackend(saying: Self.pieces(text)), .block, routes: ["chat": .off])
        #expect(open.content == text)
    }

    @Test("a copy is drawn again from where it began, without the token that began it")
    func resample() async throws {
        let backend = try ScriptedBackend { request, _ in
            request.generation.sampling.bannedFirst.isEmpty
                ? ScriptedBackend.steps(request, Self.pieces(Self.before + Self.work))
                : ScriptedBackend.steps(request, Self.pieces(Self.after))
        }
        let (content, finish, tokens) = try await answer(backend, .resample)
        #expect(finish == "stop" && content.hasSuffix(Self.after))
        #expect(!content.contains("bright cold day in the"))
        #expect(backend.requests.count == 2)
        let again = try #require(backend.requests.last?.generation)
        let first = try #require(backend.requests.first?.generation)
        #expect(again.prompt.count > first.prompt.count)
        // What was thrown away is not counted.
        #expect(
            tokens == again.prompt.count - first.prompt.count + Self.pieces(Self.after).count)
    }

    @Test("who cannot but repeat is blocked after a few tries")
    func stubborn() async throws {
        let backend = try ScriptedBackend { request, _ in
            ScriptedBackend.steps(request, Self.pieces(Self.work))
        }
        let (content, finish, _) = try await answer(backend, .resample)
        #expect(finish == "content_filter" && content.count < 30)
        #expect(backend.requests.count == 9)
        let banned = try #require(backend.requests.last?.generation.sampling.bannedFirst)
        #expect(!banned.isEmpty)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortEngine
import RetortGuard
import RetortJSON
import TestSupport
import Testing

@Suite("Policies") struct GuardPolicyTests {
    private func policy(_ text: String) throws -> GuardPolicy {
        try GuardPolicy(try JSONValue(parsing: text))
    }

    @Test("a key's rule stands above a route's, and that above the file's, setting by setting")
    func precedence() throws {
        let policy = try policy(
            """
            {"watermark": true, "thoughts": "summary", "max_n": 4,
             "routes": {"chat": {"watermark": "enforced", "logprobs": false}},
             "keys": {"a": {"watermark": false, "thoughts": "full"}, "b": {"max_n": 1}}}
            """)
        #expect(policy.marks && !policy.isOpen)
        let plain = policy.decision(key: "c", route: "messages")
        #expect(plain.watermark == .on && plain.thoughts == .summary && plain.logprobs)
        #expect(plain.maximumChoices == 4)
        let chat = policy.decision(key: "b", route: "chat")
        #expect(chat.watermark == .enforced && chat.thoughts == .summary && !chat.logprobs)
        #expect(chat.maximumChoices == 1)
        let trusted = policy.decision(key: "a", route: "chat")
        #expect(trusted.watermark == .off && trusted.thoughts == .full && !trusted.logprobs)
    }

    @Test("without rules nothing is marked or hidden") func open() throws {
        let policy = try policy("{}")
        #expect(policy.isOpen && !policy.marks)
        #expect(policy.decision(key: "a", route: "chat") == GuardPolicy.Decision())
    }

    @Test(
        "a slip is named before it is served by",
        arguments: [
            #"[]"#, #"{"watermarks": "on"}"#, #"{"watermark": "always"}"#, #"{"thoughts": true}"#,
            #"{"logprobs": "no"}"#, #"{"canaries": 2}"#, #"{"max_n": 0}"#,
            #"{"routes": {"chats": {}}}"#,
            #"{"routes": ["chat"]}"#, #"{"keys": {"a": "off"}}"#, #"{"keys": {"a": {"x": 1}}}"#,
        ])
    func slips(text: String) throws {
        let json = try JSONValue(parsing: text)
        let error = #expect(throws: GuardError.self) { try GuardPolicy(json) }
        #expect(
            error?.description.contains("policy") == true
                || error?.description.contains("key 'a'") == true)
    }

    @Test("a summary is a part of the thought, and short")
    func summary() {
        let thought = (0..<40).map { "Step \($0) adds number \($0 * 7) to the running total." }
            .joined(separator: "\n")
        let summary = ThoughtSummary.of(thought)
        #expect(!summary.isEmpty && summary.count <= thought.count * 3 / 20)
        for sentence in summary.split(separator: ". ") { #expect(thought.contains(sentence)) }
        let long = String(repeating: "a", count: 10_000)
        #expect(ThoughtSummary.of(long).count == ThoughtSummary.mostLetters)
        #expect(ThoughtSummary.of("").isEmpty)
        #expect(ThoughtSummary.of("...").count <= 3)
    }

    @Test("the newest key of a folder marks, all detect, and a new one is taken up")
    func ring() throws {
        let folder = try TemporaryFolder()
        func write(_ name: String, created: Double) throws -> String {
            let made = WatermarkKey.generate(.gumbel)
            let key = WatermarkKey(
                identifier: made.identifier, parameters: made.parameters, created: created)
            try key.write(to: folder.path(name))
            return key.identifier
        }
        #expect(throws: GuardError.self) { try WatermarkKeyRing(path: folder.path("")) }
        let old = try write("a.json", created: 100)
        let new = try write("b.json", created: 200)
        let ring = try WatermarkKeyRing(path: folder.path(""), interval: .zero)
        #expect(ring.active.identifier == new)
        #expect(ring.keys.map(\.identifier) == [new, old])
        let newest = try write("c.json", created: 300)
        #expect(ring.active.identifier == newest && ring.keys.count == 3)
        let green = try WatermarkKeyRing(path: folder.path("a.json"), scheme: .greenList)
        #expect(green.active.scheme == .greenList && green.active.identifier == old)
        #expect(throws: GuardError.self) { try WatermarkKeyRing([]) }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The interactive chat, driven through a pseudo-terminal.
@Suite struct ConversationTests {
    private static let up = "\u{1B}[A"
    private static let left = "\u{1B}[D"
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func chat(
        _ arguments: [String] = [], environment: [String: String] = [:]
    ) throws -> PseudoTerminal {
        let terminal = try PseudoTerminal(
            ["chat"] + arguments, home: folder.url.path, environment: environment)
        try terminal.expect(">>> ")
        return terminal
    }

    @Test("a question is answered under its dimmed thought, and Ctrl-D leaves")
    func answers() throws {
        let terminal = try chat()
        try terminal.type("What is 417 * 386?\r")
        let thought = try terminal.expect("\u{1B}[0m")
        #expect(thought.contains("\u{1B}[2m"))
        let answer = try terminal.expect("tokens/s")
        #expect(answer.contains("160962"))
        try terminal.expect(">>> ")
        try terminal.type("\u{04}")
        #expect(terminal.wait().status == 0)
    }

    @Test("a line is edited in its middle before it is sent")
    func editing() throws {
        let terminal = try chat()
        // Wrong digits, corrected with the arrows, Backspace, Home and Delete.
        try terminal.type("xWhat is 9 * 99?\(Self.left)\(Self.left)\u{7F}8\u{1B}[H\u{1B}[3~\r")
        try terminal.expect("9 × 89 = 801")
    }

    @Test("the last message comes back with the arrow, also in the next conversation")
    func history() throws {
        let first = try chat()
        try first.type("What is 12 + 30?\r")
        try first.expect("tokens/s")
        try first.expect(">>> ")
        try first.type("\(Self.up)\r")
        try first.expect("What is 12 + 30?")
        try first.expect("tokens/s")
        try first.expect(">>> ")
        try first.type("/bye\r")
        #expect(first.wait().status == 0)

        let second = try chat()
        try second.type("\(Self.up)\(Self.up)\r")
        try second.expect("What is 12 + 30?")
        try second.expect("tokens/s")
        // Keys typed before the prompt is there are the terminal's, which has its own Ctrl-D.
        try second.expect(">>> ")
        try second.type("\u{04}")
        #expect(second.wait().status == 0)
    }

    @Test("/hide folds the thought, /show unfolds it")
    func hiding() throws {
        let terminal = try chat(environment: ["NO_COLOR": "1"])
        try terminal.type("/hide\r")
        try terminal.expect(">>> ")
        try terminal.type("What is 25 * 4?\r")
        let hidden = try terminal.expect("tokens/s")
        #expect(hidden.contains("Thought for"))
        try terminal.expect(">>> ")
        try terminal.type("/show\r")
        try terminal.expect(">>> ")
        try terminal.type("What is 25 * 4?\r")
        let shown = try terminal.expect("tokens/s")
        #expect(!shown.contains("Thought for"))
        // The steps of the thought; lengths would count how often the line was redrawn.
        #expect(shown.contains("4*52=") && !hidden.contains("4*52="))
    }

    @Test("/set checks its value, an unknown command is named, /clear forgets")
    func commands() throws {
        let terminal = try chat()
        try terminal.type("/set temperature hot\r")
        try terminal.expect("Use /set NAME VALUE")
        try terminal.type("/set top_p 7\r")
        try terminal.expect("retort: ")
        try terminal.type("/set max_tokens 3\r")
        try terminal.expect(">>> ")
        try terminal.type("What is 25 * 4?\r")
        try terminal.expect("cut off at the limit")
        try terminal.type("/poem\r")
        try terminal.expect("There is no command /poem")
        try terminal.type("/clear\r")
        try terminal.expect("The conversation is forgotten.")
    }

    @Test("a message of several lines is sent as one")
    func severalLines() throws {
        let terminal = try chat()
        try terminal.type("\"\"\"What is\r")
        try terminal.expect("... ")
        try terminal.type("11 * 11?\"\"\"\r")
        // Half a message would not be answered.
        try terminal.expect("11 × 11 = 121")
        try terminal.expect("tokens/s")
        try terminal.expect(">>> ")
        try terminal.type("\u{1B}[200~What is\r\n7 * 6?\u{1B}[201~\r")
        try terminal.expect("7 × 6 = 42")
        try terminal.expect("tokens/s")
    }

    @Test("Ctrl-C stops an answer, not the program; twice at the prompt it leaves")
    func interrupting() throws {
        // Without its end of turn the model goes on until the context is full.
        let run = try CommandRun(["tokenize", "bundled", "--text", "<|im_end|>"])
        let end = run.output.trimmingCharacters(in: .whitespacesAndNewlines)
        let terminal = try chat(["--logit-bias", "\(end)=-1000"])
        try terminal.type("What is 417 * 386?\r")
        try terminal.expect("\u{1B}[2m")
        try terminal.type("\u{03}")
        try terminal.expect(", stopped")
        try terminal.expect(">>> ")
        try terminal.type("half a line\u{03}")
        try terminal.expect("Ctrl-C again or Ctrl-D leaves.")
        try terminal.expect(">>> ")
        try terminal.type("\u{03}")
        #expect(terminal.wait().status == 0)
    }
}

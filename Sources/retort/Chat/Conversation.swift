// SPDX-License-Identifier: Apache-2.0
//
// The interactive conversation: a prompt with line editing, slash commands, answers.

import Foundation
import RetortEngine

/// Runs until the user leaves.
final class Conversation {
    private let session: ChatSession
    private var options: ChatOptions
    private var hidesThinking: Bool
    private let interrupt: InterruptSignal
    private var history: InputHistory
    private static let prompt = ">>> "
    private static let continuation = "... "

    init(
        session: ChatSession, options: ChatOptions, hidesThinking: Bool,
        interrupt: InterruptSignal
    ) {
        self.session = session
        self.options = options
        self.hidesThinking = hidesThinking
        self.interrupt = interrupt
        history = InputHistory(
            url: InputHistory.standardURL(environment: ProcessInfo.processInfo.environment))
    }

    func run() {
        Output.note("\(session.model.name). /help lists the commands, Ctrl-D leaves.")
        var wasInterrupted = false
        while true {
            switch readMessage() {
            case .end: return
            case .interrupted:
                if wasInterrupted { return }
                wasInterrupted = true
                Output.note("Ctrl-C again or Ctrl-D leaves.")
                continue
            case .line(let line):
                let text = line.trimmingCharacters(in: .whitespacesAndNewlines)
                if !text.isEmpty {
                    history.add(text)
                    history.save()
                    if text.hasPrefix("/") {
                        if !command(text) { return }
                    } else {
                        answer(text)
                    }
                }
            }
            wasInterrupted = false
        }
    }

    /// One message; `"""` begins and ends one of several lines.
    private func readMessage() -> LineInput {
        let first = readLine(Self.prompt)
        guard case .line(let line) = first, line.hasPrefix("\"\"\"") else { return first }
        var lines = [String(line.dropFirst(3))]
        while !(lines.last ?? "").hasSuffix("\"\"\"") {
            switch readLine(Self.continuation) {
            case .line(let next): lines.append(next)
            case .interrupted: return .interrupted
            case .end: return .line(lines.joined(separator: "\n"))
            }
        }
        return .line(String(lines.joined(separator: "\n").dropLast(3)))
    }

    private func readLine(_ prompt: String) -> LineInput {
        Terminal.withRawInput {
            var editor = LineEditor(
                prompt: prompt, readByte: Terminal.readByte, write: Output.write,
                columns: { Terminal.columns })
            return editor.read(history: history.lines)
        }
    }

    private func answer(_ text: String) {
        interrupt.catchDuringAnswer()
        var printer = ResponsePrinter(hidesThinking: hidesThinking)
        do {
            let response = try session.respond(
                to: text, options: options, cancellation: interrupt.cancellation
            ) { printer.show($0) }
            printer.finish(response)
            Output.write("\n")
        } catch {
            Output.note("retort: \(error)")
        }
    }

    /// - Returns: Whether to go on.
    private func command(_ text: String) -> Bool {
        let words = text.split(separator: " ", maxSplits: 1).map(String.init)
        switch words[0] {
        case "/bye", "/exit", "/quit": return false
        case "/clear":
            session.reset()
            Output.note("The conversation is forgotten.")
        case "/hide": hidesThinking = true
        case "/show": hidesThinking = false
        case "/think": options.thinks = true
        case "/nothink": options.thinks = false
        case "/set": set(words.count > 1 ? words[1] : "")
        case "/help", "/?":
            Output.note(
                """
                /clear            forget the conversation
                /hide, /show      fold or unfold thoughts
                /think, /nothink  ask the chat template for a thought or none
                /set NAME VALUE   temperature, top_p, top_k, min_p, seed, max_tokens
                /bye              leave (or Ctrl-D)
                \"\"\"               begins and ends a message of several lines
                """)
        default: Output.note("There is no command \(words[0]); /help lists them.")
        }
        return true
    }

    private func set(_ text: String) {
        let parts = text.split(separator: " ")
        guard parts.count == 2, let value = Float(parts[1]) else {
            Output.note("Use /set NAME VALUE, such as /set temperature 0.6")
            return
        }
        var changed = options
        var sampling = changed.sampling ?? session.model.recommendedSampling
        switch parts[0] {
        case "temperature": sampling.temperature = value
        case "top_p": sampling.topP = value
        case "min_p": sampling.minP = value
        case "top_k": sampling.topK = Int(exactly: value) ?? -1
        case "seed": sampling.seed = UInt64(parts[1])
        case "max_tokens": changed.maximumTokens = Int(parts[1])
        default:
            Output.note("There is no setting \(parts[0]).")
            return
        }
        do {
            try sampling.validate()
            changed.sampling = sampling
            options = changed
        } catch {
            Output.note("retort: \(error)")
        }
    }
}

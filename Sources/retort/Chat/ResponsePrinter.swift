// SPDX-License-Identifier: Apache-2.0
//
// Shows a response while it is made. On a terminal the thought is dimmed above the answer; elsewhere
// stdout gets the answer alone and stderr the rest.

import Foundation
import RetortEngine

struct ResponsePrinter {
    private static let dim = "\u{1B}[2m"
    private static let plain = "\u{1B}[0m"

    private let hidesThinking: Bool
    private let isTerminal = Terminal.outputIsTerminal
    private let stylesOutput = Terminal.allowsStyle(STDOUT_FILENO)
    private let stylesErrors = Terminal.allowsStyle(STDERR_FILENO)
    private let start = ContinuousClock.now
    private var isThinking = false
    private var hasAnswered = false
    private var lastCharacter: Character = "\n"

    init(hidesThinking: Bool) { self.hidesThinking = hidesThinking }

    mutating func show(_ event: ChatEvent) {
        switch event {
        case .reasoning(let text): think(text)
        case .answer(let text): answer(text)
        case .finished: break
        }
    }

    private mutating func think(_ text: String) {
        if !isThinking {
            isThinking = true
            if hidesThinking, isTerminal { put(styled("Thinking …")) }
            if !hidesThinking, isTerminal, stylesOutput { put(Self.dim) }
        }
        guard !hidesThinking else { return }
        if isTerminal { put(text) } else { Self.putError(text) }
        lastCharacter = text.last ?? lastCharacter
    }

    private mutating func answer(_ text: String) {
        endThought()
        hasAnswered = true
        put(text)
        lastCharacter = text.last ?? lastCharacter
    }

    private mutating func endThought() {
        guard isThinking else { return }
        isThinking = false
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        if hidesThinking {
            if isTerminal {
                let line = styled("Thought for \(Self.format(seconds)) s")
                put((stylesOutput ? "\r\u{1B}[K" : "\n") + line + "\n\n")
            }
        } else if isTerminal {
            put((stylesOutput ? Self.plain : "") + (lastCharacter == "\n" ? "\n" : "\n\n"))
        } else if lastCharacter != "\n" {
            Self.putError("\n")
        }
        lastCharacter = "\n"
    }

    /// Ends the last line and says what it took.
    mutating func finish(_ response: ChatResponse) {
        endThought()
        if hasAnswered, lastCharacter != "\n" { put("\n") }
        let usage = response.usage
        var line = "\(usage.completionTokens) tokens"
        if usage.reasoningTokens > 0 { line += " (\(usage.reasoningTokens) of thought)" }
        line +=
            ", \(Self.format(usage.decodeTokensPerSecond)) tokens/s, first after \(Self.format(usage.promptSeconds)) s"
        switch response.finishReason {
        case .stop: break
        case .length: line += ", cut off at the limit"
        case .cancelled: line += ", stopped"
        case .filtered: line += ", filtered"
        }
        Self.putError((stylesErrors ? Self.dim + line + Self.plain : line) + "\n")
    }

    private func styled(_ text: String) -> String {
        stylesOutput ? Self.dim + text + Self.plain : text
    }

    private func put(_ text: String) { Output.write(text) }

    private static func putError(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }

    private static func format(_ value: Double) -> String {
        String(format: value < 10 ? "%.2f" : "%.0f", value)
    }
}

// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortEngine
import RetortGuard
import RetortJSON
import RetortTokenizers

struct GuardDetectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "detect",
        abstract: "Look for a key's watermark in texts.",
        discussion: """
            The p-value is exact: how likely a text that was written without the key scores as high. A verdict \
            corrects it for the number of keys and of windows of the text. What is not found need not be unmarked: \
            edits, translations and predictable text leave no mark.
            """)

    @Option(
        name: .customLong("key"),
        help: ArgumentHelp("A key's file; may be given several times.", valueName: "file"),
        completion: .file())
    var keys: [String]

    @Option(
        help: ArgumentHelp(
            "The model that wrote, for its tokenizer: a file, a directory or a name.",
            valueName: "model"))
    var model = "bundled"

    @Option(
        name: .customLong("file"),
        help: ArgumentHelp(
            "A text; '-' is stdin; may be given several times.", valueName: "file"),
        completion: .file())
    var files: [String] = []

    @Option(help: "A text.")
    var text: String?

    @Option(
        help: ArgumentHelp(
            "Texts by the line, as JSON objects; 'reasoning_content' and 'content' or 'text' are looked at.",
            valueName: "file"),
        completion: .file())
    var jsonl: String?

    @Option(
        name: .customLong("scheme"),
        help: ArgumentHelp("Another scheme than the key's.", valueName: "name"),
        transform: WatermarkOptions.scheme)
    var scheme: WatermarkScheme?

    @Option(
        help: ArgumentHelp("The chance of a false alarm that a verdict may have.", valueName: "p"))
    var level = 1e-6

    @Flag(help: "Say only what the verdict is, for who does not own the key.")
    var coarse = false

    @Flag(help: "Print one JSON object for each text.")
    var json = false

    func validate() throws {
        guard !keys.isEmpty else { throw ValidationError("--key is missing.") }
        guard !files.isEmpty || text != nil || jsonl != nil else {
            throw ValidationError("Give a text: --file, --text or --jsonl.")
        }
        guard level > 0, level < 1 else {
            throw ValidationError("--level must lie between 0 and 1.")
        }
    }

    func run() throws {
        let detectors = try keys.map { path in
            var options = WatermarkOptions()
            options.watermark = path
            options.scheme = scheme
            guard let key = try options.key() else { throw CommandError("there is no key") }
            return try WatermarkDetector(key: key, level: level)
        }
        let tokenizer = try TokenizerOnly.open(model)
        let report = DetectionReport(
            detectors: detectors, tokenizer: tokenizer, isCoarse: coarse, isJSON: json)
        // Together each pair of context and token counts once, so that they are looked at again.
        let isSeveral = jsonl != nil || files.count + (text == nil ? 0 : 1) > 1
        var tapes = detectors.map { _ in WatermarkTape() }
        var parts: [[WatermarkDetection]] = []
        func look(_ name: String, _ text: String) {
            let tokens = tokenizer.encode(text, addSpecialTokens: false)
            report.print(name, tokens, detectors.map { $0.detect(tokens) })
            guard isSeveral else { return }
            parts.append(
                detectors.indices.map { detectors[$0].detect(tokens, &tapes[$0]) })
        }
        if let text { look("text", text) }
        for file in files { look(file, try InputFile.text(path: file)) }
        if let jsonl {
            for (number, line) in try InputFile.text(path: jsonl).split(separator: "\n")
                .enumerated()
            {
                look(
                    "\(jsonl):\(number + 1)", try Self.text(line, "\(jsonl):\(number + 1)"))
            }
        }
        guard parts.count > 1 else { return }
        report.print(
            "all \(parts.count)", nil,
            detectors.indices.map { index in detectors[index].combined(parts.map { $0[index] }) })
    }

    private static func text(_ line: Substring, _ place: String) throws -> String {
        guard let object = try? JSONValue(parsing: Array(line.utf8)), object.objectValue != nil
        else { throw CommandError("\(place) is no JSON object") }
        let last = object["messages"]?.arrayValue?.last ?? object
        let fields = ["reasoning_content", "reasoning", "content", "answer", "text", "completion"]
        let texts = fields.compactMap { last[$0]?.stringValue }
        guard !texts.isEmpty else {
            throw CommandError("\(place) has none of \(fields.joined(separator: ", "))")
        }
        return texts.joined(separator: "\n")
    }
}

/// Prints what was found.
private struct DetectionReport {
    let detectors: [WatermarkDetector]
    let tokenizer: Tokenizer
    let isCoarse: Bool
    let isJSON: Bool

    /// - Parameter tokens: Nil for several texts together.
    func print(_ name: String, _ tokens: [Int32]?, _ found: [WatermarkDetection]) {
        guard let best = found.min(by: { $0.combined < $1.combined }) else { return }
        let verdict = best.verdict(keys: found.count)
        if isCoarse {
            if isJSON {
                Output.json(["name": .string(name), "verdict": .string(verdict.rawValue)])
            } else {
                Output.line("\(name): \(verdict.text)")
            }
            return
        }
        if isJSON {
            var object = best.json(keys: found.count)
            object["name"] = .string(name)
            if found.count > 1 {
                object["keys"] = .array(found.map { .object($0.json(keys: found.count)) })
            }
            Output.json(.object(object))
            return
        }
        Output.line("\(name): \(verdict.text)")
        for detection in found {
            Output.line(
                "  \(detection.key) (\(detection.scheme.rawValue)): p = \(detection.pValue), \(detection.tokensScored) of \(detection.tokens) tokens scored, mean \(decimal(detection.meanScore)) (\(decimal(detection.expected)) by chance)"
            )
            if let window = detection.window, let tokens, window.pValue < detection.pValue {
                let text = tokenizer.decode(Array(tokens[window.tokens])).replacing("\n", with: " ")
                Output.line(
                    "    most in tokens \(window.tokens.lowerBound) to \(window.tokens.upperBound - 1), p = \(window.pValue): \(text.prefix(80))…"
                )
            }
        }
        if verdict == .tooShort {
            Output.line(
                "  \(best.tokensScored) scored tokens are too few to decide at \(detectors[0].level); about \(best.tokensNeeded) are needed"
            )
        }
    }

    private func decimal(_ value: Double) -> String { String(format: "%.3f", value) }
}

extension WatermarkDetection.Verdict {
    fileprivate var text: String {
        switch self {
        case .marked: "marked"
        case .notFound: "no mark found (which does not show that there is none)"
        case .tooShort: "too short to decide"
        }
    }
}

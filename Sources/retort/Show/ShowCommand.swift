// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortEngine
import RetortFormats
import RetortJSON

struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print what a model is and how much memory it will take.")

    @Argument(help: "A GGUF file, a Hugging Face directory, a name in the store, or 'bundled'.")
    var model = "bundled"

    @Option(
        help: "Tokens of context for the memory estimate; by default the model's, at most 32768.")
    var context: Int?

    @Flag(help: "Print the chat template and nothing else.")
    var template = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let summary = try ModelSummary(
            path: try ModelLocation.path(of: model), contextLength: context)
        if template {
            guard let text = summary.chatTemplate else {
                throw CommandError("\(model) has no chat template")
            }
            Output.line(text)
        } else if json {
            Output.json(.object(JSONObject(summary.fields.map { ($0.key, $0.value) })))
        } else {
            let width = summary.fields.map(\.key.count).max() ?? 0
            for (key, value) in summary.fields {
                let name = key.replacing("_", with: " ")
                Output.line(
                    name.padding(toLength: width + 2, withPad: " ", startingAt: 0)
                        + Self.text(key, value))
            }
        }
    }

    private static func text(_ key: String, _ value: JSONValue) -> String {
        if key.hasSuffix("bytes"), let bytes = value.intValue {
            return ByteCountFormatter.string(fromByteCount: Int64(bytes), countStyle: .memory)
        }
        return value.stringValue ?? value.text(.python)
    }
}

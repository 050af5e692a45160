// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortEngine
import RetortJSON
import RetortTemplates

struct RenderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "render",
        abstract: "Print the exact text that a chat template makes of messages.")

    @Argument(help: "A model, or a file with a Jinja template.")
    var model: String

    @Option(
        help: ArgumentHelp(
            "JSON: {\"messages\": […], …} or the messages alone; '-' is stdin. Every other key goes to the template.",
            valueName: "file"))
    var messages: String

    @Flag(help: "Print {\"text\": …}.")
    var json = false

    func run() throws {
        let context = try context()
        let path = try ModelLocation.path(of: model)
        let text: String
        if Self.isTemplate(path) {
            let template = try ChatTemplate(try InputFile.text(path: path))
            text = try template.render(context)
        } else {
            text = try ReasoningModel.render(path: path, context)
        }
        if json { Output.json(["text": .string(text)]) } else { Output.write(text) }
    }

    private func context() throws -> JSONObject {
        let name = messages == "-" ? "stdin" : messages
        let bytes = try InputFile.bytes(path: messages)
        let value: JSONValue
        do { value = try JSONValue(parsing: bytes) } catch {
            throw CommandError("\(name) is not valid JSON: \(error)")
        }
        switch value {
        case .object(let object): return object
        case .array: return JSONObject([("messages", value)])
        default:
            throw CommandError(
                "\(name) holds \(value.kind); expected {\"messages\": […]} or a list of messages")
        }
    }

    /// A file that is neither a directory nor GGUF is a template.
    private static func isTemplate(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
        guard !isDirectory.boolValue, let file = FileHandle(forReadingAtPath: path) else {
            return false
        }
        defer { try? file.close() }
        return (try? file.read(upToCount: 4)) != Data("GGUF".utf8)
    }
}

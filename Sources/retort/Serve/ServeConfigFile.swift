// SPDX-License-Identifier: Apache-2.0
//
// Options of `serve` from a file, so that a service's unit or a container names one file alone.

import ArgumentParser
import Yams

/// A YAML mapping of the long options of `retort serve` without their dashes, and `models`.
///
///     models: [qwen.gguf, coder.gguf]
///     host: 0.0.0.0
///     allow-origin: [https://app.example]
///     allow-without-keys: true
struct ServeConfigFile {
    private var models: [String] = []
    private var options: [String] = []

    /// - Throws: ``CommandError`` for text that is no such mapping. Which options there are is known
    ///   to ``command(_:isGivenModels:)``.
    init(_ text: String) throws {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            // The lines behind the first show the place in the text.
            let reason = "\(error)".split(separator: "\n").first ?? ""
            throw CommandError("not valid YAML: \(reason)")
        }
        guard let root else { return }
        guard let mapping = root.mapping else {
            throw CommandError("expected a mapping of options, such as 'port: 8080'")
        }
        for (key, value) in mapping {
            guard let name = key.string, name != "config", !name.hasPrefix("-") else {
                throw CommandError(
                    "'\(key.string ?? "?")' is no option; expected the long ones of 'retort serve' without dashes"
                )
            }
            if name == "models" || name == "model" {
                models += try Self.texts(value, of: name)
            } else if let flag = value.bool {
                if flag { options.append("--\(name)") }
            } else {
                // One argument, since a value may begin with a dash.
                options += try Self.texts(value, of: name).map { "--\(name)=\($0)" }
            }
        }
    }

    /// The scalars of a value as they are written; none for null.
    private static func texts(_ value: Node, of name: String) throws -> [String] {
        if value.null != nil { return [] }
        if let scalar = value.scalar { return [scalar.string] }
        guard let items = value.sequence else {
            throw CommandError("'\(name)' is a mapping, expected a value or a list of them")
        }
        return try items.map { item in
            guard let scalar = item.scalar, item.null == nil else {
                throw CommandError("an item of '\(name)' is no plain value")
            }
            return scalar.string
        }
    }

    /// The command with the file's options, before which those of the command line go.
    /// - Parameters:
    ///   - arguments: Those of the command line behind `serve`.
    ///   - isGivenModels: Whether the models are among them.
    func command(_ arguments: [String], isGivenModels: Bool) throws -> ServeCommand {
        // What is wrong with the command line alone was said before; the rest is the file's.
        let own = options + (isGivenModels ? [] : models)
        do {
            return try ServeCommand.parse(own + arguments)
        } catch {
            throw CommandError(ServeCommand.message(for: error))
        }
    }
}

extension ServeCommand {
    /// This command, with the options of its configuration file if it has one.
    func configured(
        arguments: [String] = Array(CommandLine.arguments.drop { $0 != "serve" }.dropFirst())
    ) throws -> ServeCommand {
        guard let config else { return self }
        let text = try InputFile.text(path: config)
        do {
            return try ServeConfigFile(text).command(arguments, isGivenModels: !models.isEmpty)
        } catch {
            throw CommandError("\(config): \(error)")
        }
    }
}

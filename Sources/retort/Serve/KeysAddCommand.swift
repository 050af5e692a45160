// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortJSON
import RetortServer

extension KeyScope: ExpressibleByArgument {}

struct KeysAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Make a key and print it, this once.")

    @Argument(help: "Whose or what for it is, for lists.")
    var name: String

    @Option(
        name: .customLong("scope"), parsing: .singleValue,
        help: "What it is for, once for each; api and app if not given.")
    var scopes: [KeyScope] = []

    @Option(help: "Requests in a minute that make the model work.")
    var rpm: Int?

    @Option(help: "Tokens of prompts and answers in a day (UTC).")
    var tokensPerDay: Int?

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var database: DatabaseOptions

    func validate() throws {
        for (name, value) in [("--rpm", rpm), ("--tokens-per-day", tokensPerDay)] {
            if let value, value < 1 {
                throw ValidationError("\(name) is \(value), expected 1 or more")
            }
        }
    }

    func run() async throws {
        let (key, stored) = try database.open().addKey(
            name: name, scopes: scopes.isEmpty ? [.api, .app] : Set(scopes),
            requestsPerMinute: rpm, tokensPerDay: tokensPerDay)
        if json {
            var object = stored.json.objectValue ?? JSONObject()
            object["key"] = .string(key)
            Output.json(.object(object))
            return
        }
        Output.line(key)
        Output.note("\(stored.id) for \(stored.name); the key is not shown again")
    }
}

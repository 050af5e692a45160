// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortHub
import RetortJSON

struct RemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Remove models from the store, or what an interrupted pull left.")

    @Argument(help: "Names as `retort list` prints them, or enough of their ends.")
    var models: [String]

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @Flag(help: "Print one JSON object when done.")
    var json = false

    func run() async throws {
        let store = try ModelStore.standard()
        var removed: [JSONValue] = []
        for query in models {
            let (name, freed) = try remove(query, from: store)
            if json {
                removed.append(["model": .string(name), "freed_bytes": .integer(Int64(freed))])
            } else {
                print("removed \(name), \(ByteCount(freed)) freed")
            }
        }
        if json { print((["removed": .array(removed)] as JSONValue).text()) }
    }

    private func remove(_ query: String, from store: ModelStore) throws -> (String, Int) {
        if let model = try store.model(named: query) {
            try confirm("\(model.name) (\(ByteCount(model.size)))")
            return (model.name.description, try store.remove(model))
        }
        if let repository = try? ModelName(parsing: query) {
            let name = repository.repository
            let unfinished = store.contents().unfinished.first { $0.repository == name }
            if let unfinished {
                try confirm("the unfinished pull of \(name) (\(ByteCount(unfinished.size)))")
            }
            if let freed = try store.removeUnfinished(repository) { return (name, freed) }
        }
        // Throws what is not there.
        _ = try store.resolve(query)
        throw ExitCode.failure
    }

    /// Asks on a terminal; a script has decided already.
    private func confirm(_ what: String) throws {
        guard !yes, isatty(STDIN_FILENO) == 1 else { return }
        FileHandle.standardError.write(Data("remove \(what)? [y/N] ".utf8))
        let answer = readLine()?.trimmingCharacters(in: .whitespaces).lowercased() ?? ""
        guard answer == "y" || answer == "yes" else {
            FileHandle.standardError.write(Data("not removed\n".utf8))
            throw ExitCode.failure
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortJSON
import RetortServer

struct KeysRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Revoke a key for good.")

    @Argument(help: "Its id, as `retort keys list` prints it.")
    var id: String

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
        let key = try database.open().revokeKey(id)
        Output.line(json ? key.json.text() : "revoked \(key.name) (\(key.id))")
    }
}

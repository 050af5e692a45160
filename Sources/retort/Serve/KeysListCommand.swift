// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortJSON
import RetortServer

struct KeysListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the keys and what they were used for today.")

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
        let store = try database.open()
        let keys = try store.keys()
        let today = Int(Date().timeIntervalSince1970 / 86_400)
        var rows = [["ID", "NAME", "KEY", "SCOPES", "CREATED", "LAST USED", "TODAY", "STATE"]]
        var objects: [JSONValue] = []
        for key in keys {
            let days = try store.usage(of: key.id)
            if json {
                objects.append(object(key, days))
                continue
            }
            let usage = days.first { $0.day == today }?.usage ?? KeyUsage()
            let scopes = KeyScope.allCases.filter(key.scopes.contains).map(\.rawValue)
            rows.append([
                key.id, key.name, "\(key.prefix)…", scopes.joined(separator: ","),
                date(key.created), key.lastUsed.map(date) ?? "never",
                "\(usage.requests) requests, \(usage.tokens) tokens",
                key.revoked.map { "revoked \(date($0))" } ?? limits(key),
            ])
        }
        if json {
            Output.json(["keys": .array(objects)])
        } else if keys.isEmpty {
            Output.note("no keys; `retort keys add NAME` makes one")
        } else {
            printTable(rows)
        }
    }

    private func object(_ key: StoredKey, _ days: [(day: Int, usage: KeyUsage)]) -> JSONValue {
        var object = key.json.objectValue ?? JSONObject()
        object["usage"] = .array(
            days.map { day, usage in
                var entry = usage.json.objectValue ?? JSONObject()
                entry["day"] = .string(date(Double(day) * 86_400))
                return .object(entry)
            })
        return .object(object)
    }

    private func date(_ time: Double) -> String {
        Date(timeIntervalSince1970: time).formatted(.iso8601.year().month().day())
    }

    private func limits(_ key: StoredKey) -> String {
        var parts: [String] = []
        if let limit = key.requestsPerMinute { parts.append("\(limit)/min") }
        if let limit = key.tokensPerDay { parts.append("\(limit) tokens/day") }
        return parts.isEmpty ? "valid" : "valid, " + parts.joined(separator: ", ")
    }

    private func printTable(_ rows: [[String]]) {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        for row in rows {
            let cells = zip(row, widths).map { text, width in
                text + String(repeating: " ", count: width - text.count)
            }
            Output.line(cells.joined(separator: "  ").trimmingCharacters(in: .whitespaces))
        }
    }
}

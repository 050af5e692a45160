// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortHub
import RetortJSON

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the models in the store.")

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let store = try ModelStore.standard()
        let contents = store.contents()
        if json {
            print(document(contents, store).text())
            return
        }
        printTable(contents.models)
        var notes: [String] = []
        for pull in contents.unfinished {
            notes.append(
                "unfinished: \(pull.repository), \(ByteCount(pull.size)) so far (`retort pull` goes on,"
                    + " `retort rm` removes)")
        }
        for manifest in contents.damaged {
            notes.append("damaged: \(manifest.path) cannot be read; pull that model again")
        }
        if contents.models.isEmpty {
            notes.append(
                "no models in \(store.root.path); `retort pull OWNER/NAME` fetches one")
        }
        for note in notes { FileHandle.standardError.write(Data("\(note)\n".utf8)) }
    }

    private func printTable(_ models: [StoredModel]) {
        guard !models.isEmpty else { return }
        let rows =
            [["NAME", "SIZE", "FORMAT", "PULLED"]]
            + models.map { model in
                [
                    model.name.description, ByteCount(model.size).description,
                    model.quantisation.map { "gguf \($0)" } ?? model.format.rawValue,
                    model.pulled.formatted(.iso8601.year().month().day()),
                ]
            }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        for row in rows {
            let cells = zip(row, widths).map { text, width in
                text + String(repeating: " ", count: width - text.count)
            }
            print(cells.joined(separator: "  ").trimmingCharacters(in: .whitespaces))
        }
    }

    private func document(_ contents: StoreContents, _ store: ModelStore) -> JSONValue {
        [
            "store": .string(store.root.path),
            "models": .array(contents.models.map { .object($0.jsonObject) }),
            "unfinished": .array(
                contents.unfinished.map {
                    ["repository": .string($0.repository), "bytes": .integer(Int64($0.size))]
                }),
            "damaged": .array(contents.damaged.map { .string($0.path) }),
        ]
    }
}

extension StoredModel {
    /// What `pull --json` and `list --json` print about a model.
    var jsonObject: JSONObject {
        JSONObject([
            ("model", .string(name.description)),
            ("repository", .string(name.repository)),
            ("revision", .string(name.revision ?? "main")),
            ("commit", .string(commit)),
            ("format", .string(format.rawValue)),
            ("quantisation", quantisation.map { .string($0) } ?? .null),
            ("bytes", .integer(Int64(size))),
            ("pulled", .string(pulled.formatted(.iso8601))),
            ("path", .string(location.path)),
            (
                "files",
                .array(
                    files.map { file in
                        [
                            "path": .string(file.path), "bytes": .integer(Int64(file.size)),
                            "checksum": .string(file.checksum.description),
                        ]
                    })
            ),
        ])
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the data pipeline share.

import Foundation
import RetortJSON
import RetortTokenizers
import RetortTraining
import TestSupport
import Testing

/// The message that `body` fails with; the test fails if it succeeds or throws another error.
@discardableResult
func trainingFailure(
    location: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) -> String {
    do {
        try body()
        Issue.record("an error was expected", sourceLocation: location)
        return ""
    } catch let error as TrainingError {
        return error.description
    } catch {
        Issue.record("a TrainingError was expected, not \(error)", sourceLocation: location)
        return ""
    }
}

extension TemporaryFolder {
    func write(_ text: String, to name: String) throws -> String {
        try write(Array(text.utf8), to: name)
    }

    func write(_ bytes: [UInt8], to name: String) throws -> String {
        try Data(bytes).write(to: url.appendingPathComponent(name))
        return path(name)
    }

    var names: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: url.path))?.sorted() ?? []
    }
}

/// The bytes of a file.
func contents(_ path: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
}

/// A tokenizer of the fixtures: `bytes`, `nfc` or `pieces`.
func dataTokenizer(_ name: String, template: String? = nil) throws -> DataTokenizer {
    let json = try JSONValue(parsing: contents(fixture("data/tokenizer-\(name).json").path))
    let tokenizer = try Tokenizer(
        tokenizerJSON: json, config: ["eos_token": "<|endoftext|>"])
    return DataTokenizer(
        tokenizer,
        chatTemplate: try template.map {
            String(decoding: try contents(fixture("data/\($0).jinja").path), as: UTF8.self)
        })
}

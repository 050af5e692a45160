// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON

/// Questions that a dataset must not have.
public struct EvaluationSet: Sendable, Equatable {
    public struct Item: Sendable, Equatable {
        public var id: String
        public var text: String

        public init(id: String, text: String) {
            self.id = id
            self.text = text
        }
    }

    public var name: String
    public var items: [Item]

    public init(name: String, items: [Item]) {
        self.name = name
        self.items = items
    }

    private static let fields = ["question", "problem", "prompt", "text", "input"]

    /// Reads a JSONL file.
    /// - Parameters:
    ///   - name: nil for the file's name.
    ///   - field: Which field has the question; nil takes the first there is of `question`,
    ///     `problem`, `prompt`, `text` and `input`.
    /// - Throws: ``DistillationError`` with file and line.
    public init(path: String, name: String? = nil, field: String? = nil) throws(DistillationError) {
        self.name =
            name ?? URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        items = []
        let fields = field.map { [$0] } ?? Self.fields
        let reader = try RecordReader(path: path)
        while let json = try reader.nextJSON() {
            guard let text = fields.lazy.compactMap({ json[$0]?.stringValue }).first else {
                throw DistillationError(
                    .invalidInput,
                    "\(path):\(reader.number): no text as \(fields.joined(separator: ", "))")
            }
            let id = json["id"]?.stringValue ?? json["id"]?.intValue.map { "\($0)" }
            items.append(Item(id: id ?? "line \(reader.number)", text: text))
        }
        guard !items.isEmpty else {
            throw DistillationError(.invalidInput, "\(path) has no items; expected JSON lines")
        }
    }
}

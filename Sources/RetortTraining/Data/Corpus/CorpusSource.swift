// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// What a file of a corpus holds.
public enum CorpusFormat: Sendable, Equatable {
    /// How plain text is cut into documents.
    public enum Separator: String, Sendable {
        /// The whole file is one.
        case file
        /// Each line that is not empty.
        case line
        /// Lines up to an empty one.
        case blankLine
    }

    /// Plain text.
    case text(Separator)
    /// A JSON object a line with the text in a field.
    case jsonText(field: String)
    /// A JSON object a line: `{"messages": […], "tools": […]}`, tools where there are some.
    case chat
    /// A JSON object a line: `{"prompt": "…", "completion": "…"}`.
    case completion

    /// The name that a dataset notes.
    var name: String {
        switch self {
        case .text(let separator): return "text by \(separator.rawValue)"
        case .jsonText(let field): return "jsonl \(field)"
        case .chat: return "jsonl messages"
        case .completion: return "jsonl prompt, completion"
        }
    }
}

/// A file of a corpus.
public struct CorpusSource: Sendable, Equatable {
    public var path: String
    public var format: CorpusFormat
    /// Bytes of the longest record; longer ones are an error.
    public var maximumRecordBytes: Int

    public static let defaultRecordBytes = 1 << 28

    public init(
        path: String, format: CorpusFormat, maximumRecordBytes: Int = defaultRecordBytes
    ) {
        self.path = path
        self.format = format
        self.maximumRecordBytes = max(1, maximumRecordBytes)
    }

    /// Takes the format from the name, and from the first record of a `.jsonl` or `.ndjson` file:
    /// `messages`, `prompt` and `completion`, or else the text field.
    /// - Parameters:
    ///   - path: Of the file.
    ///   - textField: Which member holds the text.
    ///   - separator: How other files are cut into documents.
    /// - Throws: ``TrainingError`` if the file cannot be read or its first record is none.
    public init(
        detecting path: String, textField: String = "text",
        separator: CorpusFormat.Separator = .file
    ) throws(TrainingError) {
        self.init(path: path, format: .text(separator))
        guard path.hasSuffix(".jsonl") || path.hasSuffix(".ndjson") else { return }
        format = .jsonText(field: textField)
        let reader = try CorpusReader(self)
        guard let first = try reader.firstObject() else { return }
        if first["messages"] != nil {
            format = .chat
        } else if first["prompt"] != nil, first["completion"] != nil {
            format = .completion
        }
    }
}

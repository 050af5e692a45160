// SPDX-License-Identifier: Apache-2.0

/// Where a text of the corpus came from.
public struct CorpusDocument: Equatable, Sendable {
    /// Relative to the corpus, with `/` between folders.
    public var path: String
    /// Where the text begins in the file, in bytes of its uncompressed content; several texts share the path of
    /// a file with one text per line.
    public var offset: Int
    /// As the text or its file states it, an SPDX expression where there is one; nil if nothing does.
    public var licence: String?
    /// What a line of JSON calls itself, such as the work that it is of; nil for texts that only their place names.
    public var name: String?

    public init(path: String, offset: Int = 0, licence: String? = nil, name: String? = nil) {
        self.path = path
        self.offset = offset
        self.licence = licence
        self.name = name
    }

    /// The path, and where in the file if it is not its start: `lines.jsonl@47`.
    public var place: String { offset > 0 ? "\(path)@\(offset)" : path }
}

/// A document of an index.
public struct IndexedDocument: Equatable, Sendable {
    /// Its number in the index, in the order of the corpus.
    public var number: Int
    public var source: CorpusDocument
    /// In bytes, or in tokens.
    public var length: Int
    /// Of the document's bytes, or of its tokens as little-endian 32-bit numbers; hexadecimal.
    public var sha256: String
}

/// A place in a document.
public struct Occurrence: Equatable, Hashable, Sendable {
    /// The document's number in the index.
    public var document: Int
    /// From the document's start, in bytes or in tokens.
    public var offset: Int

    public init(document: Int, offset: Int) {
        self.document = document
        self.offset = offset
    }
}

/// What the symbols of an index are.
public enum IndexUnit: String, Sendable {
    case bytes
    case tokens
}

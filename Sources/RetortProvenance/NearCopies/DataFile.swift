// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// A file of texts on this machine: JSON lines, or one text.
struct DataFile {
    /// Of a JSON line's members the one with the text; nil takes `text`, else what `messages` say,
    /// else all strings.
    var field: String?
    let path: String
    private let kind: CorpusReader.FileKind
    /// Longer lines of a text come in parts, so that memory does not follow them.
    private static let partBytes = 1 << 20

    /// - Returns: nil if the name does not end as a text's.
    init?(_ path: String, field: String? = nil) {
        guard let kind = CorpusReader.FileKind(path, endings: CorpusReader.textEndings) else {
            return nil
        }
        self.path = path
        self.kind = kind
        self.field = field
    }

    /// Whether each line is a text.
    var isLines: Bool { kind.isLines }

    /// Reads the texts of JSON lines.
    /// - Parameters:
    ///   - isWanted: Others are not parsed. Records are counted as ``WorkScanner`` does.
    ///   - body: Gets each text and its record.
    /// - Returns: Lines that are no JSON.
    func readLines(
        _ isWanted: (Int) -> Bool = { _ in true },
        _ body: (String, Int) throws(ProvenanceError) -> Void
    ) throws(ProvenanceError) -> Int {
        var record = 0
        var broken = 0
        try read { line throws(ProvenanceError) in
            guard line.contains(where: { $0 != 0x20 && $0 != 0x0D && $0 != 0x09 }) else { return }
            defer { record += 1 }
            guard isWanted(record) else { return }
            guard let json = try? JSONValue(parsing: line) else {
                broken += 1
                return
            }
            try body(text(of: json), record)
        }
        return broken
    }

    /// Reads a text in parts that end between words.
    func readText(_ body: (UnsafeBufferPointer<UInt8>) throws(ProvenanceError) -> Void)
        throws(ProvenanceError)
    {
        try read { line throws(ProvenanceError) in
            var rest = line[...]
            while !rest.isEmpty {
                var part = rest.prefix(Self.partBytes)
                if part.count < rest.count, let space = part.lastIndex(of: 0x20) {
                    part = part[...space]
                }
                try body(UnsafeRawBufferPointer(rebasing: part).bindMemory(to: UInt8.self))
                rest = rest[part.endIndex...]
            }
        }
    }

    /// All of the file's texts.
    func texts() throws(ProvenanceError) -> [String] {
        var texts: [String] = []
        if isLines {
            _ = try readLines { text, _ in texts.append(text) }
            return texts
        }
        try read { line in texts.append(String(decoding: line, as: UTF8.self)) }
        return [texts.joined(separator: "\n")]
    }

    private func read(_ body: (UnsafeRawBufferPointer) throws(ProvenanceError) -> Void)
        throws(ProvenanceError)
    {
        let file = try MappedBytes(path: path)
        defer { withExtendedLifetime(file) {} }
        var lines = LineSplitter(longest: .max)
        if kind.isCompressed {
            try withoutActuallyEscaping(body) { body throws(ProvenanceError) in
                try GzipFile.read(file.bytes, limits: GzipLimits()) {
                    piece throws(ProvenanceError) in
                    try lines.add(piece) { line, _ throws(ProvenanceError) in try body(line) }
                }
            }
        } else {
            try lines.add(file.bytes) { line, _ throws(ProvenanceError) in try body(line) }
        }
        try lines.finish { line, _ throws(ProvenanceError) in try body(line) }
    }

    private func text(of json: JSONValue) -> String {
        if let field, let text = json[field]?.stringValue { return text }
        if let text = json["text"]?.stringValue { return text }
        var strings: [String] = []
        Self.append(json["messages"] ?? json, to: &strings)
        return strings.joined(separator: "\n")
    }

    /// What somebody wrote: not keys, and not who speaks.
    private static func append(_ json: JSONValue, to strings: inout [String]) {
        switch json {
        case .string(let text): strings.append(text)
        case .array(let values): for value in values { append(value, to: &strings) }
        case .object(let object):
            for member in object.members where !["role", "type"].contains(member.key) {
                append(member.value, to: &strings)
            }
        default: break
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Errors name the file and the line and say what is wrong there, never what stands there.

import RetortFormats
import RetortJSON

/// The records of a file, one at a time.
public final class CorpusReader {
    public let source: CorpusSource
    private let lines: LineReader
    private var isFinished = false

    /// - Throws: ``TrainingError`` if the file cannot be opened.
    public convenience init(_ source: CorpusSource) throws(TrainingError) {
        try self.init(source, chunkBytes: LineReader.defaultChunkBytes)
    }

    /// - Parameter chunkBytes: How much is read at once.
    package init(_ source: CorpusSource, chunkBytes: Int) throws(TrainingError) {
        self.source = source
        lines = try .open(
            source.path, chunkBytes: chunkBytes,
            maximumLineBytes: source.maximumRecordBytes)
    }

    /// - Returns: The next record, nil at the end.
    /// - Throws: ``TrainingError`` with file and line.
    public func next() throws(TrainingError) -> CorpusRecord? {
        guard !isFinished else { return nil }
        switch source.format {
        case .text(let separator): return try nextText(separator)
        case .jsonText(let field):
            guard let object = try nextObject() else { return nil }
            guard let text = object[field]?.stringValue else {
                throw error(Self.wrong(field, object[field], "a string"))
            }
            return CorpusRecord(.text(text), line: lines.number)
        case .completion:
            guard let object = try nextObject() else { return nil }
            var texts: [String] = []
            for field in ["prompt", "completion"] {
                guard let text = object[field]?.stringValue else {
                    throw error(Self.wrong(field, object[field], "a string"))
                }
                texts.append(text)
            }
            return CorpusRecord(
                .completion(prompt: texts[0], completion: texts[1]), line: lines.number)
        case .chat:
            guard let object = try nextObject() else { return nil }
            return CorpusRecord(.chat(try conversation(object)), line: lines.number)
        }
    }

    /// The object of the first line that is not empty.
    func firstObject() throws(TrainingError) -> JSONObject? { try nextObject() }

    private func error(_ problem: String, line: Int? = nil) -> TrainingError {
        TrainingError("\(source.path):\(line ?? lines.number): \(problem)")
    }

    private static func wrong(_ field: String, _ value: JSONValue?, _ expected: String) -> String {
        guard let value else { return "the record has no \"\(field)\"; \(expected) was expected" }
        return "\"\(field)\" is \(value.kind); \(expected) was expected"
    }

    // MARK: JSON

    private func nextObject() throws(TrainingError) -> JSONObject? {
        while try lines.advance() {
            if lines.line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { continue }
            let value: JSONValue
            do throws(JSONError) {
                // Python writes NaN and Infinity; a member nobody reads may be one.
                value = try JSONValue(
                    parsing: lines.line, options: .init(allowsNonFiniteNumbers: true))
            } catch let failure {
                throw error("\(failure); one JSON object a line was expected")
            }
            guard let object = value.objectValue else {
                throw error("the line is \(value.kind); a JSON object was expected")
            }
            return object
        }
        isFinished = true
        return nil
    }

    private func conversation(_ object: JSONObject) throws(TrainingError)
        -> CorpusRecord.Conversation
    {
        guard let messages = object["messages"]?.arrayValue else {
            throw error(Self.wrong("messages", object["messages"], "an array of messages"))
        }
        guard !messages.isEmpty else {
            throw error("\"messages\" is empty; at least one message was expected")
        }
        for (number, message) in messages.enumerated() {
            guard message["role"]?.stringValue != nil else {
                throw error(
                    "message \(number + 1) is \(message.kind) without a \"role\" that is a string")
            }
        }
        var tools: [JSONValue]?
        switch object["tools"] {
        case nil, .null: break
        case .array(let list): tools = list
        case .string(let text):
            // Tables cannot hold tools of different shapes, so some sets keep them as text.
            guard let list = (try? JSONValue(parsing: text))?.arrayValue else {
                throw error("\"tools\" is a string that holds no JSON array")
            }
            tools = list
        case .some(let other):
            throw error(Self.wrong("tools", other, "an array of tools"))
        }
        var variables = JSONObject()
        if let value = object["chat_template_kwargs"], !value.isNull {
            guard let members = value.objectValue else {
                throw error(Self.wrong("chat_template_kwargs", value, "an object"))
            }
            variables = members
        }
        return .init(messages: messages, tools: tools, variables: variables)
    }

    // MARK: Text

    private func nextText(_ separator: CorpusFormat.Separator) throws(TrainingError)
        -> CorpusRecord?
    {
        var bytes: [UInt8] = []
        var start = 0
        while try lines.advance() {
            var line = lines.line[...]
            if lines.number == 1, line.starts(with: [0xEF, 0xBB, 0xBF]) {
                line = line.dropFirst(3)
            }
            guard String(validating: line, as: UTF8.self) != nil else {
                throw error("the line is not valid UTF-8; convert the file")
            }
            if start == 0 { start = lines.number }
            if separator == .file {
                bytes.append(contentsOf: line)
                if lines.isTerminated { bytes.append(0x0A) }
            } else {
                if line.last == 0x0D { line = line.dropLast() }
                if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) {
                    if !bytes.isEmpty { return text(bytes, start) }
                    start = 0
                    continue
                }
                if separator == .line { return text(Array(line), lines.number) }
                if !bytes.isEmpty { bytes.append(0x0A) }
                bytes.append(contentsOf: line)
            }
            guard bytes.count <= source.maximumRecordBytes else {
                throw error(
                    "the document that starts here is longer than \(source.maximumRecordBytes) bytes; separate documents by blank lines or raise the limit of a record",
                    line: start)
            }
        }
        isFinished = true
        return bytes.isEmpty ? nil : text(bytes, start)
    }

    private func text(_ bytes: [UInt8], _ line: Int) -> CorpusRecord {
        CorpusRecord(.text(String(decoding: bytes, as: UTF8.self)), line: line)
    }
}

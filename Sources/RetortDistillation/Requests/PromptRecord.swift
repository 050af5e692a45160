// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import RetortClient
import RetortJSON

/// A question for the teacher, one line of a JSONL file.
public struct PromptRecord: Sendable, Equatable {
    /// The line's `id`, else the start of the messages' SHA-256.
    public var id: String
    public var messages: [ChatMessage]
    /// The line's `difficulty` (a text or a number), if it has one.
    public var difficulty: String?
    /// The whole line, for verifiers: `answer` and what else it has.
    public var fields: JSONObject

    public init(
        id: String, messages: [ChatMessage], difficulty: String? = nil,
        fields: JSONObject = JSONObject()
    ) {
        self.id = id
        self.messages = messages
        self.difficulty = difficulty
        self.fields = fields
    }

    /// The users' part, for comparisons.
    public var question: String {
        messages.filter { $0.role == .user }.map(\.content).joined(separator: "\n")
    }

    /// Reads `{"messages": […]}` or `{"prompt": "…"}`.
    /// - Throws: ``DistillationError`` of kind `invalidInput`; quotes nothing.
    init(_ json: JSONValue) throws(DistillationError) {
        func wrong(_ reason: String) -> DistillationError {
            DistillationError(.invalidInput, reason)
        }
        guard let object = json.objectValue else {
            throw wrong("the line is \(json.kind); an object was expected")
        }
        fields = object
        switch (object["messages"], object["prompt"]) {
        case (let list?, nil):
            guard let items = list.arrayValue, !items.isEmpty else {
                throw wrong("'messages' is not a list with at least one message")
            }
            messages = []
            for (index, item) in items.enumerated() {
                guard let name = item["role"]?.stringValue,
                    let role = ChatMessage.Role(rawValue: name),
                    let content = item["content"]?.stringValue
                else {
                    throw wrong(
                        "'messages[\(index)]' needs a 'role' ("
                            + ChatMessage.Role.allCases.map(\.rawValue).joined(separator: ", ")
                            + ") and a text as 'content'")
                }
                messages.append(ChatMessage(role, content))
            }
            guard messages.last?.role == .user else {
                throw wrong("the last of 'messages' is not the user's; expected a question")
            }
        case (nil, .string(let text)?): messages = [ChatMessage(.user, text)]
        default: throw wrong("expected either 'messages' or a text as 'prompt'")
        }
        switch object["difficulty"] {
        case nil, .null?: difficulty = nil
        case .string(let text)?: difficulty = text
        case .integer(let number)?: difficulty = "\(number)"
        case .double(let number)?: difficulty = "\(number)"
        case let other?: throw wrong("'difficulty' is \(other.kind); expected a text or a number")
        }
        switch object["id"] {
        case nil, .null?:
            let text = JSONValue.array(messages.map(\.json)).text()
            id = String(String(hexadecimal: SHA256.hash(data: Data(text.utf8))).prefix(16))
        case .string(let text)? where !text.isEmpty: id = text
        case .integer(let number)?: id = "\(number)"
        default: throw wrong("'id' is not a text or an integer")
        }
    }

    /// Reads a JSONL file.
    /// - Throws: ``DistillationError`` with file and line; also for an id that comes twice, and for
    ///   a file without prompts.
    public static func read(path: String) throws(DistillationError) -> [PromptRecord] {
        let reader = try RecordReader(path: path)
        var records: [PromptRecord] = []
        var lines: [String: Int] = [:]
        while let json = try reader.nextJSON() {
            let record: PromptRecord
            do throws(DistillationError) {
                record = try PromptRecord(json)
            } catch {
                throw DistillationError(.invalidInput, "\(path):\(reader.number): \(error)")
            }
            if let first = lines.updateValue(reader.number, forKey: record.id) {
                throw DistillationError(
                    .invalidInput,
                    "\(path):\(reader.number): the prompt of line \(first) has the same id or, without"
                        + " ids, the same text; expected each once")
            }
            records.append(record)
        }
        guard !records.isEmpty else {
            throw DistillationError(.invalidInput, "\(path) has no prompts; expected JSON lines")
        }
        return records
    }
}

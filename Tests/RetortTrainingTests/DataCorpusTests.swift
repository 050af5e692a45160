// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import Foundation
import RetortTraining
import TestSupport
import Testing

@Suite struct DataCorpusTests {
    static func read(
        _ path: String, _ format: CorpusFormat, chunk: Int = 1 << 18, limit: Int = 1 << 20
    )
        throws -> [CorpusRecord]
    {
        let reader = try CorpusReader(
            CorpusSource(path: path, format: format, maximumRecordBytes: limit), chunkBytes: chunk)
        var records: [CorpusRecord] = []
        while let record = try reader.next() { records.append(record) }
        #expect(try reader.next() == nil)
        return records
    }

    static let mixed = "\u{FEFF}first line\r\nsecond ü\n\n \t\nthird 🙂\n\n\nlast, not ended"

    @Test(
        "text is cut into documents by file, line or blank line",
        arguments: [
            (
                CorpusFormat.Separator.file,
                [("first line\r\nsecond ü\n\n \t\nthird 🙂\n\n\nlast, not ended", 1)]
            ),
            (.line, [("first line", 1), ("second ü", 2), ("third 🙂", 5), ("last, not ended", 8)]),
            (.blankLine, [("first line\nsecond ü", 1), ("third 🙂", 5), ("last, not ended", 8)]),
        ])
    func text(separator: CorpusFormat.Separator, expected: [(String, Int)]) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(Self.mixed, to: "a.txt")
        let records = expected.map { CorpusRecord(.text($0.0), line: $0.1) }
        #expect(try Self.read(path, .text(separator)) == records)
        for chunk in [1, 2, 3, 7, 64] {
            #expect(try Self.read(path, .text(separator), chunk: chunk) == records)
        }
    }

    @Test("records of JSON are read, in chunks of any size", arguments: [1, 5, 64, 1 << 18])
    func json(chunk: Int) throws {
        let folder = try TemporaryFolder()
        let text = try folder.write(
            "{\"text\": \"one\\nline\", \"score\": NaN}\r\n\n  \n{\"meta\": 1, \"text\": \"ü🙂\"}",
            to: "a.jsonl")
        #expect(
            try Self.read(text, .jsonText(field: "text"), chunk: chunk) == [
                CorpusRecord(.text("one\nline"), line: 1), CorpusRecord(.text("ü🙂"), line: 4),
            ])
        let pair = try folder.write(
            "{\"prompt\": \"a\", \"completion\": \"b\"}\n", to: "b.jsonl")
        #expect(
            try Self.read(pair, .completion, chunk: chunk) == [
                CorpusRecord(.completion(prompt: "a", completion: "b"))
            ])
        let chat = try folder.write(
            """
            {"messages": [{"role": "user", "content": "a"}], "tools": null}
            {"messages": [{"role": "user"}], "tools": [{"x": 1}], "chat_template_kwargs": {"y": 2}}
            {"messages": [{"role": "user"}], "tools": "[{\\"x\\": 1}]"}
            """, to: "c.jsonl")
        let conversations = try Self.read(chat, .chat, chunk: chunk).map(\.content)
        #expect(
            conversations == [
                .chat(.init(messages: [["role": "user", "content": "a"]])),
                .chat(
                    .init(
                        messages: [["role": "user"]], tools: [["x": 1]],
                        variables: JSONObject([("y", 2)]))),
                .chat(.init(messages: [["role": "user"]], tools: [["x": 1]])),
            ])
    }

    @Test("a file's name and first record tell its format") func detection() throws {
        let folder = try TemporaryFolder()
        func format(_ name: String, _ text: String) throws -> CorpusFormat {
            try CorpusSource(
                detecting: folder.write(text, to: name), textField: "body", separator: .line
            ).format
        }
        #expect(try format("a.txt", "{\"messages\": []}") == .text(.line))
        #expect(try format("a.jsonl", "\n{\"messages\": []}") == .chat)
        #expect(try format("b.ndjson", "{\"prompt\": 1, \"completion\": 2}") == .completion)
        #expect(try format("c.jsonl", "{\"prompt\": 1}") == .jsonText(field: "body"))
        #expect(try format("d.jsonl", "") == .jsonText(field: "body"))
        let message = trainingFailure { _ = try format("e.jsonl", "\nsecret\n") }
        #expect(message.contains("e.jsonl:2:") && !message.contains("secret"))
    }

    @Test(
        "a wrong record is an error that names file and line, not what stands there",
        arguments: [
            (CorpusFormat.jsonText(field: "text"), "{\"text\": \"secret\"", 1, "not valid JSON"),
            (.jsonText(field: "text"), "{\"text\": \"a\"}\n\n[\"secret\"]", 3, "an array"),
            (
                .jsonText(field: "text"), "{\"text\": \"a\"}\n{\"body\": \"secret\"}", 2,
                "no \"text\""
            ),
            (.jsonText(field: "text"), "{\"text\": {\"secret\": 1}}", 1, "an object"),
            (.jsonText(field: "text"), "{\"text\": \"secret \u{1}\"}", 1, "not valid JSON"),
            (.completion, "{\"prompt\": \"secret\"}", 1, "no \"completion\""),
            (.completion, "{\"prompt\": [\"secret\"], \"completion\": \"\"}", 1, "an array"),
            (.chat, "{\"text\": \"secret\"}", 1, "no \"messages\""),
            (.chat, "{\"messages\": \"secret\"}", 1, "a string"),
            (.chat, "{\"messages\": []}", 1, "empty"),
            (
                .chat, "{\"messages\": [{\"role\": \"user\"}, {\"content\": \"secret\"}]}", 1,
                "message 2"
            ),
            (.chat, "{\"messages\": [\"secret\"]}", 1, "message 1"),
            (.chat, "{\"messages\": [{\"role\": \"user\"}], \"tools\": \"secret\"}", 1, "tools"),
            (
                .chat, "{\"messages\": [{\"role\": \"user\"}], \"tools\": {\"secret\": 1}}", 1,
                "tools"
            ),
            (
                .chat,
                "{\"messages\": [{\"role\": \"user\"}], \"chat_template_kwargs\": [\"secret\"]}", 1,
                "chat_template_kwargs"
            ),
        ])
    func wrong(format: CorpusFormat, text: String, line: Int, expected: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(text, to: "data.jsonl")
        for chunk in [1, 1 << 18] {
            let message = trainingFailure { _ = try Self.read(path, format, chunk: chunk) }
            #expect(message.contains("data.jsonl:\(line): "), "\(message)")
            #expect(message.contains(expected), "\(message)")
            #expect(!message.contains("secret"))
        }
    }

    @Test("bytes that are no text, long records and missing files are errors") func files() throws {
        let folder = try TemporaryFolder()
        let broken = try folder.write([0x61, 0x0A, 0xC3, 0x0A], to: "broken.txt")
        for separator in [CorpusFormat.Separator.file, .line, .blankLine] {
            let message = trainingFailure { _ = try Self.read(broken, .text(separator)) }
            #expect(message.contains("broken.txt:2:") && message.contains("UTF-8"))
        }
        let long = try folder.write("a\n\nbbbb\ncccc\n", to: "long.txt")
        #expect(try Self.read(long, .text(.line), limit: 4).count == 3)
        for (separator, line) in [(CorpusFormat.Separator.file, 1), (.blankLine, 3)] {
            let message = trainingFailure { _ = try Self.read(long, .text(separator), limit: 6) }
            #expect(message.contains("long.txt:\(line):") && message.contains("6 bytes"))
        }
        for chunk in [1, 3, 100] {
            let message = trainingFailure {
                _ = try Self.read(long, .text(.line), chunk: chunk, limit: 3)
            }
            #expect(message.contains("long.txt:3:"))
        }
        #expect(
            trainingFailure { _ = try Self.read(folder.path("none"), .chat) }.contains("none"))
        #expect(
            trainingFailure { _ = try Self.read(folder.url.path, .chat) }.contains("directory"))
    }

    @Test("an empty file has no records") func empty() throws {
        let folder = try TemporaryFolder()
        for text in ["", "\n", "\n \r\n\n"] {
            let path = try folder.write(text, to: "empty")
            for format in [
                CorpusFormat.text(.line), .text(.blankLine), .jsonText(field: "text"), .chat,
                .completion,
            ] {
                #expect(try Self.read(path, format).isEmpty)
            }
        }
        #expect(try Self.read(folder.write("", to: "empty"), .text(.file)).isEmpty)
    }
}

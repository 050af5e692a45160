// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import RetortTemplates
import TestSupport
import Testing

@Suite struct ResponseParserTests {
    private func expect(_ pieces: [String], _ example: Transcript) {
        let (summary, _) = summarise(pieces.map { Array($0.utf8) }, example.parser)
        #expect(summary == example.expected, "\(pieces)")
    }

    @Test("a response is read the same however it arrives", arguments: Transcript.all)
    func everySplit(example: Transcript) {
        let scalars = Array(example.text.unicodeScalars)
        expect([example.text], example)
        expect(scalars.map { String($0) }, example)
        let bytes = Array(example.text.utf8)
        let (summary, _) = summarise(bytes.map { [$0] }, example.parser)
        #expect(summary == example.expected)
        for cut in 0...bytes.count {
            let (summary, _) = summarise(
                [Array(bytes[..<cut]), [], Array(bytes[cut...])], example.parser)
            #expect(summary == example.expected, "cut at \(cut)")
        }
    }

    @Test("arguments of a complete call are the text of a JSON object", arguments: Transcript.all)
    func validArguments(example: Transcript) throws {
        let response = ParsedResponse(example.text, example.parser)
        for call in response.toolCalls {
            #expect(try JSONValue(parsing: call.arguments).objectValue != nil)
        }
        #expect(
            response.toolCalls.map(\.name)
                == example.expected.calls.filter(\.isComplete).map(\.name))
    }

    @Test("random texts of markers and their parts are read the same however they arrive")
    func randomSplits() {
        var random = SeededRandom(seed: 7)
        let fragments =
            Transcript.all.map(\.text) + [
                "<think>", "</think>", "<tool_call>", "</tool_call>", "<function=f>",
                "<parameter=x>", "</parameter>", "</function>", "<｜tool▁calls▁begin｜>",
                "<｜tool▁call▁begin｜>", "function", "<｜tool▁sep｜>", "f\n```json\n", "\n```",
                "<｜tool▁call▁end｜>", "<｜tool▁calls▁end｜>", "<|python_tag|>", "{", "}", "{}",
                "{\"name\": \"f\", \"arguments\": ", "{\"x\": [1, \"é\"]}", "\n", " ", "<", "a",
                "日",
                "\"", ";",
            ]
        for round in 0..<4000 {
            var text: [UInt8] = []
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let fragment = Array(fragments.randomElement(using: &random, or: "").utf8)
                let start = Int.random(in: 0...fragment.count / 4, using: &random)
                let end = Int.random(in: start...fragment.count, using: &random)
                text += Bool.random(using: &random) ? fragment : Array(fragment[start..<end])
            }
            let parser = Transcript.parser(
                ToolCallFormat.allCases[round % ToolCallFormat.allCases.count],
                [.outside, .inside, .assumed, .closed][round / 7 % 4], repeats: round % 5 == 0)
            let (whole, _) = summarise([text], parser)
            var pieces: [[UInt8]] = []
            var rest = text[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 0...5, using: &random))
                pieces.append(Array(piece))
                rest = rest.dropFirst(piece.count)
            }
            let (parts, _) = summarise(pieces, parser)
            #expect(
                parts == whole, "seed 7, round \(round): \(String(decoding: text, as: UTF8.self))")
        }
    }

    @Test("text is handed out as soon as it can be no marker, arguments as they come")
    func promptness() {
        var parser = Transcript.parser(.hermes, .outside)
        #expect(parser.append("Let <b") == [.content("Let <b")])
        #expect(parser.append(" me<tool") == [.content(" me")])
        #expect(parser.append("s><tool_call>\n{\"na") == [.content("<tools>")])
        #expect(parser.append("me\": \"get_weather\", \"arg") == [])
        #expect(parser.finishReason == .stop)
        #expect(
            parser.append("uments\": {\"ci")
                == [
                    .toolCallStart(index: 0, name: "get_weather"),
                    .toolCallArguments(index: 0, fragment: "{\"ci"),
                ])
        #expect(
            parser.append("ty\": \"Bern\"}")
                == [.toolCallArguments(index: 0, fragment: "ty\": \"Bern\"}")])
        #expect(parser.append("}\n</tool") == [.toolCallEnd(index: 0)])
        #expect(parser.finishReason == .toolCalls)
        #expect(parser.append("_call>\n") == [])
        #expect(parser.append("Done") == [.content("\nDone")])
        #expect(parser.finish() == [])
    }

    @Test("arguments that are not JSON are told while they come, too")
    func promptParameters() {
        var parser = Transcript.parser(.qwen3Coder, .outside)
        #expect(
            parser.append("<tool_call>\n<function=get_weather>\n<parameter=city>\nBe")
                == [
                    .toolCallStart(index: 0, name: "get_weather"),
                    .toolCallArguments(index: 0, fragment: "{\"city\": \"Be"),
                ])
        #expect(parser.append("rn\n</para") == [.toolCallArguments(index: 0, fragment: "rn")])
        #expect(parser.append("meter>\n<") == [.toolCallArguments(index: 0, fragment: "\"")])
    }

    @Test("an unfinished call is given back with its text")
    func unfinished() {
        var parser = Transcript.parser(.hermes, .outside)
        let text = "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1"
        #expect(parser.append(text).count == 2)
        #expect(parser.finish() == [.toolCallAbandoned(index: 0, text: text)])
        #expect(parser.finishReason == .stop)
        #expect(ParsedResponse(text, Transcript.parser(.hermes, .outside)).content == text)
    }

    @Test("a model that is offered no tools writes no calls")
    func noTools() {
        let text = "<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>"
        #expect(ParsedResponse(text, Transcript.parser(.none, .outside)).content == text)
    }

    @Test("bytes that are not UTF-8 become the replacement character, the same in any split")
    func invalidBytes() {
        let bytes: [UInt8] = [
            0x61, 0xE2, 0x82, 0x62, 0xF0, 0x9F, 0x98, 0xFF, 0xC0, 0x80, 0xE0, 0x80, 0x80, 0xED,
            0xA0,
            0x80, 0x3C, 0xEF, 0xBD, 0x9C, 0x63, 0xF4, 0x90, 0x80, 0x80, 0xC3,
        ]
        let expected = String(decoding: bytes, as: UTF8.self)
        for format in ToolCallFormat.allCases {
            for cut in 0...bytes.count {
                let (summary, _) = summarise(
                    [Array(bytes[..<cut]), Array(bytes[cut...])],
                    Transcript.parser(format, .outside))
                #expect(summary.content == expected)
            }
        }
    }

    @Test("a long response takes time in proportion to its length", arguments: [1, 2])
    func linear(scale: Int) {
        // Runs that an implementation which looks again at what it holds takes minutes for.
        let count = scale * 200_000
        for (format, start, text) in [
            (.hermes, .inside, String(repeating: "\n", count: count)),
            (.hermes, .outside, String(repeating: " ", count: count)),
            (.deepSeekR1, .closed, String(repeating: "<｜tool", count: count / 8)),
            (
                .qwen3Coder, .closed,
                "<function=f><parameter=x>" + String(repeating: "\n", count: count)
            ),
            (.llama3, .closed, "{\"name\":\"" + String(repeating: "a", count: count)),
            (.hermes, .closed, "<tool_call>{}" + String(repeating: " ", count: count)),
        ] as [(ToolCallFormat, ReasoningFormat.Start, String)] {
            var parser = Transcript.parser(format, start)
            var count = 0
            for byte in text.utf8 { count += parser.append(bytes: CollectionOfOne(byte)).count }
            count += parser.finish().count
            #expect(count >= 0)
        }
    }
}

/// What a response says, its events joined. Pieces are checked to be in order and never empty.
struct ResponseSummary: Equatable {
    struct Call: Equatable {
        var name: String
        var arguments = ""
        var isComplete = false
    }

    var reasoning = ""
    var content = ""
    var calls: [Call] = []
    /// Texts of calls that were abandoned.
    var abandoned: [String] = []
}

func summarise(_ pieces: [[UInt8]], _ parser: ResponseParser) -> (ResponseSummary, ResponseParser) {
    var parser = parser
    var summary = ResponseSummary()
    var isOpen = false
    for event in pieces.flatMap({ parser.append(bytes: $0) }) + parser.finish() {
        switch event {
        case .reasoning(let text):
            #expect(!text.isEmpty && !isOpen)
            summary.reasoning += text
        case .content(let text):
            #expect(!text.isEmpty && !isOpen)
            summary.content += text
        case .toolCallStart(let index, let name):
            #expect(index == summary.calls.count && !isOpen)
            isOpen = true
            summary.calls.append(.init(name: name))
        case .toolCallArguments(let index, let fragment):
            #expect(index == summary.calls.count - 1 && isOpen && !fragment.isEmpty)
            summary.calls[index].arguments += fragment
        case .toolCallEnd(let index):
            #expect(index == summary.calls.count - 1 && isOpen)
            isOpen = false
            summary.calls[index].isComplete = true
        case .toolCallAbandoned(let index, let text):
            #expect(index == summary.calls.count - 1 && isOpen)
            isOpen = false
            summary.abandoned.append(text)
        }
    }
    #expect(!isOpen)
    return (summary, parser)
}

extension Collection {
    func randomElement(using random: inout SeededRandom, or fallback: Element) -> Element {
        randomElement(using: &random) ?? fallback
    }
}

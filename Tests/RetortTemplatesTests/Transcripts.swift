// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import RetortTemplates
import Testing

/// What a model wrote and what is meant by it.
struct Transcript: Sendable, CustomTestStringConvertible {
    let name: String
    let format: ToolCallFormat
    var start = ReasoningFormat.Start.closed
    let text: String
    var reasoning = ""
    var content = ""
    /// Names and arguments.
    var calls: [(String, String)] = []
    /// The calls of these that are not complete, with their texts.
    var abandoned: [(index: Int, text: String)] = []

    var testDescription: String { "\(format.rawValue): \(name)" }

    var parser: ResponseParser { Self.parser(format, start) }

    var expected: ResponseSummary {
        ResponseSummary(
            reasoning: reasoning, content: content,
            calls: calls.enumerated().map { index, call in
                .init(
                    name: call.0, arguments: call.1,
                    isComplete: !abandoned.contains { $0.index == index })
            }, abandoned: abandoned.map(\.text))
    }

    static func parser(
        _ format: ToolCallFormat, _ start: ReasoningFormat.Start, repeats: Bool = false
    ) -> ResponseParser {
        ResponseParser(
            reasoning: ReasoningFormat(
                opening: "<think>", closing: "</think>", start: start, repeats: repeats),
            toolFormat: format, tools: tools)
    }

    static let tools: [JSONValue] = [
        tool(
            "get_weather",
            [
                "city": ["type": "string"], "days": ["type": "integer"],
                "tags": ["type": "array", "items": ["type": "string"]],
                "exact": ["type": ["boolean", "null"]],
                "place": ["anyOf": [["type": "object"], ["type": "string"]]],
            ]),
        tool("get_time", [:]), tool("f", ["x": ["type": "number", "description": "d"]]),
    ]

    private static func tool(_ name: String, _ properties: JSONValue) -> JSONValue {
        [
            "type": "function",
            "function": [
                "name": .string(name), "description": "d",
                "parameters": ["type": "object", "properties": properties],
            ],
        ]
    }

    static let all = hermes + deepSeek + qwen3Coder + llama3

    static let hermes = [
        Transcript(
            name: "one call", format: .hermes,
            text: """
                <tool_call>
                {"name": "get_weather", "arguments": {"city": "Zürich", "days": 2}}
                </tool_call>
                """,
            calls: [("get_weather", "{\"city\": \"Zürich\", \"days\": 2}")]),
        Transcript(
            name: "thought, words and two calls", format: .hermes, start: .outside,
            text: """
                <think>
                Both </tool_call>, then. <tool_call>
                </think>

                Let me look.
                <tool_call>
                {"name": "get_time", "arguments": {}}
                </tool_call>
                <tool_call>
                {"name": "get_weather", "arguments": {"city": "</tool_call> \\"x\\" \\u00e9"}}
                </tool_call>

                """,
            reasoning: "Both </tool_call>, then. <tool_call>", content: "Let me look.\n",
            calls: [
                ("get_time", "{}"),
                ("get_weather", "{\"city\": \"</tool_call> \\\"x\\\" \\u00e9\"}"),
            ]),
        Transcript(
            name: "the prompt opened the thought", format: .hermes, start: .inside,
            text:
                "Hm.\n</think>\n\n<tool_call>{\"name\":\"f\",\"arguments\":{\"x\":-1.5e+3}}</tool_call>",
            reasoning: "Hm.", calls: [("f", "{\"x\":-1.5e+3}")]),
        Transcript(
            name: "words after a call", format: .hermes,
            text:
                "<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>\n\nThat is all.\n",
            content: "\n\nThat is all.\n", calls: [("f", "{}")]),
        Transcript(
            name: "arguments before the name, other members, no arguments", format: .hermes,
            text: """
                <tool_call>
                { "id" : 12 , "arguments" : { "x" : [ 1 , { } , null , true ] } , "name" : "f" }
                </tool_call>
                <tool_call>{"name": "get_time"}</tool_call>
                """,
            calls: [("f", "{ \"x\" : [ 1 , { } , null , true ] }"), ("get_time", "{}")]),
        Transcript(
            name: "closing markers that are missing", format: .hermes,
            text:
                "<tool_call>{\"name\":\"f\",\"arguments\":{}}<tool_call>{\"name\":\"g\",\"arguments\":{}}",
            calls: [("f", "{}"), ("g", "{}")]),
        Transcript(
            name: "a line break within a string is escaped", format: .hermes,
            text: "<tool_call>{\"name\":\"f\",\"arguments\":{\"x\":\"a\nb\tc\u{1}\"}}</tool_call>",
            calls: [("f", "{\"x\":\"a\\nb\\tc\\u0001\"}")]),
        Transcript(
            name: "no JSON is content", format: .hermes,
            text:
                "Use <tool_call> tags: <tool_call>\nnot a call\n</tool_call> or <tool_ and </tool_call>.",
            content:
                "Use <tool_call> tags: <tool_call>\nnot a call\n</tool_call> or <tool_ and </tool_call>."
        ),
        Transcript(
            name: "a call right behind a broken one", format: .hermes,
            text: "<tool_call>{\"name\": <tool_call>{\"name\":\"f\",\"arguments\":{}}</tool_call>",
            content: "<tool_call>{\"name\": ", calls: [("f", "{}")]),
        Transcript(
            name: "broken arguments", format: .hermes,
            text: """
                <tool_call>{"name": "f", "arguments": {"x": Bern}}</tool_call>
                <tool_call>{"name": "g", "arguments": {}}</tool_call>
                """,
            content: "Bern}}</tool_call>\n", calls: [("f", "{\"x\": "), ("g", "{}")],
            abandoned: [(0, "<tool_call>{\"name\": \"f\", \"arguments\": {\"x\": ")]),
        Transcript(
            name: "cut off within the arguments", format: .hermes,
            text: "Ok <tool_call>{\"name\": \"f\", \"arguments\": {\"x\": \"日",
            content: "Ok ", calls: [("f", "{\"x\": \"日")],
            abandoned: [(0, "<tool_call>{\"name\": \"f\", \"arguments\": {\"x\": \"日")]),
        Transcript(
            name: "cut off before the name", format: .hermes, text: "<tool_call>\n{\"na",
            content: "<tool_call>\n{\"na"),
        Transcript(
            name: "arguments that are no object", format: .hermes,
            text: "<tool_call>{\"name\": \"f\", \"arguments\": [1]}</tool_call>",
            content: "<tool_call>{\"name\": \"f\", \"arguments\": [1]}</tool_call>"),
    ]

    static let deepSeek = [
        Transcript(
            name: "two calls", format: .deepSeekR1, start: .inside,
            text: """
                I need both.
                </think>

                <｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather
                ```json
                {"city": "Bern",
                 "days": 2}
                ```<｜tool▁call▁end｜>
                <｜tool▁call▁begin｜>function<｜tool▁sep｜>get_time
                ```json
                {}
                ```<｜tool▁call▁end｜><｜tool▁calls▁end｜>
                """,
            reasoning: "I need both.",
            calls: [("get_weather", "{\"city\": \"Bern\",\n \"days\": 2}"), ("get_time", "{}")]),
        Transcript(
            name: "words around, the outer marker left out", format: .deepSeekR1,
            text: """
                Wait.<｜tool▁call▁begin｜>function<｜tool▁sep｜>f
                ```json
                {"x": 1}
                ```
                <｜tool▁call▁end｜>
                ```swift
                <｜tool▁call▁end｜>
                """,
            content: "Wait.\n```swift\n<｜tool▁call▁end｜>", calls: [("f", "{\"x\": 1}")]),
        Transcript(
            name: "no block of code", format: .deepSeekR1,
            text:
                "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\nx=1<｜tool▁call▁end｜>",
            content:
                "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\nx=1<｜tool▁call▁end｜>"
        ),
        Transcript(
            name: "a header that begins anew", format: .deepSeekR1,
            text:
                "<｜tool▁call▁begin｜>fun<｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```json\n{}\n```",
            content: "<｜tool▁call▁begin｜>fun", calls: [("f", "{}")]),
        Transcript(
            name: "characters that share bytes with the bars", format: .deepSeekR1,
            text: "<ｊ <｜ <｜tool▁ｊ", content: "<ｊ <｜ <｜tool▁ｊ"),
        Transcript(
            name: "two calls", format: .deepSeekV31, start: .outside,
            text: "Looking.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>"
                + "{\"city\": \"<｜tool▁call▁end｜>\"}<｜tool▁call▁end｜><｜tool▁call▁begin｜>get_time"
                + "<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
            content: "Looking.",
            calls: [("get_weather", "{\"city\": \"<｜tool▁call▁end｜>\"}"), ("get_time", "{}")]),
        Transcript(
            name: "no name", format: .deepSeekV31,
            text: "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜> <｜tool▁sep｜>{}<｜tool▁call▁end｜>",
            content: "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜> <｜tool▁sep｜>{}<｜tool▁call▁end｜>"),
        Transcript(
            name: "cut off", format: .deepSeekV31,
            text: "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{\"x\":",
            calls: [("f", "{\"x\":")],
            abandoned: [
                (0, "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{\"x\":")
            ]),
    ]

    static let qwen3Coder = [
        Transcript(
            name: "types from the schema", format: .qwen3Coder,
            text: """
                I'll look.

                <tool_call>
                <function=get_weather>
                <parameter=city>
                "Bern"
                	& <b>\\ Zürich</b>

                </parameter>
                <parameter=days>
                2
                </parameter>
                <parameter=tags>
                ["a",
                 "b"]
                </parameter>
                <parameter=exact>
                True
                </parameter>
                <parameter=place>
                {"x": 1}
                </parameter>
                <parameter=unknown>
                7
                </parameter>
                </function>
                </tool_call>
                """,
            content: "I'll look.\n\n",
            calls: [
                (
                    "get_weather",
                    "{\"city\": \"\\\"Bern\\\"\\n\\t& <b>\\\\ Zürich</b>\\n\", \"days\": 2, "
                        + "\"tags\": [\"a\",\n \"b\"], \"exact\": true, \"place\": {\"x\": 1}, "
                        + "\"unknown\": \"7\"}"
                )
            ]),
        Transcript(
            name: "values that are not of their type are strings", format: .qwen3Coder,
            text: "<tool_call><function=get_weather><parameter=days>two</parameter>"
                + "<parameter=exact>null</parameter><parameter=place>{x}</parameter>"
                + "<parameter=tags></parameter></function></tool_call>",
            calls: [
                (
                    "get_weather",
                    "{\"days\": \"two\", \"exact\": null, \"place\": \"{x}\", \"tags\": \"\"}"
                )
            ]),
        Transcript(
            name: "no arguments, the outer marker left out, two calls", format: .qwen3Coder,
            text:
                "<function=get_time>\n</function>\n</tool_call>\n<tool_call>\n<function=g>\n</function>",
            calls: [("get_time", "{}"), ("g", "{}")]),
        Transcript(
            name: "parts of the closing tag in a value", format: .qwen3Coder,
            text: "<function=f><parameter=s>\n\n</</parameter\n</param\n\n</parameter></function>",
            calls: [("f", "{\"s\": \"\\n</</parameter\\n</param\\n\"}")]),
        Transcript(
            name: "words between the tags", format: .qwen3Coder,
            text: "<tool_call>\n<function=f>\nx = 1\n</function>",
            content: "x = 1\n</function>", calls: [("f", "{")],
            abandoned: [(0, "<tool_call>\n<function=f>\n")]),
        Transcript(
            name: "a call right behind one that lacks its end", format: .qwen3Coder,
            text: "<function=f><parameter=x>1</parameter><function=g></function>",
            calls: [("f", "{\"x\": 1"), ("g", "{}")],
            abandoned: [(0, "<function=f><parameter=x>1</parameter>")]),
        Transcript(
            name: "cut off within a value", format: .qwen3Coder,
            text: "<function=f><parameter=s>a\n</pa",
            calls: [("f", "{\"s\": \"a")], abandoned: [(0, "<function=f><parameter=s>a\n</pa")]),
    ]

    static let llama3 = [
        Transcript(
            name: "a bare object", format: .llama3,
            text: "{\"name\": \"get_weather\", \"parameters\": {\"city\": \"Bern\"}}",
            calls: [("get_weather", "{\"city\": \"Bern\"}")]),
        Transcript(
            name: "behind the tag, two calls", format: .llama3,
            text:
                "<|python_tag|>{\"type\": \"function\", \"name\": \"f\", \"parameters\": {\"x\": 1}}; "
                + "{\"name\": \"get_time\", \"parameters\": {}}",
            calls: [("f", "{\"x\": 1}"), ("get_time", "{}")]),
        Transcript(
            name: "words before the tag", format: .llama3,
            text: "Let me see.\n<|python_tag|>{\"name\": \"f\", \"parameters\": {}}",
            content: "Let me see.\n", calls: [("f", "{}")]),
        Transcript(
            name: "an answer in JSON", format: .llama3, text: " {\"name\": \"Bob\", \"age\": 3}",
            content: " {\"name\": \"Bob\", \"age\": 3}"),
        Transcript(
            name: "a name that is no tool's", format: .llama3,
            text: "{\"name\": \"Bob\", \"parameters\": {}}",
            content: "{\"name\": \"Bob\", \"parameters\": {}}"),
        Transcript(
            name: "an object within words", format: .llama3,
            text: "See {\"name\": \"f\", \"parameters\": {}}; {",
            content: "See {\"name\": \"f\", \"parameters\": {}}; {"),
        Transcript(
            name: "code behind the tag", format: .llama3,
            text: "<|python_tag|>print(1)", content: "<|python_tag|>print(1)"),
        Transcript(
            name: "words after a semicolon", format: .llama3,
            text: "{\"name\": \"f\", \"parameters\": {}}; ok", content: "; ok", calls: [("f", "{}")]
        ),
    ]
}

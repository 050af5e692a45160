// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a chat template, rendered over a fixed conversation with small limits. A template
// may fail; it must not trap, hang or overflow the stack.

import RetortJSON
import RetortTemplates

private let context: JSONObject = JSONObject([
    (
        "messages",
        [
            ["role": "system", "content": "Be é\u{301} \"kind\"."],
            ["role": "user", "content": "Hi\n👩‍🚀"],
            [
                "role": "assistant", "content": nil, "reasoning_content": "\nHm\n",
                "tool_calls": [
                    [
                        "id": "abcdef123", "type": "function",
                        "function": ["name": "f", "arguments": ["x": 1.5]],
                    ]
                ],
            ],
            ["role": "tool", "tool_call_id": "abcdef123", "content": "[1, 2]"],
            ["role": "assistant", "content": "<think>a</think>b"],
            ["role": "user", "content": "?"],
        ]
    ),
    (
        "tools",
        [
            [
                "type": "function",
                "function": [
                    "name": "f", "description": "d",
                    "parameters": ["type": "object", "properties": ["x": ["type": "number"]]],
                ],
            ]
        ]
    ),
    ("documents", nil), ("add_generation_prompt", true), ("bos_token", "<s>"),
    ("eos_token", "</s>"),
    ("n", 7), ("f", 2.5), ("s", "Hello, World"), ("nums", [3, 1, 2]), ("d", ["b": 1, "a": "x"]),
    ("users", [["name": "Ann", "age": 31], ["name": "bob", "age": 25]]), ("none_value", nil),
    ("tree", [["v": 1, "kids": [["v": 2, "kids": []]]]]),
])

private let limits = ChatTemplate.Limits(
    maximumSourceBytes: 1 << 16, maximumSteps: 100_000, maximumOutputBytes: 1 << 20)

private let now = CalendarTime(year: 2026, month: 11, day: 24, hour: 9, minute: 5, second: 3)

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let source = String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    guard let template = try? ChatTemplate(source, limits: limits) else { return 0 }
    guard let prompt = try? template.render(context, now: now) else { return 0 }
    // What a template writes must also split, in one piece and byte by byte alike.
    let format = ReasoningFormat.detect(template: source, renderedPrompt: prompt)
    _ = ReasoningParser.split(prompt, format)
    return 0
}

// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a response. The first byte chooses how calls are written, the second how thoughts
// are, the third where the text is split. Splits must not matter, text must come out as it went in
// and in order, and the arguments of a complete call must be a JSON object.

import RetortJSON
import RetortTemplates

private let tools: [JSONValue] = [
    [
        "type": "function",
        "function": [
            "name": "f",
            "parameters": [
                "type": "object",
                "properties": [
                    "s": ["type": "string"], "n": ["type": "integer"],
                    "a": ["anyOf": [["type": "array"], ["type": "null"]]], "e": ["enum": [1, "x"]],
                ],
            ],
        ],
    ],
    ["type": "function", "function": ["name": "g"]],
]

private struct Summary: Equatable {
    var reasoning: [UInt8] = []
    var content: [UInt8] = []
    /// All text that is not part of a complete call, in order.
    var text: [UInt8] = []
    var names: [String] = []
    var arguments: [[UInt8]] = []
    var completed: [Int] = []
    var reason = ResponseParser.FinishReason.stop
}

private func summary(of pieces: [ArraySlice<UInt8>], _ parser: ResponseParser) -> Summary {
    var parser = parser
    var summary = Summary()
    var open: Int?
    for event in pieces.flatMap({ parser.append(bytes: $0) }) + parser.finish() {
        switch event {
        case .reasoning(let text):
            check(open == nil && !text.isEmpty, "a thought within a call, or an empty one")
            summary.reasoning += text.utf8
            summary.text += text.utf8
        case .content(let text):
            check(open == nil && !text.isEmpty, "content within a call, or an empty one")
            summary.content += text.utf8
            summary.text += text.utf8
        case .toolCallStart(let index, let name):
            check(open == nil && index == summary.names.count, "a call out of order")
            open = index
            summary.names.append(name)
            summary.arguments.append([])
        case .toolCallArguments(let index, let fragment):
            check(open == index && !fragment.isEmpty, "arguments of no call, or empty ones")
            summary.arguments[index] += fragment.utf8
        case .toolCallEnd(let index):
            check(open == index, "the end of no call")
            open = nil
            summary.completed.append(index)
            let value = try? JSONValue(parsing: summary.arguments[index])
            check(value?.objectValue != nil, "arguments that are no JSON object")
        case .toolCallAbandoned(let index, let text):
            check(open == index, "an abandoned call that is not open")
            open = nil
            summary.text += text.utf8
        }
    }
    check(open == nil, "a call without an end")
    summary.reason = parser.finishReason
    check((summary.reason == .toolCalls) == !summary.completed.isEmpty, "a wrong reason")
    return summary
}

private func check(_ condition: Bool, _ message: String) {
    if !condition { fatalError(message) }
}

private func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard count >= 3 else { return 0 }
    let formats = ToolCallFormat.allCases
    let starts: [ReasoningFormat.Start] = [.outside, .inside, .assumed, .closed]
    let repeats = bytes[1] & 4 != 0
    let format = ReasoningFormat(
        opening: "<think>", closing: "</think>", start: starts[Int(bytes[1] & 3)], repeats: repeats)
    let parser = ResponseParser(
        reasoning: bytes[1] & 8 != 0 ? .none : format,
        toolFormat: formats[Int(bytes[0]) % formats.count], tools: bytes[1] & 16 != 0 ? [] : tools)
    let text = bytes.dropFirst(3)
    let whole = summary(of: [text], parser)

    check(summary(of: text.map { [$0] }, parser) == whole, "bytes one by one differ")
    var random = UInt64(bytes[2])
    var pieces: [ArraySlice<UInt8>] = []
    var rest = text
    while !rest.isEmpty {
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let piece = rest.prefix(Int(random >> 61))
        pieces.append(piece)
        rest = rest.dropFirst(piece.count)
    }
    check(summary(of: pieces, parser) == whole, "random pieces differ")

    // What comes out went in, in this order.
    let repaired = Array(String(decoding: text, as: UTF8.self).utf8)
    var position = 0
    for byte in whole.text {
        while position < repaired.count, repaired[position] != byte { position += 1 }
        check(position < repaired.count, "text that was not there")
        position += 1
    }
    // And what does not come out was white space, or a marker of the one thought.
    if whole.completed.isEmpty, !repeats {
        let lost =
            repaired.count { !isSpace($0) } - whole.text.count { !isSpace($0) }
        check([0, 7, 8, 15].contains(lost), "text that is lost")
    }
    return 0
}

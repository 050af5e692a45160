// SPDX-License-Identifier: Apache-2.0
//
// A response of the Responses API is a list of items: a thought, a message, calls. Streamed or not,
// the items are made here, of the same pieces.

import RetortEngine
import RetortJSON
import RetortTemplates

/// Makes a response's items and tells of each step.
struct ResponseItems {
    private enum Kind {
        case reasoning
        case message
        case call(name: String, callID: String)
    }

    private(set) var output: [JSONValue] = []
    private var kind: Kind?
    private var id = ""
    private var text = ""
    private var sequence = 0
    private var out = JSONBytes()
    /// Gets the events; nil for a response that is sent whole.
    private let stream: LiveStream?

    init(_ stream: LiveStream?) { self.stream = stream }

    mutating func add(_ events: [ResponseParser.Event]) {
        for event in events {
            switch event {
            case .reasoning(let text):
                if case .reasoning = kind {} else { open(.reasoning) }
                grow(text, "response.reasoning_text.delta")
            case .content(let text):
                if case .message = kind {} else { open(.message) }
                grow(text, "response.output_text.delta")
            case .toolCallStart(_, let name):
                open(.call(name: name, callID: Identifier.make("call_")))
            case .toolCallArguments(_, let fragment):
                grow(fragment, "response.function_call_arguments.delta")
            case .toolCallEnd: close(status: "completed")
            case .toolCallAbandoned: close(status: "incomplete")
            }
        }
    }

    /// Ends the last item.
    mutating func finish(_ reason: FinishReason) {
        if output.isEmpty, kind == nil { open(.message) }
        close(status: reason == .length || reason == .filtered ? "incomplete" : "completed")
    }

    // MARK: Items

    private mutating func open(_ next: Kind) {
        close(status: "completed")
        kind = next
        text = ""
        switch next {
        case .reasoning: id = Identifier.make("rs_")
        case .message: id = Identifier.make("msg_")
        case .call: id = Identifier.make("fc_")
        }
        guard stream != nil else { return }
        send(
            "response.output_item.added",
            [("item", item(next, status: "in_progress", isEmpty: true))])
        if case .message = next {
            send("response.content_part.added", position + [("part", Self.part(""))])
        }
    }

    private mutating func close(status: String) {
        guard let open = kind else { return }
        kind = nil
        if stream != nil { sendEnd(of: open) }
        let item = item(open, status: status, isEmpty: false)
        send("response.output_item.done", [("item", item)])
        output.append(item)
    }

    private mutating func sendEnd(of kind: Kind) {
        let whole = JSONValue.string(text)
        switch kind {
        case .reasoning: send("response.reasoning_text.done", position + [("text", whole)])
        case .message:
            send("response.output_text.done", position + [("text", whole), ("logprobs", [])])
            send("response.content_part.done", position + [("part", Self.part(text))])
        case .call(let name, _):
            send(
                "response.function_call_arguments.done",
                [("item_id", .string(id)), ("name", .string(name)), ("arguments", whole)])
        }
    }

    private var position: [(String, JSONValue)] {
        [("item_id", .string(id)), ("content_index", 0)]
    }

    private static func part(_ text: String) -> JSONValue {
        ["type": "output_text", "text": .string(text), "annotations": [], "logprobs": []]
    }

    private func item(_ kind: Kind, status: String, isEmpty: Bool) -> JSONValue {
        switch kind {
        case .reasoning:
            return [
                "id": .string(id), "type": "reasoning", "summary": [],
                "content": isEmpty ? [] : [["type": "reasoning_text", "text": .string(text)]],
                "status": .string(status),
            ]
        case .message:
            return [
                "id": .string(id), "type": "message", "status": .string(status),
                "role": "assistant", "content": isEmpty ? [] : [Self.part(text)],
            ]
        case .call(let name, let callID):
            return [
                "id": .string(id), "type": "function_call", "status": .string(status),
                "call_id": .string(callID), "name": .string(name),
                "arguments": .string(isEmpty ? "" : text),
            ]
        }
    }

    // MARK: Events

    private mutating func grow(_ piece: String, _ type: StaticString) {
        text += piece
        guard let stream, let kind else { return }
        out.removeAll()
        out.raw("event: ")
        out.raw(type)
        out.raw("\ndata: {\"type\":\"")
        out.raw(type)
        out.raw("\",\"sequence_number\":")
        out.integer(sequence)
        sequence += 1
        out.raw(",\"output_index\":")
        out.integer(output.count)
        out.raw(",\"item_id\":")
        out.string(id)
        if case .call = kind {} else { out.raw(",\"content_index\":0") }
        out.raw(",\"delta\":")
        out.string(piece)
        if case .message = kind { out.raw(",\"logprobs\":[]") }
        out.raw("}\n\n")
        stream.append(out.bytes)
    }

    /// An event about the item that is open.
    private mutating func send(_ type: String, _ members: [(String, JSONValue)]) {
        sendEvent(type, [("output_index", .integer(Int64(output.count)))] + members)
    }

    /// Any event, numbered.
    mutating func sendEvent(_ type: String, _ members: [(String, JSONValue)]) {
        guard let stream else { return }
        var object = JSONObject([
            ("type", .string(type)), ("sequence_number", .integer(Int64(sequence))),
        ])
        sequence += 1
        for (name, value) in members { object[name] = value }
        stream.append(Array("event: \(type)\ndata: \(JSONValue.object(object).text())\n\n".utf8))
    }
}

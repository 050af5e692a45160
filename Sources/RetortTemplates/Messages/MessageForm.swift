// SPDX-License-Identifier: Apache-2.0
//
// Templates read the same message differently: DeepSeek-R1-Distill-Llama's joins the text of a
// call's arguments and shows calls only beside a null content, Qwen3's writes an object out and
// fails on null. How a template takes a call is seen by rendering one.

import RetortJSON

/// The shape in which a template wants messages.
struct MessageForm: Sendable, Equatable {
    /// Whether a call's arguments are the text of an object instead of the object.
    var argumentsAreText = false
    /// Whether the content beside calls is null instead of empty.
    var hasNullContent = true
    /// Whether content of several parts stays an array.
    var keepsParts = false
    /// Whether the role `developer` is known; otherwise it is `system`.
    var hasDeveloper = false
}

extension ChatTemplate {
    private static let probe = "retortprobe"
    private static let probeKey = "retortkey"

    /// The form for a conversation. Only what it needs is tried.
    func form(for messages: [Message], now: CalendarTime?) -> MessageForm {
        var form = MessageForm()
        if messages.contains(where: { $0.role == "developer" }) {
            form.hasDeveloper = source.containsText("developer")
        }
        let hasParts = messages.contains {
            if case .parts(let parts) = $0.content { return parts.count > 1 }
            return false
        }
        if hasParts { form.keepsParts = keepsParts(now) }
        if messages.contains(where: { !$0.toolCalls.isEmpty }) {
            let forms = [(false, true), (false, false), (true, true), (true, false)]
            for (argumentsAreText, hasNullContent) in forms {
                form.argumentsAreText = argumentsAreText
                form.hasNullContent = hasNullContent
                if showsCall(form, now) { return form }
            }
            form.argumentsAreText = false
            form.hasNullContent = true
        }
        return form
    }

    private func showsCall(_ form: MessageForm, _ now: CalendarTime?) -> Bool {
        let arguments: JSONValue = [Self.probeKey: .string(Self.probe)]
        // Mistral's templates want ids of nine letters.
        let call = Message.ToolCall(id: "abcdef123", name: Self.probe, arguments: arguments)
        let messages = [
            Message.user("?"), Message(role: "assistant", toolCalls: [call]),
            Message.tool("!", callID: call.id),
        ]
        guard let text = render(probe: messages, form, now) else { return false }
        // An object printed as Python does has single quotes, a text written as JSON backslashes.
        return text.occurrences(of: Self.probe) > 1 && text.containsText(Self.probeKey)
            && !text.containsText("'\(Self.probeKey)'")
            && !text.containsText("\\\"\(Self.probeKey)")
    }

    private func keepsParts(_ now: CalendarTime?) -> Bool {
        let message = Message(role: "user", content: .parts([Self.probe, Self.probe]))
        let text = render(probe: [message], MessageForm(keepsParts: true), now) ?? ""
        return text.occurrences(of: Self.probe) == 2 && !text.containsText("'type'")
            && !text.containsText("\"type\"")
    }

    private func render(probe messages: [Message], _ form: MessageForm, _ now: CalendarTime?)
        -> String?
    {
        let tool: JSONValue = [
            "type": "function",
            "function": [
                "name": "f", "description": "",
                "parameters": [
                    "type": "object",
                    "properties": ["x": ["type": "string", "description": ""]],
                ],
            ],
        ]
        let context = JSONObject([
            ("messages", .array(messages.map { $0.json(form) })),
            ("tools", messages.count > 1 ? [tool] : nil), ("documents", nil),
            ("add_generation_prompt", false), ("bos_token", ""), ("eos_token", ""),
        ])
        return try? render(context, now: now)
    }
}

// SPDX-License-Identifier: Apache-2.0

import RetortJSON

extension ChatTemplate {
    /// Renders the prompt of a conversation, its messages in the shape that the template reads.
    /// - Parameters:
    ///   - messages: The conversation so far. The model goes on with the last one if it is marked as a
    ///     `prefix`: with its content, or with its thought if it has no content.
    ///   - tools: Function definitions, as in OpenAI's API, in the order in which their members are
    ///     printed.
    ///   - addGenerationPrompt: Whether the assistant's turn is opened at the end.
    ///   - thinking: Whether a model that can do both shall think: `enable_thinking` and
    ///     `thinking`, which are the names that templates ask for. Nil leaves both undefined, and
    ///     templates differ in what that means.
    ///   - variables: Further variables, such as `bos_token`.
    ///   - now: What `strftime_now` takes; nil is the clock's.
    /// - Throws: ``TemplateError``, of kind `.conversation` for a prefix that cannot be gone on with.
    public func render(
        _ messages: [Message], tools: [JSONValue]? = nil, addGenerationPrompt: Bool = true,
        thinking: Bool? = nil, variables: JSONObject = JSONObject(), now: CalendarTime? = nil
    ) throws(TemplateError) -> String {
        let form = form(for: messages, now: now)
        var context = JSONObject([
            ("messages", .null), ("tools", tools.map { .array($0) } ?? .null),
            ("documents", .null), ("add_generation_prompt", .bool(addGenerationPrompt)),
        ])
        if let thinking {
            context["enable_thinking"] = .bool(thinking)
            context["thinking"] = .bool(thinking)
        }
        for member in variables.members { context[member.key] = member.value }
        if let last = messages.last, last.prefix {
            return try render(Array(messages.dropLast()), prefix: last, form, context, now)
        }
        context["messages"] = .array(messages.map { $0.json(form) })
        return try render(context, now: now)
    }

    // MARK: - Going on with a message

    /// Stands where the message ends, to cut what the template writes behind it. Ends with a space:
    /// where that is gone, the template trims content.
    private static let cut = "<retort:continue> "

    private func render(
        _ history: [Message], prefix: Message, _ form: MessageForm, _ context: JSONObject,
        _ now: CalendarTime?
    ) throws(TemplateError) -> String {
        guard prefix.role == "assistant", prefix.toolCalls.isEmpty else {
            throw TemplateError(
                .conversation,
                "prefix stands in a message that is no answer of the assistant in words")
        }
        let content = prefix.content?.text ?? ""
        let thought = prefix.reasoningContent ?? ""
        let isThought = content.isEmpty && !thought.isEmpty
        var marked = prefix
        if isThought {
            marked.content = ""
            marked.reasoningContent = thought + Self.cut
        } else {
            marked.content = .text(content + Self.cut)
        }
        var context = context
        context["add_generation_prompt"] = false
        context["messages"] = .array((history + [marked]).map { $0.json(form) })
        let text = try render(context, now: now)
        let trimmedCut = Self.cut.stripped(side: .right)
        if let range = text.lastRange(of: Self.cut) { return text.before(range) }
        if let range = text.lastRange(of: trimmedCut) {
            return text.before(range).stripped(side: .right)
        }
        guard isThought else {
            throw TemplateError(
                .conversation, "the template leaves out the message that is to be gone on with")
        }
        // A template that drops thoughts still opens them.
        context["add_generation_prompt"] = true
        context["messages"] = .array(history.map { $0.json(form) })
        let prompt = try render(context, now: now)
        let format = ReasoningFormat.detect(template: source, renderedPrompt: prompt)
        switch format.start {
        case .inside: return prompt + thought
        case .outside where format.marksThoughts, .assumed where format.marksThoughts:
            return prompt + format.opening + "\n" + thought
        case .outside, .assumed, .closed:
            throw TemplateError(
                .conversation, "the template opens no thought, so none can be gone on with")
        }
    }
}

extension String {
    /// Where the last such text starts, in UTF-8.
    fileprivate func lastRange(of other: String) -> Int? {
        let bytes = Array(utf8)
        let needle = Array(other.utf8)
        var start = bytes.count - needle.count
        while start >= 0 {
            if bytes[start..<start + needle.count].elementsEqual(needle) { return start }
            start -= 1
        }
        return nil
    }

    fileprivate func before(_ offset: Int) -> String {
        String(decoding: utf8.prefix(offset), as: UTF8.self)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// What the assistant wrote in a rendered conversation. Where the template does not mark it, a turn
// is what a rendering with the message has beyond one that ends where the assistant is asked.

import RetortJSON
import RetortTemplates

extension SampleEncoder {
    func encode(_ conversation: CorpusRecord.Conversation) throws(TrainingError) -> EncodedRecord {
        let assistants = conversation.messages.indices.filter {
            conversation.messages[$0]["role"]?.stringValue == "assistant"
        }
        guard let last = assistants.last else { return EncodedRecord() }
        if options.spans != .turns {
            // As transformers renders it: with what follows the last answer.
            let whole = try render(conversation, conversation.messages.count)
            if !whole.generations.isEmpty || options.spans == .markers {
                return try encode(marked: whole, conversation, last)
            }
        }
        return options.turns == .last
            ? try encodeLast(conversation, last) : try encodeAll(conversation, assistants)
    }

    // MARK: Markers

    private func encode(
        marked whole: ChatTemplate.Rendering, _ conversation: CorpusRecord.Conversation,
        _ last: Int
    ) throws(TrainingError) -> EncodedRecord {
        var record = EncodedRecord()
        var spans = whole.generations
        if options.turns == .last, spans.count > 1 {
            // A message may have several blocks: what an earlier rendering has are not its own.
            let before = try? render(conversation, last).generations.count
            spans.removeFirst(min(before ?? spans.count - 1, spans.count - 1))
        }
        if let sample = try sample(of: whole.text, spans: spans, overlapping: true) {
            record.samples = [sample]
        }
        return record
    }

    // MARK: Turns

    private func encodeLast(_ conversation: CorpusRecord.Conversation, _ turn: Int)
        throws(TrainingError) -> EncodedRecord
    {
        var record = EncodedRecord()
        let text = try render(conversation, turn + 1).text
        if let start = opening(conversation, turn, of: text),
            let sample = try sample(
                of: text, spans: [start..<text.utf8.count], overlapping: false)
        {
            record.samples = [sample]
        } else {
            record.skippedTurns = 1
        }
        return record
    }

    private func encodeAll(_ conversation: CorpusRecord.Conversation, _ turns: [Int])
        throws(TrainingError) -> EncodedRecord
    {
        var record = EncodedRecord()
        let count = conversation.messages.count
        let whole = try render(conversation, count).text
        var spans: [Range<Int>] = []
        for turn in turns {
            // A template may refuse the start of a conversation; then the turn has no prefix.
            let part = turn + 1 == count ? whole : try? render(conversation, turn + 1).text
            guard let part, let start = opening(conversation, turn, of: part) else {
                record.skippedTurns += 1
                continue
            }
            if opening(conversation, turn, of: whole) != nil,
                let end = end(of: part, in: whole, after: start)
            {
                spans.append(start..<end)
            } else if let sample = try sample(
                of: part, spans: [start..<part.utf8.count], overlapping: false)
            {
                record.samples.append(sample)
            } else {
                record.skippedTurns += 1
            }
        }
        if !spans.isEmpty,
            let sample = try sample(of: whole, spans: spans, overlapping: false)
        {
            record.samples.append(sample)
        }
        return record
    }

    /// Where the turn of a message starts in a text: behind the rendering that asks for it, if the
    /// text starts with that.
    private func opening(_ conversation: CorpusRecord.Conversation, _ turn: Int, of text: String)
        -> Int?
    {
        guard let prefix = try? render(conversation, turn, asking: true).text,
            text.utf8.starts(with: prefix.utf8), prefix.utf8.count < text.utf8.count
        else { return nil }
        return prefix.utf8.count
    }

    /// Where a conversation that was rendered up to a turn ends in the whole one, nil if the whole
    /// goes on otherwise.
    private func end(of part: String, in whole: String, after start: Int) -> Int? {
        if whole.utf8.starts(with: part.utf8) { return part.utf8.count }
        // Some templates close every conversation, whole or not, with the end of text.
        guard let closing = templateVariables["eos_token"]?.stringValue, !closing.isEmpty,
            part.utf8.count >= start + closing.utf8.count,
            part.utf8.suffix(closing.utf8.count).elementsEqual(closing.utf8),
            whole.utf8.suffix(closing.utf8.count).elementsEqual(closing.utf8)
        else { return nil }
        let end = part.utf8.count - closing.utf8.count
        return whole.utf8.starts(with: part.utf8.prefix(end)) ? end : nil
    }

    /// Renders the first messages of a conversation.
    private func render(
        _ conversation: CorpusRecord.Conversation, _ count: Int, asking: Bool = false
    ) throws(TrainingError) -> ChatTemplate.Rendering {
        guard let template else {
            throw TrainingError(
                "chats need a chat template and the model has none; give a template")
        }
        var context = templateVariables
        for member in conversation.variables.members { context[member.key] = member.value }
        context["messages"] = .array(Array(conversation.messages.prefix(count)))
        // transformers passes these two even where there are none.
        context["tools"] = conversation.tools.map { .array($0) } ?? .null
        context["documents"] = .null
        context["add_generation_prompt"] = .bool(asking)
        do throws(TemplateError) {
            return try template.rendering(context, now: now)
        } catch {
            // The message of a refusal may quote the conversation.
            let place = error.line.map { " (line \($0) of the template)" } ?? ""
            switch error.kind {
            case .raised:
                throw TrainingError("the chat template refuses the conversation\(place)")
            default: throw TrainingError("the chat template cannot render it: \(error)")
            }
        }
    }
}

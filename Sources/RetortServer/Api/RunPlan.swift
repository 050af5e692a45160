// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import RetortTemplates

/// What a run is to answer, and how.
struct RunPlan: Sendable {
    let start: RunStart.Place
    /// The messages of the branch, the one that is gone on with last.
    let branch: [StoredMessage]
    let settings: ChatSettings

    /// Reads a request.
    /// - Throws: ``APIError`` 409 if the conversation has a run, 400 for what cannot be answered.
    init(_ fields: Fields, _ conversation: StoredConversation) throws(APIError) {
        if let active = conversation.activeRun { throw .runActive(active) }
        settings = try conversation.settings.overlaid(by: try fields.object("settings"))
        let parent = try fields.string("parent")
        let continued = try fields.string("continue")
        switch (parent, continued) {
        case (let id?, nil):
            guard conversation.message(id, .user) != nil else {
                throw .invalid("parent", "is '\(id)', no user message of this conversation")
            }
            start = .answer(id)
            branch = conversation.branch(to: id)
        case (nil, let id?):
            guard let message = conversation.message(id, .assistant) else {
                throw .invalid("continue", "is '\(id)', no answer of this conversation")
            }
            let reasons = ["length", "stopped", "context"]
            guard message.status == .error || reasons.contains(message.finishReason ?? "") else {
                throw .invalid("continue", "is '\(id)', an answer that is complete")
            }
            start = .continuation(id)
            branch = conversation.branch(to: id)
        case (nil, nil):
            throw .invalid("parent", "is missing; give the message to answer, or 'continue'")
        case (.some, .some):
            throw .invalid("continue", "is given beside 'parent', expected one of them")
        }
    }

    /// The message that is gone on with.
    var continued: StoredMessage? {
        if case .continuation = start { return branch.last }
        return nil
    }

    /// The same request that `/v1/chat/completions` makes of messages and settings like these.
    var request: ConversationRequest {
        var messages: [Message] = []
        if let system = settings.system, !system.isEmpty {
            messages.append(Message(role: "system", content: .text(system)))
        }
        for message in branch {
            switch message.role {
            case .user: messages.append(Message(role: "user", content: .text(message.content)))
            case .assistant:
                let isLast = message.id == continued?.id
                let reasoning = message.reasoning ?? ""
                // An answer that failed before its first token is begun anew.
                if isLast, message.content.isEmpty, reasoning.isEmpty { continue }
                messages.append(
                    Message(
                        role: "assistant", content: .text(message.content),
                        reasoningContent: reasoning.isEmpty ? nil : reasoning, prefix: isLast))
            }
        }
        var request = ConversationRequest(Conversation(messages))
        request.model = settings.model
        request.sampling.temperature = settings.temperature
        request.sampling.topP = settings.topP
        request.sampling.topK = settings.topK
        request.sampling.minP = settings.minP
        request.sampling.seed = settings.seed.map { UInt64(bitPattern: Int64($0)) }
        request.maximumTokens = settings.maximumTokens
        request.stop = settings.stop
        request.thinking.isEnabled = settings.thinking
        request.thinking.budget = settings.thinkingBudget
        return request
    }
}

// SPDX-License-Identifier: Apache-2.0

import RetortGrammar
import RetortJSON
import RetortTemplates

/// A request to `/v1/chat/completions`.
struct ChatRequest: Sendable {
    var conversation: ConversationRequest
    var stream: StreamChoice

    /// - Throws: ``APIError`` that names the first field that is wrong.
    init(_ fields: Fields) throws(APIError) {
        let model = try fields.string("model")
        let items = try fields.require("messages", try fields.array("messages"))
        let messages = try [Message](wire: items, at: fields.name("messages"))
        var request = ConversationRequest(Conversation(messages))
        request.model = model
        request.sampling = try SamplingChoice(fields)
        request.thinking = try ThinkingChoice(chat: fields)
        let limit = try fields.integer("max_tokens", in: 1...Int(Int32.max))
        request.maximumTokens =
            try fields.integer("max_completion_tokens", in: 1...Int(Int32.max)) ?? limit
        request.stop = try fields.stopStrings("stop")
        request.choices = try fields.integer("n", in: 1...16) ?? 1
        let wantsLogprobs = try fields.bool("logprobs") ?? false
        let top = try fields.integer("top_logprobs", in: 0...20)
        if let top, !wantsLogprobs {
            throw .invalid("top_logprobs", "is \(top), but logprobs is not true")
        }
        request.topLogprobs = wantsLogprobs ? top ?? 0 : nil
        request.ignoresStopTokens = try fields.bool("ignore_eos") ?? false
        if let variables = try fields.object("chat_template_kwargs") {
            request.conversation.variables = variables.object
        }
        try request.readTools(fields)
        request.form = try fields.responseFormat()
        stream = try StreamChoice(fields)
        conversation = request
    }
}

/// How an answer is sent.
struct StreamChoice: Sendable, Equatable {
    var isOn = false
    var includesUsage = false
    /// Whether the prompt's progress is sent as objects.
    var includesProgress = false

    init(_ fields: Fields) throws(APIError) {
        isOn = try fields.bool("stream") ?? false
        includesProgress = try fields.bool("return_progress") ?? false
        guard let options = try fields.object("stream_options") else { return }
        includesUsage = try options.bool("include_usage") ?? false
        if try options.bool("include_progress") ?? false { includesProgress = true }
        guard isOn else {
            throw .invalid("stream_options", "is set, but stream is not true")
        }
    }
}

extension SamplingChoice {
    init(_ fields: Fields) throws(APIError) {
        temperature = try fields.number("temperature", in: 0...2)
        topP = try fields.number("top_p", in: 0...1)
        topK = try fields.integer("top_k", in: -1...Int(Int32.max))
        minP = try fields.number("min_p", in: 0...1)
        repetitionPenalty = try fields.number("repetition_penalty", in: 0.01...100)
        presencePenalty = try fields.number("presence_penalty", in: -2...2)
        frequencyPenalty = try fields.number("frequency_penalty", in: -2...2)
        if let value = try fields.integer("seed", in: Int.min...Int.max) {
            seed = UInt64(bitPattern: Int64(value))
        }
        guard let bias = try fields.object("logit_bias") else { return }
        for key in bias.object.keys {
            guard let token = Int32(key), token >= 0 else {
                throw .invalid(
                    fields.name("logit_bias"), "has the key '\(key)', expected token ids")
            }
            if let value = try bias.number(key, in: -100...100) { logitBias[token] = Float(value) }
        }
    }
}

extension ThinkingChoice {
    /// The names of OpenAI, DeepSeek, Qwen and llama-server; a number of tokens wins over an effort.
    init(chat fields: Fields) throws(APIError) {
        if let effort = try fields.word("reasoning_effort", of: Self.efforts.map(\.name)) {
            setEffort(effort)
        }
        if let flag = try fields.bool("enable_thinking") { isEnabled = flag }
        let qwen = try fields.integer("thinking_budget")
        let llama = try fields.integer("thinking_budget_tokens", in: -1...Int(Int32.max))
        if let tokens = qwen ?? llama, tokens >= 0 { budget = tokens }
        guard let thinking = try fields.object("thinking") else { return }
        let types = ["enabled", "disabled", "adaptive", "auto"]
        switch try thinking.word("type", of: types) {
        case "enabled": isEnabled = true
        case "disabled": isEnabled = false
        default: break
        }
        if let tokens = try thinking.integer("budget_tokens") { budget = tokens }
    }
}

extension Fields {
    /// At most four texts that end the answer.
    func stopStrings(_ field: String) throws(APIError) -> [String] {
        let texts = try strings(field, atMost: 4) ?? []
        guard !texts.contains(where: \.isEmpty) else {
            throw .invalid(name(field), "has an empty string")
        }
        return texts
    }
}

// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import RetortEngine
import RetortGrammar
import RetortJSON

/// A request to `/v1/completions`.
struct CompletionRequest: Sendable {
    /// What stands in `prompt`, before the model's vocabulary is known.
    enum Prompts: Sendable {
        case texts([String])
        case tokens([[JSONValue]])

        var count: Int {
            switch self {
            case .texts(let texts): texts.count
            case .tokens(let lists): lists.count
            }
        }
    }

    var model: String?
    var prompts: Prompts
    /// Answers to each prompt.
    var choices = 1
    var maximumTokens: Int
    var echoes: Bool
    /// What the answers must be; nil for free text.
    var form: GrammarSource?
    var logprobs: Int?
    var sampling: SamplingChoice
    var stop: [String]
    var ignoresStopTokens: Bool
    var addsSpecialTokens: Bool
    var stream: StreamChoice

    init(_ fields: Fields) throws(APIError) {
        model = try fields.string("model")
        prompts = try Prompts(try fields.require("prompt", fields["prompt"]), fields)
        choices = try fields.integer("n", in: 1...16) ?? 1
        maximumTokens = try fields.integer("max_tokens") ?? 16
        echoes = try fields.bool("echo") ?? false
        logprobs = try fields.integer("logprobs", in: 0...20)
        sampling = try SamplingChoice(fields)
        stop = try fields.stopStrings("stop")
        ignoresStopTokens = try fields.bool("ignore_eos") ?? false
        addsSpecialTokens = try fields.bool("add_special_tokens") ?? true
        stream = try StreamChoice(fields)
        if let best = try fields.integer("best_of", in: 1...16), best != choices {
            throw .invalid(
                "best_of",
                "is \(best) and n is \(choices); only as many answers as are returned are made",
                code: "unsupported_parameter")
        }
        if fields.isSet(unsupported: "suffix") {
            throw .invalid(
                "suffix", "is set, but text is only continued, not filled in",
                code: "unsupported_parameter")
        }
        if maximumTokens == 0, !echoes {
            throw .invalid("max_tokens", "is 0; that makes sense with echo only")
        }
        form = try fields.responseFormat()
        if stream.isOn, echoes, logprobs != nil {
            throw .invalid(
                "echo", "together with logprobs cannot be streamed", code: "unsupported_parameter")
        }
    }
}

extension CompletionRequest.Prompts {
    init(_ value: JSONValue, _ fields: Fields, name: String = "prompt") throws(APIError) {
        if let text = value.stringValue {
            self = .texts([text])
            return
        }
        guard let items = value.arrayValue, let first = items.first else {
            throw .invalid(
                fields.name(name),
                "is \(value.arrayValue == nil ? value.kind : "an empty array"), expected text, token ids, or an array of them",
                code: "invalid_type")
        }
        guard items.count <= 2048 || first.doubleValue != nil else {
            throw .invalid(fields.name(name), "has \(items.count) prompts, expected at most 2048")
        }
        if first.doubleValue != nil {
            self = .tokens([items])
            return
        }
        let texts = items.compactMap(\.stringValue)
        if texts.count == items.count {
            self = .texts(texts)
            return
        }
        let lists = items.compactMap(\.arrayValue)
        guard lists.count == items.count else {
            throw .invalid(
                fields.name(name), "mixes texts, token ids and other values",
                code: "invalid_type")
        }
        self = .tokens(lists)
    }

    /// The prompts as tokens.
    func encoded(_ backend: any GenerationBackend, addSpecialTokens: Bool, field: String)
        throws(APIError) -> [[Int32]]
    {
        var encoded: [[Int32]] = []
        switch self {
        case .texts(let texts):
            for text in texts {
                encoded.append(try backend.tokens(text, addSpecialTokens: addSpecialTokens))
            }
        case .tokens(let lists):
            let fields = Fields(JSONObject())
            for (index, list) in lists.enumerated() {
                let name = lists.count == 1 ? field : "\(field)[\(index)]"
                encoded.append(try fields.tokens(name, list, below: backend.vocabularySize))
            }
        }
        return encoded
    }
}

extension GenerationBackend {
    /// ``encode(_:addSpecialTokens:)`` with the error that a client gets.
    func tokens(_ text: String, addSpecialTokens: Bool) throws(APIError) -> [Int32] {
        do {
            return try encode(text, addSpecialTokens: addSpecialTokens)
        } catch {
            throw APIError(
                .badRequest, "\(error)", param: "model", code: "unsupported_operation")
        }
    }

    /// ``decode(_:)`` with the error that a client gets.
    func text(_ tokens: [Int32]) throws(APIError) -> String {
        do {
            return try decode(tokens)
        } catch {
            throw APIError(
                .badRequest, "\(error)", param: "model", code: "unsupported_operation")
        }
    }
}

extension GenerationPlan {
    /// The requests of all prompts, those of one prompt together.
    init(_ completion: CompletionRequest, _ lease: ModelLease, _ origin: RequestOrigin)
        throws(APIError)
    {
        let backend = lease.backend
        try backend.allowance(client: origin.client, route: origin.source.route).check(
            choices: completion.choices, wantsLogprobs: completion.logprobs != nil)
        let prompts = try completion.prompts.encoded(
            backend, addSpecialTokens: completion.addsSpecialTokens, field: "prompt")
        var requests: [EngineRequest] = []
        for prompt in prompts {
            try Self.check(prompt, backend, "prompt")
            var generation = GenerationRequest(prompt: prompt)
            generation.sampling = try Self.sampling(completion.sampling, backend)
            generation.maximumTokens = min(
                completion.maximumTokens, backend.contextLength - prompt.count)
            generation.stopStrings = completion.stop
            // Who scores a prompt asks for one token, and counts on it: an end would be none.
            let scores = completion.echoes && completion.logprobs != nil
            generation.ignoresStopTokens =
                completion.ignoresStopTokens || scores && completion.maximumTokens == 1
            var request = EngineRequest(generation)
            request.topLogprobs = completion.logprobs
            request.promptTopLogprobs = completion.echoes ? completion.logprobs : nil
            request.take(origin)
            // Code that an editor goes on from, and the like.
            request.source.isForPrograms = true
            if let form = completion.form {
                request.constraint = try Self.constraint(form, backend)
            }
            requests += Self.copies(of: request, completion.choices)
        }
        self.init(lease: lease, requests: requests)
    }
}

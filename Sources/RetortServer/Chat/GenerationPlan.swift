// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import RetortEngine
import RetortJSON
import RetortTemplates

/// A checked and rendered request: what the engine gets, and how to read what it says.
struct GenerationPlan: Sendable {
    let lease: ModelLease
    /// One for each answer.
    var requests: [EngineRequest]
    var toolFormat = ToolCallFormat.none
    var tools: [JSONValue] = []
    var allowsParallelCalls = true

    var backend: any GenerationBackend { lease.backend }
    var promptTokens: Int { requests.first?.generation.prompt.count ?? 0 }

    /// A reader for one answer.
    func makeReplyReader(_ index: Int) -> ReplyReader {
        ReplyReader(
            ResponseParser(
                reasoning: requests[index].reasoning, toolFormat: toolFormat, tools: tools),
            allowsParallelCalls: allowsParallelCalls)
    }

    /// Hands all requests to the engine, or none.
    func submit() throws(APIError) -> [GenerationTask] {
        var tasks: [GenerationTask] = []
        for request in requests {
            do throws(EngineRefusal) {
                tasks.append(try backend.submit(request))
            } catch {
                for task in tasks { task.cancel() }
                throw APIError(error)
            }
        }
        return tasks
    }
}

extension GenerationPlan {
    /// Renders a conversation for a model.
    init(_ request: ConversationRequest, _ lease: ModelLease, _ origin: RequestOrigin)
        throws(APIError)
    {
        let backend = lease.backend
        try backend.allowance(client: origin.client, route: origin.source.route).check(
            choices: request.choices, wantsLogprobs: request.topLogprobs != nil)
        var conversation = request.conversation
        conversation.tools = try Self.offered(request)
        let variables = conversation.variables
        if variables["enable_thinking"] == nil, variables["thinking"] == nil {
            // Left open, templates differ in what they do: R1's distillations close the thought.
            conversation.thinking = request.thinking.isEnabled ?? true
        }
        let text: String
        let prompt: [Int32]
        do {
            text = try backend.render(conversation)
            // The template writes the special tokens itself.
            prompt = try backend.encode(text, addSpecialTokens: false)
        } catch let error as TemplateError {
            throw APIError(rendering: error)
        } catch {
            throw APIError(
                .badRequest, "\(error)", param: "model", code: "unsupported_operation")
        }
        try Self.check(prompt, backend, request.source)

        let template = backend.chatTemplateSource ?? ""
        let room = backend.contextLength - prompt.count
        var generation = GenerationRequest(prompt: prompt)
        generation.sampling = try Self.sampling(request.sampling, backend)
        generation.maximumTokens = request.maximumTokens.map { min($0, room) }
        generation.stopStrings = request.stop
        generation.ignoresStopTokens = request.ignoresStopTokens
        var engineRequest = EngineRequest(generation)
        engineRequest.reasoning = Self.reasoning(conversation, template, text)
        if engineRequest.reasoning.marksThoughts {
            engineRequest.thinkingBudget = request.thinking.limit(
                maximumTokens: generation.maximumTokens)
        }
        engineRequest.topLogprobs = request.topLogprobs
        engineRequest.take(origin)
        engineRequest.source.note(request)
        let toolFormat: ToolCallFormat =
            conversation.tools.isEmpty ? .none : .detect(template: template)
        engineRequest.constraint = try Self.constraint(
            request, tools: conversation.tools, toolFormat, backend)
        self.init(
            lease: lease, requests: Self.copies(of: engineRequest, request.choices),
            toolFormat: toolFormat,
            tools: conversation.tools, allowsParallelCalls: request.allowsParallelCalls)
    }

    /// Answers differ by their seeds.
    static func copies(of request: EngineRequest, _ count: Int) -> [EngineRequest] {
        var request = request
        request.source.choices = count
        request.source.answers = AnswerCount(count)
        return (0..<count).map { index in
            var copy = request
            copy.generation.sampling.seed = request.generation.sampling.seed.map {
                $0 &+ UInt64(index)
            }
            return copy
        }
    }

    static func check(_ prompt: [Int32], _ backend: any GenerationBackend, _ param: String)
        throws(APIError)
    {
        guard !prompt.isEmpty else { throw .invalid(param, "makes an empty prompt") }
        guard prompt.count < backend.contextLength else {
            throw .contextLengthExceeded(prompt.count, backend.contextLength, param: param)
        }
    }

    static func sampling(_ choice: SamplingChoice, _ backend: any GenerationBackend)
        throws(APIError) -> SamplingParameters
    {
        if let token = choice.logitBias.keys.first(where: { Int($0) >= backend.vocabularySize }) {
            throw .invalid(
                "logit_bias",
                "has token \(token), the vocabulary has \(backend.vocabularySize) tokens")
        }
        return choice.applied(to: backend.recommendedSampling)
    }

    /// The tools that the model is told of. A function that must be called is offered alone.
    private static func offered(_ request: ConversationRequest) throws(APIError) -> [JSONValue] {
        let tools = request.conversation.tools
        switch request.toolChoice {
        case .none: return []
        case .auto, .required: return tools
        case .function(let name):
            let named = tools.filter { $0["function"]?["name"]?.stringValue == name }
            guard !named.isEmpty else {
                throw .invalid("tool_choice", "names '\(name)', which is not among the tools")
            }
            return named
        }
    }

    /// Where in thought and answer the model begins.
    private static func reasoning(
        _ conversation: Conversation, _ template: String, _ prompt: String
    ) -> ReasoningFormat {
        var format = ReasoningFormat.detect(template: template, renderedPrompt: prompt)
        guard let last = conversation.messages.last, last.prefix, format.marksThoughts else {
            return format
        }
        // It goes on with an answer, or with a thought if there is no answer yet.
        guard last.content?.text.isEmpty ?? true, !(last.reasoningContent ?? "").isEmpty else {
            return .none
        }
        format.start = .inside
        return format
    }
}

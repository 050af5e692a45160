// SPDX-License-Identifier: Apache-2.0
//
// Plays the engine: says what a script tells it to. A token is a byte.

import RetortEngine
import RetortServer
import RetortTemplates
import Synchronization

final class ScriptedBackend: GenerationBackend {
    enum Step: Sendable {
        case event(EngineEvent)
        /// Nothing more until the request is cancelled or ``ScriptedBackend/open()`` is called.
        case wait
    }

    typealias Script = @Sendable (EngineRequest, Int) -> [Step]

    private struct State {
        var requests: [EngineRequest] = []
        var refusal: EngineRefusal?
        var isOpen = false
        var waiting: [Int: CheckedContinuation<Bool, Never>] = [:]
        var cancelled: Set<Int> = []
        var endedThoughts = 0
        var isStopped = false
    }

    private let state = Mutex(State())
    private let script: Script
    private let template: ChatTemplate?
    /// One element for each request that was cancelled.
    let cancellations: AsyncStream<Int>
    private let cancelled: AsyncStream<Int>.Continuation

    let contextLength: Int
    let recommendedSampling: SamplingParameters
    let embeddingLength: Int?
    let vocabularySize = 256

    /// As DeepSeek R1's: the prompt opens the thought.
    static let thinkingTemplate =
        "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if tools %}<tool_call>{{ tools | tojson }}{% endif %}{% if add_generation_prompt %}<assistant><think>\n{% endif %}"
    /// A model that does not think.
    static let plainTemplate =
        "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if tools %}<tool_call>{{ tools | tojson }}{% endif %}{% if add_generation_prompt %}<assistant>{% endif %}"

    init(
        template: String? = plainTemplate, contextLength: Int = 4096, embeddingLength: Int? = 4,
        recommended: SamplingParameters = .init(), script: @escaping Script
    ) throws {
        self.template = try template.map { text throws(TemplateError) in try ChatTemplate(text) }
        self.contextLength = contextLength
        self.embeddingLength = embeddingLength
        recommendedSampling = recommended
        self.script = script
        (cancellations, cancelled) = AsyncStream.makeStream()
    }

    /// Answers every request with these texts as tokens, those before `</think>` as thought.
    convenience init(
        template: String? = plainTemplate, contextLength: Int = 4096, saying texts: [String],
        finish: FinishReason = .stop
    ) throws {
        try self.init(template: template, contextLength: contextLength) { request, _ in
            Self.steps(request, texts, finish)
        }
    }

    static func steps(
        _ request: EngineRequest, _ texts: [String], _ finish: FinishReason = .stop,
        stopString: String? = nil
    ) -> [Step] {
        var usage = GenerationUsage()
        usage.promptTokens = request.generation.prompt.count
        usage.cachedTokens = 3
        usage.completionTokens = texts.count
        usage.stopString = stopString
        usage.computeSeconds = 1.5
        usage.processorSeconds = 3
        let end = texts.firstIndex(of: "</think>")
        usage.reasoningTokens = end.map { $0 + 1 } ?? 0
        var steps: [Step] = [
            .event(.queued(ahead: 0)),
            .event(.prompt(processed: usage.promptTokens, total: usage.promptTokens, cached: 3)),
        ]
        if let top = request.promptTopLogprobs {
            for (index, token) in request.generation.prompt.enumerated() {
                steps.append(.event(.promptToken(logprobs(token, top, isFirst: index == 0))))
            }
        }
        for (index, text) in texts.enumerated() {
            let token = Int32(text.utf8.first ?? 0)
            steps.append(
                .event(
                    .token(
                        EngineToken(
                            token: token, text: text, isReasoning: end.map { index <= $0 } ?? false,
                            logprobs: request.topLogprobs.map { logprobs(token, $0) }))))
        }
        return steps + [.event(.finished(finish, usage))]
    }

    /// −0.25 for the token itself, −1 and less for the others.
    static func logprobs(_ token: Int32, _ top: Int, isFirst: Bool = false) -> TokenLogprobs {
        let others = (0..<max(0, top - 1)).map {
            TokenLogprobs.Candidate(token: (token + 1 + Int32($0)) % 256, logprob: -1 - Float($0))
        }
        let own = TokenLogprobs.Candidate(token: token, logprob: -0.25)
        return TokenLogprobs(
            token: token, logprob: isFirst ? nil : -0.25,
            top: isFirst || top == 0 ? [] : [own] + others)
    }

    // MARK: What tests look at

    var requests: [EngineRequest] { state.withLock { $0.requests } }
    var endedThoughts: Int { state.withLock { $0.endedThoughts } }
    var isStopped: Bool { state.withLock { $0.isStopped } }

    func refuse(_ refusal: EngineRefusal?) { state.withLock { $0.refusal = refusal } }

    /// Lets requests that wait go on.
    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for continuation in waiting { continuation.resume(returning: true) }
    }

    // MARK: GenerationBackend

    var chatTemplateSource: String? { template?.source }

    var statistics: EngineStatistics {
        var statistics = EngineStatistics()
        statistics.running = 1
        statistics.waiting = 2
        statistics.promptTokens = 30
        statistics.cachedTokens = 10
        statistics.generatedTokens = 40
        statistics.pages = 8
        statistics.freePages = 6
        return statistics
    }

    func render(_ conversation: Conversation) throws -> String {
        guard let template else { throw ServerError("there is no chat template") }
        return try template.render(
            conversation.messages, tools: conversation.tools.isEmpty ? nil : conversation.tools,
            addGenerationPrompt: conversation.addGenerationPrompt,
            thinking: conversation.thinking, variables: conversation.variables)
    }

    func encode(_ text: String, addSpecialTokens: Bool) -> [Int32] { text.utf8.map { Int32($0) } }

    func decode(_ tokens: [Int32]) -> String {
        String(decoding: tokens.map { UInt8(truncatingIfNeeded: $0) }, as: UTF8.self)
    }

    func bytes(of token: Int32) -> [UInt8] { [UInt8(truncatingIfNeeded: token)] }

    func embed(_ tokens: [Int32]) async throws -> [Float] { [3, 0, 4, Float(tokens.count) * 0] }

    func stop(finishing: Bool) async { state.withLock { $0.isStopped = true } }

    func submit(_ request: EngineRequest) throws(EngineRefusal) -> GenerationTask {
        let refusal = state.withLock { $0.refusal }
        if let refusal { throw refusal }
        let id = state.withLock { state in
            state.requests.append(request)
            return state.requests.count - 1
        }
        let steps = script(request, id)
        let (events, continuation) = AsyncStream<EngineEvent>.makeStream()
        Task {
            for step in steps {
                switch step {
                case .event(let event): continuation.yield(event)
                case .wait:
                    guard await goesOn(id) else {
                        continuation.yield(.finished(.cancelled, GenerationUsage()))
                        continuation.finish()
                        return
                    }
                }
            }
            continuation.finish()
        }
        return GenerationTask(
            events: events, cancel: { [self] in cancel(id) },
            endThought: { [self] in state.withLock { $0.endedThoughts += 1 } })
    }

    private func goesOn(_ id: Int) async -> Bool {
        await withCheckedContinuation { continuation in
            let answer: Bool? = state.withLock { state in
                if state.cancelled.contains(id) { return false }
                if state.isOpen { return true }
                state.waiting[id] = continuation
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    private func cancel(_ id: Int) {
        let waiting = state.withLock { state -> CheckedContinuation<Bool, Never>?? in
            guard state.cancelled.insert(id).inserted else { return nil }
            return .some(state.waiting.removeValue(forKey: id))
        }
        guard let waiting else { return }
        waiting?.resume(returning: false)
        cancelled.yield(id)
    }

    /// Waits until some request was cancelled.
    func waitForCancellation() async {
        for await _ in cancellations { return }
    }
}

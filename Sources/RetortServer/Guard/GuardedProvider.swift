// SPDX-License-Identifier: Apache-2.0
//
// The policy stands between the APIs and the engine, where no API can pass it by: answers are marked and thoughts
// hidden whichever way they were asked for.

import RetortEngine
import RetortGuard
import RetortTemplates

/// Models whose answers are marked, and whose thoughts are shown, by a policy.
public struct GuardedProvider: WrappingProvider {
    public let provider: any ModelProvider
    private let rules: GuardRules

    public init(_ provider: any ModelProvider, _ rules: GuardRules) {
        self.provider = provider
        self.rules = rules
    }

    public func wrapped(_ backend: any GenerationBackend, id: String) -> any GenerationBackend {
        GuardedBackend(backend: backend, rules: rules, id: id)
    }
}

/// A policy and the keys that it marks with.
public struct GuardRules: Sendable {
    public let policy: GuardPolicy
    public let keys: WatermarkKeyRing?
    /// Where requests are recorded.
    public let log: RequestLogWriter?

    /// - Throws: `GuardError` if the policy marks and there is no key.
    public init(_ policy: GuardPolicy, keys: WatermarkKeyRing?, log: RequestLogWriter? = nil)
        throws(GuardError)
    {
        guard keys != nil || !policy.marks else {
            throw GuardError(
                "the policy marks answers and there is no key: give one with --watermark KEY")
        }
        self.policy = policy
        self.keys = keys
        self.log = log
    }

    /// Whether they change or record nothing.
    public var isOpen: Bool { policy.isOpen && log == nil }

    /// How a request is marked; nil leaves it unmarked.
    func watermark(_ request: EngineRequest, _ decision: GuardPolicy.Decision)
        -> WatermarkParameters?
    {
        guard let keys else { return nil }
        let isGreedy = request.generation.sampling.isGreedy
        switch decision.watermark {
        case .off: return nil
        case .on: return request.source.acceptsMark ? keys.active.parameters : nil
        case .enforced:
            // Who takes the most likely tokens would have none that the others can mark.
            let key = keys.active
            return isGreedy && !key.scheme.marksGreedy
                ? key.using(.greenList).parameters : key.parameters
        }
    }
}

private struct GuardedBackend: WrappingBackend {
    let backend: any GenerationBackend
    let rules: GuardRules
    /// The model's.
    let id: String

    func allowance(client: String, route: String) -> RequestAllowance {
        let decision = rules.policy.decision(key: client, route: route)
        var allowance = RequestAllowance()
        allowance.logprobs = decision.logprobs
        allowance.maximumChoices = decision.maximumChoices
        return allowance
    }

    func submit(_ request: EngineRequest) throws(EngineRefusal) -> GenerationTask {
        let decision = rules.policy.decision(key: request.client, route: request.source.route)
        var request = request
        request.generation.sampling.watermark = rules.watermark(request, decision)
        let format = format(request)
        let task = recorded(try backend.submit(request), request, decision)
        guard decision.thoughts != .full, format.marksThoughts else { return task }
        let filter = ThoughtFilter(format, policy: decision.thoughts)
        return task.heard(with: filter) { filter, event, continuation in
            for filtered in filter.filtered(event) { continuation.yield(filtered) }
        }
    }

    private func recorded(
        _ task: GenerationTask, _ request: EngineRequest, _ decision: GuardPolicy.Decision
    ) -> GenerationTask {
        guard let log = rules.log else { return task }
        return task.heard(with: log) { [backend, id] log, event, continuation in
            if case .finished(_, let usage) = event {
                log.end(
                    request, model: id, thoughts: decision.thoughts, usage,
                    text: (try? backend.decode(request.generation.prompt)) ?? "")
            }
            continuation.yield(event)
        }
    }

    /// Raw completions do not say where a thought is; the template and the prompt do.
    private func format(_ request: EngineRequest) -> ReasoningFormat {
        guard !request.reasoning.marksThoughts, let template = backend.chatTemplateSource,
            let prompt = try? backend.decode(request.generation.prompt)
        else { return request.reasoning }
        return ReasoningFormat.detect(template: template, renderedPrompt: prompt)
    }
}

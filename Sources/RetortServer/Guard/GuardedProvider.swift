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
    /// Makes reference numbers.
    public let canaries: CanaryMint?
    /// What an operator decided about keys.
    public let measures: LiveMeasures?

    /// - Throws: `GuardError` if the policy marks and there is no key, or plants and there is no secret.
    public init(
        _ policy: GuardPolicy, keys: WatermarkKeyRing?, log: RequestLogWriter? = nil,
        canaries: CanaryMint? = nil, measures: LiveMeasures? = nil
    ) throws(GuardError) {
        guard canaries != nil || !policy.plants else {
            throw GuardError(
                "the policy puts canaries into answers and there is no secret: give one with --guard-secret FILE"
            )
        }
        guard keys != nil || !policy.marks else {
            throw GuardError(
                "the policy marks answers and there is no key: give one with --watermark KEY")
        }
        self.policy = policy
        self.keys = keys
        self.log = log
        self.canaries = canaries
        self.measures = measures
    }

    /// Whether they change or record nothing.
    public var isOpen: Bool { policy.isOpen && log == nil && measures == nil }

    /// The policy's decision, and what an operator decided since.
    func decision(key: String, route: String) -> GuardPolicy.Decision {
        var decision = policy.decision(key: key, route: route)
        if measures?.action(for: key) == .hideThoughts {
            decision.thoughts = .none
            decision.logprobs = false
        }
        return decision
    }

    /// The line that an answer gets; nil if none. What programs read gets none.
    func canary(_ request: EngineRequest, _ decision: GuardPolicy.Decision) -> String? {
        guard let canaries, request.constraint == nil, !request.source.isForPrograms,
            canaries.isPlanted(request: request.source.id, share: decision.canaries)
        else { return nil }
        return canaries.line(account: request.client)
    }

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
        let decision = rules.decision(key: client, route: route)
        var allowance = RequestAllowance()
        allowance.refusal = rules.measures?.refusal(of: client)
        allowance.logprobs = decision.logprobs
        allowance.maximumChoices = decision.maximumChoices
        return allowance
    }

    func submit(_ request: EngineRequest) throws(EngineRefusal) -> GenerationTask {
        let decision = rules.decision(key: request.client, route: request.source.route)
        var request = request
        request.generation.sampling.watermark = rules.watermark(request, decision)
        let task = try backend.submit(request)
        let filter = filter(request, decision.thoughts)
        let canary = rules.canary(request, decision)
        guard filter != nil || rules.log != nil || canary != nil else { return task }
        return task.heard(with: filter) {
            [rules, backend, id, request] filter, event, continuation in
            rules.log?.hear(event, of: request, model: id, thoughts: decision.thoughts) {
                (try? backend.decode(request.generation.prompt)) ?? ""
            }
            for event in filter?.filtered(event) ?? [event] {
                // The line ends an answer that came to its own end.
                if let canary, case .finished(.stop, _) = event {
                    continuation.yield(.rest(canary))
                }
                continuation.yield(event)
            }
        }
    }

    /// What hides the thought; nil if there is none to hide.
    private func filter(_ request: EngineRequest, _ policy: ThoughtPolicy) -> ThoughtFilter? {
        guard policy != .full else { return nil }
        let format = format(request)
        return format.marksThoughts ? ThoughtFilter(format, policy: policy) : nil
    }

    /// Raw completions do not say where a thought is; the template and the prompt do.
    private func format(_ request: EngineRequest) -> ReasoningFormat {
        guard !request.reasoning.marksThoughts, let template = backend.chatTemplateSource,
            let prompt = try? backend.decode(request.generation.prompt)
        else { return request.reasoning }
        return ReasoningFormat.detect(template: template, renderedPrompt: prompt)
    }
}

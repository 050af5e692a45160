// SPDX-License-Identifier: Apache-2.0

import RetortClient

/// One request of a plan.
public struct PlannedRequest: Sendable {
    public let prompt: PromptRecord
    /// Which answer to the prompt, from 0.
    public let sample: Int
    public let request: ChatCompletionRequest
    public let key: RequestKey
}

/// Which prompts are sent how, and how often each.
public struct CollectionPlan: Sendable {
    public let prompts: [PromptRecord]
    /// Answers to each prompt.
    public let samples: Int
    /// Model and sampling parameters; its messages go before each prompt's.
    public let template: ChatCompletionRequest
    /// Given if answers of different endpoints are to be kept apart.
    public let endpoint: ChatEndpoint?

    /// - Throws: ``DistillationError`` of kind `invalidInput` for what cannot be asked.
    public init(
        prompts: [PromptRecord], samples: Int = 1, template: ChatCompletionRequest,
        endpoint: ChatEndpoint? = nil
    ) throws(DistillationError) {
        guard !prompts.isEmpty else {
            throw DistillationError(.invalidInput, "there are no prompts; expected at least one")
        }
        guard (1...100_000).contains(samples) else {
            throw DistillationError(
                .invalidInput, "samples per prompt are \(samples); expected 1 to 100000")
        }
        guard template.count ?? 1 == 1 else {
            throw DistillationError(
                .invalidInput,
                "n is \(template.count ?? 1); expected 1, as each sample is a request of its own that"
                    + " can be kept and repeated")
        }
        self.prompts = prompts
        self.samples = samples
        self.template = template
        self.endpoint = endpoint
        do throws(ClientError) {
            try self[0].request.check()
        } catch {
            throw DistillationError(.invalidInput, error.description)
        }
    }

    public var count: Int { prompts.count * samples }

    /// All prompts once before any the second time: a run that ends early has something of each.
    public subscript(index: Int) -> PlannedRequest {
        planned(prompt: index % prompts.count, sample: index / prompts.count)
    }

    func planned(prompt index: Int, sample: Int) -> PlannedRequest {
        let prompt = prompts[index]
        var request = template
        request.messages += prompt.messages
        // With the same seed all samples would be the same.
        request.seed = template.seed.map { $0 &+ sample }
        return PlannedRequest(
            prompt: prompt, sample: sample, request: request,
            key: RequestKey(request, sample: sample, endpoint: endpoint))
    }
}

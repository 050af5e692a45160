// SPDX-License-Identifier: Apache-2.0

import RetortEngine
import RetortEvaluation
import RetortTemplates
import RetortTokenizers

/// Answers of a model in this process.
struct EngineResponseSource: ResponseSource {
    private let engine: InferenceEngine
    var watermark: WatermarkParameters?

    /// - Parameter concurrency: Requests that come at a time.
    init(_ model: ReasoningModel, concurrency: Int) throws {
        var options = InferenceEngine.Options()
        options.maximumWaiting = max(options.maximumWaiting, concurrency)
        engine = try InferenceEngine(model, options: options)
    }

    func response(to request: SampleRequest) async throws -> ModelResponse {
        let (text, tokens) = try prompt(request.prompt)
        var generation = GenerationRequest(prompt: tokens)
        generation.maximumTokens = request.sampling.maximumTokens
        generation.sampling.temperature = Float(request.sampling.temperature ?? 0)
        generation.sampling.topP = Float(request.sampling.topP ?? 1)
        generation.sampling.seed = request.seed
        generation.sampling.watermark = watermark
        var engineRequest = EngineRequest(generation)
        engineRequest.reasoning = ReasoningFormat.detect(
            template: engine.model.chatTemplateSource ?? "", renderedPrompt: text)
        let response = try engine.submit(engineRequest)
        var written = ""
        for await event in response.events {
            switch event {
            case .token(let token): written += token.text
            case .rest(let rest): written += rest
            case .failed(let error): throw error
            case .finished(.cancelled, _): throw CancellationError()
            case .finished(let reason, let usage):
                let parts = ReasoningParser.split(written, engineRequest.reasoning)
                return ModelResponse(
                    reasoning: parts.reasoning, answer: parts.answer,
                    promptTokens: usage.promptTokens, completionTokens: usage.completionTokens,
                    finishReason: reason == .length ? .length : .stop)
            case .queued, .prompt, .promptToken: break
            }
        }
        // The stream ends without an event when the task that listens is cancelled.
        throw CancellationError()
    }

    /// The prompt as the model's template has it; without a template a text is the prompt itself.
    private func prompt(_ prompt: Problem.Prompt) throws -> (text: String, tokens: [Int32]) {
        let model = engine.model
        if case .text(let text) = prompt, model.chatTemplateSource == nil {
            return (text, try model.tokenizer.encode(text, addSpecialTokens: true))
        }
        let messages = prompt.messages.map { Message(role: $0.role, content: .text($0.content)) }
        let text = try model.render(messages, thinking: true)
        // The template writes the special tokens itself.
        return (text, try model.tokenizer.encode(text, addSpecialTokens: false))
    }
}

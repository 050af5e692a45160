// SPDX-License-Identifier: Apache-2.0

import RetortClient
import RetortEvaluation

/// Answers of a server.
struct EndpointResponseSource: ResponseSource {
    let client: ChatClient
    /// As the server knows it.
    let model: String

    func response(to request: SampleRequest) async throws -> ModelResponse {
        let messages = try request.prompt.messages.map { message in
            guard let role = ChatMessage.Role(rawValue: message.role) else {
                throw CommandError(
                    "a message has the role '\(message.role)'; expected one of \(ChatMessage.Role.allCases.map(\.rawValue).joined(separator: ", "))"
                )
            }
            return ChatMessage(role, message.content)
        }
        var body = ChatCompletionRequest(model: model, messages: messages)
        body.temperature = request.sampling.temperature
        body.topP = request.sampling.topP
        body.maximumTokens = request.sampling.maximumTokens
        // Endpoints take no more than a positive Int32, some of them.
        body.seed = Int(request.seed & 0x7fff_ffff)
        let completion = try await client.complete(body)
        guard let choice = completion.choices.first else {
            throw CommandError("the endpoint gave no answer")
        }
        let reason: ModelResponse.FinishReason =
            switch choice.finishReason {
            case "stop", nil: .stop
            case "length": .length
            default: .other
            }
        return ModelResponse(
            reasoning: choice.reasoning, answer: choice.content,
            promptTokens: completion.usage?.promptTokens ?? 0,
            completionTokens: completion.usage?.completionTokens ?? 0, finishReason: reason)
    }
}

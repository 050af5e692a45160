// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Counts the answers to one request together.
public final class AnswerCount: Sendable {
    private let state: Mutex<(left: Int, usage: GenerationUsage)>

    /// - Parameter answers: That were asked for.
    public init(_ answers: Int = 1) { state = Mutex((max(1, answers), GenerationUsage())) }

    /// Takes the end of an answer.
    /// - Returns: What all have cost, once the last one has ended.
    public func end(_ usage: GenerationUsage) -> GenerationUsage? {
        state.withLock { state in
            state.left -= 1
            state.usage.promptTokens = max(state.usage.promptTokens, usage.promptTokens)
            state.usage.completionTokens += usage.completionTokens
            state.usage.reasoningTokens += usage.reasoningTokens
            return state.left == 0 ? state.usage : nil
        }
    }
}

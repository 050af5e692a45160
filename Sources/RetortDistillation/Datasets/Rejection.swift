// SPDX-License-Identifier: Apache-2.0

/// Why an answer is not in a dataset.
public enum Rejection: String, Sendable, CaseIterable {
    /// Not asked for yet.
    case notCollected = "not_collected"
    /// The endpoint cannot answer the request.
    case requestFailed = "request_failed"
    /// `finish_reason` is `length`: thought or answer was cut off.
    case cutOff = "finish_length"
    /// `finish_reason` is neither `stop` nor `length`.
    case otherFinish = "finish_other"
    case toolCalls = "tool_calls"
    case emptyAnswer = "empty_content"
    /// No thought, where one is required.
    case noReasoning = "no_reasoning"
    /// `<think>` without `</think>`.
    case unclosedThought = "unclosed_thought"
    /// It or its prompt has a passage of an evaluation set.
    case contaminated
    case wrong
    case unverifiable
    /// Correct, but the keep policy chose others.
    case notKept = "not_kept"
    case nearDuplicate = "near_duplicate"
}

// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// One question with what is needed to grade answers to it.
public struct Problem: Sendable {
    /// One message of a prompt.
    public struct Message: Sendable, Equatable {
        /// `system`, `user` or `assistant`.
        public var role: String
        public var content: String

        public init(role: String, content: String) {
            self.role = role
            self.content = content
        }
    }

    /// What the model is asked.
    public enum Prompt: Sendable, Equatable {
        /// A user's message; for a model without a chat template the text itself.
        case text(String)
        case messages([Message])

        /// The conversation.
        public var messages: [Message] {
            switch self {
            case .text(let text): return [Message(role: "user", content: text)]
            case .messages(let messages): return messages
            }
        }

        /// The words alone, as records of results have them.
        public var text: String {
            switch self {
            case .text(let text): return text
            case .messages(let messages):
                return messages.map { "\($0.role): \($0.content)" }.joined(separator: "\n\n")
            }
        }
    }

    /// Unique in its task, and the same in every run.
    public var id: String
    public var prompt: Prompt
    /// The reference answer; empty where the grader needs none.
    public var answer: String
    /// What accuracy is told apart by, such as `3x3`.
    public var difficulty: String
    public var grader: any Grader
    /// What else a grading program gets.
    public var metadata: JSONValue?

    public init(
        id: String, prompt: Prompt, answer: String, difficulty: String, grader: any Grader,
        metadata: JSONValue? = nil
    ) {
        self.id = id
        self.prompt = prompt
        self.answer = answer
        self.difficulty = difficulty
        self.grader = grader
        self.metadata = metadata
    }
}

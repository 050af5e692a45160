// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import RetortTemplates

/// How records become tokens.
public struct SampleOptions: Sendable {
    /// A token around a text.
    public enum Bound: Sendable, Equatable {
        /// What the tokenizer says: the token that it puts before a text, the one that ends a text.
        case automatic
        case none
        case token(Int32)
    }

    /// Which of the assistant's messages are trained.
    public enum Turns: String, Sendable {
        /// All, in one sample. A message that the template writes otherwise once the conversation
        /// goes on (it drops old thoughts) gets a sample of its own that ends with it.
        case all
        /// The last, in a sample that ends with it.
        case last
    }

    /// Where the template tells what the assistant wrote.
    public enum Spans: String, Sendable {
        /// `{% generation %}` blocks where the template has them, turns elsewhere.
        case automatic
        /// What follows the opened turn, its end included.
        case turns
        /// `{% generation %}` blocks alone, as transformers' `return_assistant_tokens_mask`.
        case markers
    }

    /// Before texts, and before prompts; a chat template writes its own.
    public var begin = Bound.automatic
    /// Behind texts, and behind completions that do not end with it.
    public var end = Bound.automatic
    /// Whether text may spell special tokens. Prompts, completions and chats always may.
    public var textSpellsSpecialTokens = false
    /// Longer documents are cut; nil for no limit.
    public var maximumTokens: Int?
    public var turns = Turns.all
    public var spans = Spans.automatic
    /// Further variables of the template, such as `enable_thinking`.
    public var variables = JSONObject()
    /// What the template takes for the date; nil is the clock's when the encoder is made.
    public var now: CalendarTime?

    public init() {}
}

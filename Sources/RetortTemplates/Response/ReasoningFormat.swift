// SPDX-License-Identifier: Apache-2.0
//
// Models mark their thoughts differently, and some prompts open the thought for them. A template's
// text tells which markers a model knows, the end of the rendered prompt where it starts.

/// How a model marks what it thinks, and where in that the generated text begins.
public struct ReasoningFormat: Sendable, Equatable {
    /// Where the first generated token stands.
    public enum Start: Sendable, Equatable {
        /// Nothing is open. The model writes the opening marker if it thinks.
        case outside
        /// The prompt ends with the opening marker.
        case inside
        /// The model always thinks and may leave the opening marker out: what comes before the
        /// closing marker is a thought.
        case assumed
        /// The prompt ends with the closing marker: the model was told not to think.
        case closed
    }

    /// The marker that starts a thought; empty for a model without thoughts.
    public var opening: String
    /// The marker that ends it.
    public var closing: String
    public var start: Start
    /// Whether a thought may start again within the answer. Otherwise a further marker is text.
    public var repeats: Bool

    public init(opening: String, closing: String, start: Start, repeats: Bool = false) {
        self.opening = opening
        self.closing = closing
        self.start = start
        self.repeats = repeats
    }

    /// A model without marked thoughts: all is answer.
    public static let none = ReasoningFormat(opening: "", closing: "", start: .outside)

    /// Whether the model marks thoughts.
    public var marksThoughts: Bool { !opening.isEmpty && !closing.isEmpty }

    /// Every pair of markers that `detect` knows, with who writes it.
    private static let pairs: [(opening: String, closing: String)] = [
        ("<think>", "</think>"),  // DeepSeek, Qwen, SmolLM, most others
        ("[THINK]", "[/THINK]"),  // Magistral
        ("<|START_THINKING|>", "<|END_THINKING|>"),  // Command A
        ("<|begin_of_thought|>", "<|end_of_thought|>"),  // Sky-T1, OpenThinker
        ("<seed:think>", "</seed:think>"),  // Seed-OSS
    ]

    /// The format of a model.
    /// - Parameters:
    ///   - template: The text of the model's chat template.
    ///   - renderedPrompt: What the template rendered; its end decides where generation starts.
    public static func detect(template: String, renderedPrompt: String) -> ReasoningFormat {
        let end = renderedPrompt.stripped(side: .right)
        for (opening, closing) in pairs {
            // An empty thought ends with the closing marker, so that is looked for first.
            if end.endsWith(closing) {
                return ReasoningFormat(opening: opening, closing: closing, start: .closed)
            }
            if end.endsWith(opening) {
                return ReasoningFormat(opening: opening, closing: closing, start: .inside)
            }
        }
        for (opening, closing) in pairs {
            if template.containsText(opening) {
                return ReasoningFormat(opening: opening, closing: closing, start: .outside)
            }
            // Early DeepSeek-R1 templates only cut old thoughts off at the closing marker.
            if template.containsText(closing) {
                return ReasoningFormat(opening: opening, closing: closing, start: .assumed)
            }
        }
        return .none
    }
}

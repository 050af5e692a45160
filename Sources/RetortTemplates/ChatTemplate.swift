// SPDX-License-Identifier: Apache-2.0
//
// The module's front door. Rendering agrees with transformers' `apply_chat_template`, which runs
// Jinja2 in its immutable sandbox with trim_blocks and lstrip_blocks.

import RetortJSON

/// A model's chat template (Jinja), which turns a conversation into the prompt the model was
/// trained on. Parsed once; may be rendered from many threads.
public struct ChatTemplate: Sendable {
    /// What one rendering may use. The defaults are far above what real templates need, bound a
    /// hostile one to about a second, and keep within a stack of 512 KiB.
    public struct Limits: Sendable {
        /// Longest template, in UTF-8 bytes.
        public var maximumSourceBytes: Int
        /// Deepest nesting of blocks and expressions in the template's text.
        public var maximumDepth: Int
        /// Deepest nesting while it runs, macros calling macros included.
        public var maximumEvaluationDepth: Int
        /// Operations; copying 32 bytes of text counts as one, and so does looking at 4.
        public var maximumSteps: Int
        /// Longest text, in UTF-8 bytes.
        public var maximumOutputBytes: Int

        public init(
            maximumSourceBytes: Int = 1 << 20, maximumDepth: Int = 64,
            maximumEvaluationDepth: Int = 300, maximumSteps: Int = 5_000_000,
            maximumOutputBytes: Int = 1 << 26
        ) {
            self.maximumSourceBytes = maximumSourceBytes
            self.maximumDepth = maximumDepth
            self.maximumEvaluationDepth = maximumEvaluationDepth
            self.maximumSteps = maximumSteps
            self.maximumOutputBytes = maximumOutputBytes
        }

        /// The same limits, small enough that sums of them do not overflow.
        fileprivate var clamped: Limits {
            var limits = self
            limits.maximumSteps = max(0, min(maximumSteps, 1 << 48))
            limits.maximumOutputBytes = max(0, min(maximumOutputBytes, 1 << 40))
            return limits
        }
    }

    /// A rendered conversation.
    public struct Rendering: Sendable, Equatable {
        public let text: String
        /// Where `{% generation %}` blocks stand in the text, as UTF-8 offsets: what the assistant
        /// wrote, to mask training by.
        public let generations: [Range<Int>]
    }

    public let source: String
    private let template: Template
    private let limits: Limits

    /// Parses a template.
    /// - Throws: ``TemplateError`` with the line.
    public init(_ source: String, limits: Limits = Limits()) throws(TemplateError) {
        guard source.utf8.count <= limits.maximumSourceBytes else {
            throw .limit("a template is longer than \(limits.maximumSourceBytes) bytes")
        }
        self.source = source
        self.limits = limits.clamped
        template = try Parser.template(from: source, maximumDepth: limits.maximumDepth)
    }

    /// Renders the prompt.
    /// - Parameters:
    ///   - context: The variables of the template: `messages`, `tools`, `documents`,
    ///     `add_generation_prompt`, `bos_token`, `eos_token`, `enable_thinking` and what else the
    ///     model's template knows. transformers always passes `tools` and `documents`, null if none.
    ///   - now: What `strftime_now` tells; the machine's local time if nil.
    /// - Throws: ``TemplateError``, also for a conversation that the template refuses.
    public func render(_ context: JSONObject, now: CalendarTime? = nil) throws(TemplateError)
        -> String
    {
        try rendering(context, now: now).text
    }

    /// Renders the prompt and tells which parts the assistant wrote.
    public func rendering(_ context: JSONObject, now: CalendarTime? = nil) throws(TemplateError)
        -> Rendering
    {
        let interpreter = try Interpreter(
            template, context: context, now: now ?? .current(), limits: limits)
        try interpreter.render()
        return Rendering(
            text: String(decoding: interpreter.output, as: UTF8.self),
            generations: interpreter.generations)
    }
}

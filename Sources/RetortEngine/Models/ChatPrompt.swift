// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import RetortTemplates
import RetortTokenizers

/// A chat template with the variables that the tokenizer supplies.
package struct ChatPrompt: Sendable {
    private let name: String
    /// The template's text, nil if the checkpoint has none.
    package let source: String?
    private let template: ChatTemplate?
    private let variables: [(key: String, value: String)]

    package init(name: String, template source: String?, tokenizer: Tokenizer?) throws {
        self.name = name
        self.source = source
        template = try source.map { text throws(TemplateError) in try ChatTemplate(text) }
        variables = [("bos_token", tokenizer?.bosID), ("eos_token", tokenizer?.eosID)].map {
            (key: $0.0, value: $0.1.flatMap { tokenizer?.decode([$0]) } ?? "")
        }
    }

    /// - Throws: ``EngineError`` if there is no template, `TemplateError` if it fails.
    package func render(_ context: JSONObject) throws -> String {
        guard let template else { throw missingTemplate }
        var context = context
        for (key, value) in variables where context[key] == nil { context[key] = .string(value) }
        // transformers passes these two even where there are none.
        for key in ["tools", "documents"] where context[key] == nil { context[key] = .null }
        if context["add_generation_prompt"] == nil { context["add_generation_prompt"] = true }
        return try template.render(context)
    }

    /// Renders messages in the shape that the template reads.
    /// - Throws: As ``render(_:)``.
    package func render(
        _ messages: [Message], tools: [JSONValue]?, addGenerationPrompt: Bool, thinking: Bool?,
        variables others: JSONObject
    ) throws -> String {
        guard let template else { throw missingTemplate }
        var all = others
        for (key, value) in variables where all[key] == nil { all[key] = .string(value) }
        return try template.render(
            messages, tools: tools, addGenerationPrompt: addGenerationPrompt, thinking: thinking,
            variables: all)
    }

    private var missingTemplate: EngineError {
        EngineError(
            "\(name) has no chat template, so it is not a chat model; give one with --template FILE"
        )
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Parts of a model without its weights.

import RetortFormats
import RetortJSON
import RetortTemplates
import RetortTokenizers

extension ReasoningModel {
    /// The tokenizer of a GGUF file or a Hugging Face directory, or a tokenizer.json by itself.
    public static func tokenizer(path: String) throws -> Tokenizer {
        if path.hasSuffix(".json") {
            return try Tokenizer(tokenizerJSON: try ModelFiles.json(at: path), config: nil)
        }
        return try ModelFiles(path: path).requiredTokenizer()
    }

    /// What the model's chat template makes of `context`, see ``render(_:)``.
    public static func render(path: String, _ context: JSONObject) throws -> String {
        let files = try ModelFiles(path: path)
        return try ChatPrompt(
            name: path, template: try files.chatTemplate(), tokenizer: try files.tokenizer()
        ).render(context)
    }
}

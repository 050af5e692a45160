// SPDX-License-Identifier: Apache-2.0
//
// How models write calls of functions. Tools reach a model through its chat template and nothing
// else, so the template's text tells the format; a model whose template has no tools gets none.

/// How a model writes tool calls.
public enum ToolCallFormat: String, Sendable, CaseIterable {
    /// The model calls nothing; all text is content.
    case none
    /// `<tool_call>` around `{"name": …, "arguments": {…}}`: Hermes, Qwen 2.5 and 3.
    case hermes
    /// `<｜tool▁call▁begin｜>function<｜tool▁sep｜>NAME`, then the arguments as a block of code:
    /// DeepSeek R1 and V3, and their distillations.
    case deepSeekR1 = "deepseek-r1"
    /// `<｜tool▁call▁begin｜>NAME<｜tool▁sep｜>{…}`: DeepSeek V3.1.
    case deepSeekV31 = "deepseek-v3.1"
    /// `<function=NAME>` with `<parameter=KEY>` for each argument, not as JSON: Qwen3-Coder.
    case qwen3Coder = "qwen3-coder"
    /// `{"name": …, "parameters": {…}}` alone, also after `<|python_tag|>`: Llama 3.1 and later.
    case llama3

    /// The format that a chat template teaches.
    public static func detect(template: String) -> ToolCallFormat {
        if template.containsText("<｜tool▁sep｜>") {
            return template.containsText("```json") ? .deepSeekR1 : .deepSeekV31
        }
        if template.containsText("<function="), template.containsText("<parameter=") {
            return .qwen3Coder
        }
        // GLM has the same outer marker and tags within.
        if template.containsText("<tool_call>") {
            return template.containsText("<arg_key>") ? .none : .hermes
        }
        if template.containsText("<|start_header_id|>"), template.containsText("\"parameters\": ") {
            return .llama3
        }
        return .none
    }
}

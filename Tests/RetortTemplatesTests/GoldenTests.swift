// SPDX-License-Identifier: Apache-2.0
//
// Agreement with Jinja2 as transformers sets it up. Fixtures: Tools/make_template_fixtures.py.

import Foundation
import RetortJSON
import RetortTemplates
import TestSupport
import Testing

/// 24 November 2026, the day on which the fixtures were made.
let fixtureTime = CalendarTime(year: 2026, month: 11, day: 24, hour: 9, minute: 5, second: 3)

func fixtureJSON(_ name: String) throws -> JSONValue {
    try JSONValue(parsing: try Data(contentsOf: fixture(name)))
}

@Suite struct GoldenTests {
    static let templates = [
        "HuggingFaceTB-SmolLM3-3B", "NousResearch-Hermes-3-Llama-3.1-8B-tool_use", "Qwen-QwQ-32B",
        "Qwen-Qwen2.5-7B-Instruct", "Qwen-Qwen3-0.6B", "deepseek-ai-DeepSeek-R1-Distill-Llama-8B",
        "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", "deepseek-ai-DeepSeek-V3.1",
        "google-gemma-2-2b-it", "meta-llama-Llama-3.1-8B-Instruct",
        "meta-llama-Llama-3.2-3B-Instruct", "microsoft-Phi-3.5-mini-instruct",
        "mistralai-Mistral-Nemo-Instruct-2407",
    ]

    @Test(
        "each model's template renders each conversation as transformers does", arguments: templates
    )
    func conversations(name: String) throws {
        let file = "\(name).jinja"
        let source = try String(contentsOf: fixture("templates/\(file)"), encoding: .utf8)
        let template = try ChatTemplate(source)
        let fixtures = try fixtureJSON("conversations.json")
        let contexts = try #require(fixtures["contexts"]?.objectValue)
        let renderings = try #require(fixtures["renderings"]?[file]?.objectValue)
        #expect(renderings.count >= 8)
        for rendering in renderings.members {
            let context = try #require(contexts[rendering.key]?.objectValue)
            let result = Result { try template.render(context, now: fixtureTime) }
            expect(result, agreesWith: rendering.value, rendering.key)
        }
    }

    @Test("small templates render as Jinja2 renders them or fail where it fails")
    func snippets() throws {
        let fixtures = try fixtureJSON("snippets.json")
        let context = try #require(fixtures["context"]?.objectValue)
        let snippets = try #require(fixtures["snippets"]?.arrayValue)
        #expect(snippets.count > 1000)
        for snippet in snippets {
            let source = try #require(snippet["source"]?.stringValue)
            let result = Result { try ChatTemplate(source).render(context, now: fixtureTime) }
            expect(result, agreesWith: snippet, source)
        }
    }

    private func expect(
        _ result: Result<String, any Error>, agreesWith expected: JSONValue, _ name: String
    ) {
        switch result {
        case .success(let text):
            guard let wanted = expected["text"]?.stringValue else {
                Issue.record("\(name): rendered \(text), Jinja2 fails with \(expected.text())")
                return
            }
            if !text.utf8.elementsEqual(wanted.utf8) {
                Issue.record("\(name): rendered\n\(text)\nnot\n\(wanted)")
            }
        case .failure(let error):
            let error = error as? TemplateError
            if expected["text"] != nil {
                Issue.record(
                    "\(name): \(error?.description ?? "") where Jinja2 renders \(expected.text())")
            } else if let message = expected["raised"]?.stringValue {
                #expect(error?.kind == .raised && error?.message == message, "\(name)")
            } else {
                #expect(error?.kind != .raised, "\(name)")
            }
        }
    }

    @Test("what the assistant wrote is told as byte ranges of the text")
    func generations() throws {
        let fixtures = try #require(try fixtureJSON("snippets.json")["generation"])
        let template = try ChatTemplate(try #require(fixtures["source"]?.stringValue))
        let rendering = try template.rendering(try #require(fixtures["context"]?.objectValue))
        #expect(rendering.text == fixtures["text"]?.stringValue)
        let spans = fixtures["spans"]?.arrayValue?.map { $0.arrayValue?.compactMap(\.intValue) }
        #expect(rendering.generations.map { [$0.lowerBound, $0.upperBound] } == spans)
    }
}

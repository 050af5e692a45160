// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import RetortTemplates
import TestSupport
import Testing

@Suite struct ReasoningParserTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let format: ReasoningFormat
        let text: String
        let reasoning: String
        let answer: String
        var testDescription: String { name }
    }

    static func think(_ start: ReasoningFormat.Start, repeats: Bool = false) -> ReasoningFormat {
        ReasoningFormat(opening: "<think>", closing: "</think>", start: start, repeats: repeats)
    }

    static let cases = [
        Case(
            name: "the model opens and closes", format: think(.outside),
            text: "<think>\nHm, 1 < 2.\n\nSo?\n</think>\n\nTwo.\n", reasoning: "Hm, 1 < 2.\n\nSo?",
            answer: "Two.\n"),
        Case(
            name: "the prompt opened", format: think(.inside), text: "I see.\n</think>\n\nYes",
            reasoning: "I see.", answer: "Yes"),
        Case(
            name: "the prompt opened and the model opens again", format: think(.inside),
            text: "\n<think>\nI see.</think>Yes", reasoning: "I see.", answer: "Yes"),
        Case(
            name: "the opening is left out", format: think(.assumed),
            text: "Okay, so…\n</think>\n\nDone", reasoning: "Okay, so…", answer: "Done"),
        Case(
            name: "the opening may be left out and is not", format: think(.assumed),
            text: " <think>a</think>b", reasoning: "a", answer: "b"),
        Case(
            name: "no thought where one may come", format: think(.outside), text: "\n Just <this>.",
            reasoning: "", answer: "\n Just <this>."),
        Case(
            name: "an empty thought", format: think(.outside),
            text: "<think>\n\n</think>\n\nHi", reasoning: "", answer: "Hi"),
        Case(
            name: "an unfinished thought", format: think(.outside), text: "<think>\nOn and on\n",
            reasoning: "On and on", answer: ""),
        Case(
            name: "an unfinished thought that ends within a marker", format: think(.inside),
            text: "a\n</thin", reasoning: "a\n</thin", answer: ""),
        Case(
            name: "the prompt closed the thought", format: think(.closed),
            text: "\n\nAn <think>answer</think>", reasoning: "",
            answer: "An <think>answer</think>"),
        Case(
            name: "markers in the answer's code are text", format: think(.outside),
            text: "<think>x</think>\n```\n<think>y</think>\n```",
            reasoning: "x", answer: "```\n<think>y</think>\n```"),
        Case(
            name: "thoughts that may repeat", format: think(.outside, repeats: true),
            text: "<think>a</think>b<think>\nc\n</think>\nd</think", reasoning: "ac",
            answer: "bd</think"),
        Case(
            name: "a closing marker without opening is text", format: think(.outside),
            text: "a</think>b", reasoning: "", answer: "a</think>b"),
        Case(
            name: "almost markers in the thought", format: think(.inside),
            text: "</</think</ think><</think>>\nok", reasoning: "</</think</ think><",
            answer: ">\nok"),
        Case(
            name: "line breaks within and around", format: think(.inside),
            text: "\r\n\na\n\n\nb\r\n\n</think>\r\n\r\n\nc\n\n", reasoning: "a\n\n\nb",
            answer: "c\n\n"),
        Case(
            name: "Magistral",
            format: .init(opening: "[THINK]", closing: "[/THINK]", start: .outside),
            text: "[THINK][1] and [/THIN]K][/THINK]Bye [THINK]",
            reasoning: "[1] and [/THIN]K]", answer: "Bye [THINK]"),
        Case(
            name: "characters of several scalars", format: think(.outside),
            text: "<think>👩‍🚀e\u{301}</think>\u{301}é日本", reasoning: "👩‍🚀e\u{301}",
            answer: "\u{301}é日本"),
        Case(
            name: "a model without thoughts", format: .none, text: "\n<think>a</think>",
            reasoning: "", answer: "\n<think>a</think>"),
        Case(name: "no text", format: think(.outside), text: "", reasoning: "", answer: ""),
        Case(
            name: "white space only", format: think(.outside), text: " \n", reasoning: "",
            answer: " \n"),
        Case(
            name: "only an opening", format: think(.outside), text: "<think>", reasoning: "",
            answer: ""),
        Case(
            name: "part of an opening", format: think(.outside), text: "<thi", reasoning: "",
            answer: "<thi"),
    ]

    /// What the parser makes of pieces: both texts and whether kinds are in order.
    private func parse(_ pieces: [String], _ format: ReasoningFormat) -> (String, String) {
        var parser = ReasoningParser(format)
        var reasoning = ""
        var answer = ""
        for segment in pieces.flatMap({ parser.append($0) }) + parser.finish() {
            switch segment {
            case .reasoning(let text):
                #expect(!text.isEmpty)
                #expect(answer.isEmpty || format.repeats)
                reasoning += text
            case .answer(let text):
                #expect(!text.isEmpty)
                answer += text
            }
        }
        return (reasoning, answer)
    }

    private func expect(_ pieces: [String], _ example: Case) {
        let (reasoning, answer) = parse(pieces, example.format)
        #expect(reasoning.utf8.elementsEqual(example.reasoning.utf8), "\(pieces): \(reasoning)")
        #expect(answer.utf8.elementsEqual(example.answer.utf8), "\(pieces): \(answer)")
    }

    private func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    @Test("a text splits the same however it arrives", arguments: cases)
    func everySplit(example: Case) {
        let scalars = Array(example.text.unicodeScalars)
        expect([example.text], example)
        expect(scalars.map { String($0) }, example)
        for first in 0...scalars.count {
            for second in first...scalars.count {
                expect(
                    [
                        text(scalars[..<first]), text(scalars[first..<second]),
                        text(scalars[second...]),
                    ], example)
            }
        }
    }

    @Test("text is handed out as soon as it is certain")
    func promptness() {
        var parser = ReasoningParser(Self.think(.inside))
        #expect(parser.isReasoning)
        #expect(parser.append("a") == [.reasoning("a")])
        #expect(parser.append("b\n<") == [.reasoning("b")])
        #expect(parser.append("c\n</thi") == [.reasoning("\n<c")])
        #expect(parser.append("nk>\n") == [])
        #expect(!parser.isReasoning)
        #expect(parser.append("\nd<think") == [.answer("d<think")])
        #expect(parser.finish() == [])
    }

    @Test("a whole text splits at once")
    func whole() {
        let (reasoning, answer) = ReasoningParser.split("<think>a</think>b", Self.think(.outside))
        #expect(reasoning == "a")
        #expect(answer == "b")
    }
}

@Suite struct ReasoningFormatTests {
    @Test(
        "each model's template and prompt tell how it thinks",
        arguments: [
            ("deepseek-ai-DeepSeek-R1-Distill-Llama-8B", true, .inside),
            ("deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", true, .inside),
            ("deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", false, .closed),
            ("deepseek-ai-DeepSeek-V3.1", true, .inside),
            ("deepseek-ai-DeepSeek-V3.1", false, .closed),
            ("deepseek-ai-DeepSeek-V3.1", nil, .closed),
            ("Qwen-Qwen3-0.6B", nil, .outside),
            ("Qwen-Qwen3-0.6B", true, .outside),
            ("Qwen-Qwen3-0.6B", false, .closed),
            ("Qwen-QwQ-32B", true, .inside),
            ("Qwen-QwQ-32B", false, .closed),
            ("HuggingFaceTB-SmolLM3-3B", nil, .outside),
            ("HuggingFaceTB-SmolLM3-3B", false, .closed),
            ("Qwen-Qwen2.5-7B-Instruct", true, nil),
            ("google-gemma-2-2b-it", true, nil),
            ("meta-llama-Llama-3.1-8B-Instruct", true, nil),
            ("meta-llama-Llama-3.2-3B-Instruct", true, nil),
            ("microsoft-Phi-3.5-mini-instruct", true, nil),
            ("mistralai-Mistral-Nemo-Instruct-2407", true, nil),
        ] as [(String, Bool?, ReasoningFormat.Start?)])
    func detection(name: String, thinking: Bool?, start: ReasoningFormat.Start?) throws {
        let source = try String(
            contentsOf: fixture("templates/\(name).jinja"), encoding: .utf8)
        let prompt = try ChatTemplate(source).render(
            [.user("What does <think> mean?")], thinking: thinking, now: fixtureTime)
        let format = ReasoningFormat.detect(template: source, renderedPrompt: prompt)
        #expect(format.marksThoughts == (start != nil))
        if let start {
            #expect(format.start == start)
            #expect(format.opening == "<think>")
        }
    }

    @Test("a template that only cuts old thoughts off is of the R1 kind")
    func earlyR1() {
        let format = ReasoningFormat.detect(
            template: "{{ content.split('</think>')[-1] }}", renderedPrompt: "<｜Assistant｜>")
        #expect(format.start == .assumed)
    }

    @Test("Magistral's markers are known")
    func magistral() {
        let format = ReasoningFormat.detect(
            template: "{{ '[THINK]' + thought + '[/THINK]' }}", renderedPrompt: "[/INST]")
        #expect(format == ReasoningFormat(opening: "[THINK]", closing: "[/THINK]", start: .outside))
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// From tokens to thought and answer: detokenised without half characters, cut at stop strings,
// split by the model's reasoning marks. A value without I/O.

import RetortTemplates
import RetortTokenizers

/// The text of a response while its tokens arrive.
struct ResponseText {
    private var detokenizer: StreamingDetokenizer
    private var stops: StopMatcher
    private var parser: ReasoningParser
    private var response = ChatResponse()
    private var reasoningTokens = 0

    init(model: ReasoningModel, prompt: String, stopStrings: [String]) throws {
        let format = ReasoningFormat.detect(
            template: model.chatTemplateSource ?? "", renderedPrompt: prompt)
        // Reasoning marks may be special tokens, so these are not skipped: stop tokens never get here.
        detokenizer = StreamingDetokenizer(try model.tokenizer, skipSpecialTokens: false)
        stops = StopMatcher(stops: stopStrings)
        parser = ReasoningParser(format)
    }

    /// - Returns: Whether to go on.
    mutating func append(_ token: Int32, _ onEvent: (ChatEvent) -> Void) -> Bool {
        if parser.isReasoning { reasoningTokens += 1 }
        take(stops.append(detokenizer.append(token)), onEvent)
        return !stops.isStopped
    }

    mutating func finish(
        _ reason: FinishReason, _ usage: GenerationUsage, _ onEvent: (ChatEvent) -> Void
    ) -> ChatResponse {
        take(stops.append(detokenizer.finish()), onEvent)
        take(stops.finish(), onEvent)
        take(parser.finish(), onEvent)
        response.finishReason = reason
        response.usage = usage
        response.usage.reasoningTokens = reasoningTokens
        return response
    }

    private mutating func take(_ text: String, _ onEvent: (ChatEvent) -> Void) {
        if !text.isEmpty { take(parser.append(text), onEvent) }
    }

    private mutating func take(
        _ segments: [ReasoningParser.Segment], _ onEvent: (ChatEvent) -> Void
    ) {
        for segment in segments {
            switch segment {
            case .reasoning(let text):
                response.reasoning += text
                onEvent(.reasoning(text))
            case .answer(let text):
                response.answer += text
                onEvent(.answer(text))
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import RetortJSON

/// The fields that decoders ask for, to compare with the description.
package enum RequestFields {
    /// By the name of the request's schema.
    package static func accepted() throws -> [String: Set<String>] {
        let message: JSONValue = [["role": "user", "content": "x"]]
        let tool: JSONValue = [["type": "function", "name": "f", "function": ["name": "f"]]]
        let anthropicTool: JSONValue = [["name": "f", "input_schema": [:]]]
        return [
            "ChatRequest": try names(["messages": message, "tools": tool]) {
                _ = try ChatRequest($0)
            },
            "CompletionRequest": try names(["prompt": "x"]) { _ = try CompletionRequest($0) },
            "EmbeddingRequest": try names(["input": "x"]) { _ = try EmbeddingRequest($0) },
            "ResponsesRequest": try names(["input": "x", "tools": tool]) {
                _ = try ResponsesRequest($0)
            },
            "MessagesRequest": try names(
                ["messages": message, "max_tokens": 1, "tools": anthropicTool]
            ) { _ = try MessagesRequest($0) },
            "CountTokensRequest": try names(["messages": message]) {
                _ = try MessagesRequest($0, needsLimit: false)
            },
            "TokenizeRequest": try names(["prompt": "x"]) { _ = try TokenizeRequest($0) },
            "DetectRequest": try names(["text": "x"]) { _ = try DetectRequest($0) },
            "CorpusSearchRequest": try names(["text": "x"]) { _ = try CorpusSearchRequest($0) },
            "CorpusTraceRequest": try names(["text": "x"]) { _ = try CorpusTraceRequest($0) },
            "DetokenizeRequest": try names(["tokens": []]) { _ = try DetokenizeRequest($0) },
        ]
    }

    private static func names(_ body: JSONValue, _ decode: (Fields) throws -> Void) throws -> Set<
        String
    > {
        let log = FieldLog()
        try decode(Fields(body.objectValue ?? JSONObject(), log: log))
        return Set(log.all)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortClient
import RetortDistillation
import RetortJSON
import TestSupport
import Testing

@Suite("Under what requests are kept")
struct RequestKeyTests {
    private static func request(_ json: JSONValue) throws -> ChatCompletionRequest {
        var request = ChatCompletionRequest(model: json["model"]?.stringValue ?? "", messages: [])
        for member in try #require(json.objectValue).members {
            let value = member.value
            switch member.key {
            case "model": break
            case "messages":
                request.messages = try #require(value.arrayValue).map {
                    ChatMessage(
                        try #require(ChatMessage.Role(rawValue: $0["role"]?.stringValue ?? "")),
                        $0["content"]?.stringValue ?? "")
                }
            case "temperature": request.temperature = value.doubleValue
            case "top_p": request.topP = value.doubleValue
            case "max_tokens": request.maximumTokens = value.intValue
            case "seed": request.seed = value.intValue
            case "stop": request.stop = (value.arrayValue ?? []).compactMap(\.stringValue)
            case "logprobs": request.logprobs = value.boolValue
            case "top_logprobs": request.topLogprobs = value.intValue
            default: request.extra[member.key] = value
            }
        }
        return request
    }

    @Test("The hashes are those that Python makes")
    func reference() throws {
        let cases = try JSONValue(parsing: Data(contentsOf: fixture("request-keys.json")))
        for item in try #require(cases.arrayValue) {
            let request = try Self.request(try #require(item["request"]))
            let key = RequestKey(request, sample: try #require(item["sample"]?.intValue))
            #expect(key.hash == item["hash"]?.stringValue)
        }
    }

    private static let base: ChatCompletionRequest = {
        var request = ChatCompletionRequest(model: "m", messages: [ChatMessage(.user, "q")])
        request.maximumTokens = 100
        request.extra = JSONObject([("a", 1), ("b", ["x": 1, "y": 2])])
        return request
    }()

    @Test("Order of members, spelling of numbers and the name of the limit change nothing")
    func same() {
        var other = Self.base
        other.extra = JSONObject([("b", ["y": 2.0, "x": 1]), ("a", 1.0)])
        other.tokenLimitField = .maxCompletionTokens
        #expect(RequestKey(other, sample: 0).hash == RequestKey(Self.base, sample: 0).hash)
    }

    private static let changes: [@Sendable (inout ChatCompletionRequest) -> Void] = [
        { $0.model = "n" }, { $0.messages[0].content = "Q" }, { $0.messages[0].role = .system },
        { $0.temperature = 0 }, { $0.topP = 1 }, { $0.maximumTokens = 101 }, { $0.seed = 0 },
        { $0.stop = ["x"] }, { $0.logprobs = false },
        {
            $0.extra["c"] = nil; $0.extra["a"] = 2
        },
        { $0.extra["c"] = .null }, { $0.messages.append(ChatMessage(.user, "")) },
        { $0.messages[0].content = "\u{212B}" }, { $0.messages[0].content = "\u{C5}" },
    ]

    @Test("Whatever decides the answer changes the hash")
    func different() throws {
        var hashes: Set = [
            RequestKey(Self.base, sample: 0).hash, RequestKey(Self.base, sample: 1).hash,
            RequestKey(
                Self.base, sample: 0, endpoint: try ChatEndpoint(parsing: "https://a.org")
            ).hash,
        ]
        for change in Self.changes {
            var other = Self.base
            change(&other)
            hashes.insert(RequestKey(other, sample: 0).hash)
        }
        #expect(hashes.count == 3 + Self.changes.count)
    }
}

// SPDX-License-Identifier: Apache-2.0

import RetortJSON

extension TrafficSimulator {
    /// Keys for a log: some of each honest kind, some of each kind of extraction at each share, and the accounts of a cluster.
    ///
    /// Names say nothing of what a key is.
    public func keys(
        honest: Int, extracting: Int, shares: [Double], accounts: Int, requests: Int
    ) -> [Key] {
        var random = SeededGenerator(seed: seed, 42)
        var keys: [Key] = []
        func name() -> String { "key-" + String(random.next(), radix: 36) }
        for kind in TrafficKind.benign {
            for index in 0..<honest {
                keys.append(
                    Key(
                        name: name(), benign: kind, requests: requests,
                        group: kind == .classroom ? seed &+ UInt64(index / 30) : nil))
            }
        }
        for kind in TrafficKind.extraction {
            for share in shares {
                for _ in 0..<extracting {
                    let beside = TrafficKind.benign[random.below(TrafficKind.benign.count)]
                    keys.append(
                        Key(
                            name: name(), benign: beside, extraction: kind, share: share,
                            requests: requests))
                }
            }
        }
        for _ in 0..<accounts {
            let beside = TrafficKind.benign[random.below(TrafficKind.benign.count)]
            keys.append(
                Key(
                    name: name(), benign: beside, extraction: .hydra, share: 0.5,
                    requests: random.between(8, 40), group: seed &+ 1_000_000))
        }
        return keys
    }

    /// Calls `body` with the lines of a log in the order of time. Holds the whole log in memory.
    /// - Parameter gateway: Whether they are LiteLLM's, with texts.
    public func forEachLine(
        of keys: [Key], gateway: Bool = false, _ body: (String) throws -> Void
    ) rethrows {
        var lines: [(time: Double, line: String)] = []
        let sketcher = RequestSketcher(secret: secret)
        for key in keys {
            forEachDraft(of: key) { draft, record in
                if gateway {
                    lines.append((record.time, Self.gatewayLine(draft, record)))
                    return
                }
                var record = record
                record.sketch = sketcher.sketch(
                    system: draft.system, user: draft.user, turns: draft.turns)
                lines.append((record.time, record.line))
            }
        }
        lines.sort { $0.time < $1.time }
        for line in lines { try body(line.line) }
    }

    private static func gatewayLine(_ draft: TrafficDraft, _ record: RequestRecord) -> String {
        var messages: [JSONValue] = []
        if let system = draft.system {
            messages.append(["role": "system", "content": .string(system)])
        }
        for _ in 1..<max(2, min(draft.turns, 50)) where draft.turns > 1 {
            messages.append(["role": "user", "content": "…"])
            messages.append(["role": "assistant", "content": "…"])
        }
        messages.append(["role": "user", "content": .string(draft.user)])
        var parameters: [(String, JSONValue)] = [("stream", .bool(draft.isStream))]
        if let value = draft.temperature { parameters.append(("temperature", .double(value))) }
        if let value = draft.topP { parameters.append(("top_p", .double(value))) }
        if let value = draft.maxTokens {
            parameters.append(("max_tokens", .integer(Int64(value))))
        }
        if draft.n > 1 { parameters.append(("n", .integer(Int64(draft.n)))) }
        if let value = draft.logprobs {
            parameters.append(("logprobs", true))
            parameters.append(("top_logprobs", .integer(Int64(value))))
        }
        let metadata: JSONValue = [
            "user_api_key_hash": .string(record.key), "user_api_key_user_id": nil,
            "user_api_key_team_id": nil,
            "requester_ip_address": .string(String(record.address ?? 0, radix: 16)),
            "usage_object": [
                "completion_tokens_details": [
                    "reasoning_tokens": .integer(Int64(record.reasoningTokens))
                ]
            ],
        ]
        return JSONValue.object(
            JSONObject([
                ("id", .string(record.id)), ("call_type", "acompletion"),
                ("status", "success"), ("startTime", .double(record.time)),
                ("model", .string(record.model)),
                ("prompt_tokens", .integer(Int64(record.promptTokens))),
                ("completion_tokens", .integer(Int64(record.completionTokens))),
                ("metadata", metadata), ("messages", .array(messages)),
                ("model_parameters", .object(JSONObject(parameters))),
            ])
        ).text()
    }
}

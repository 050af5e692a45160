// SPDX-License-Identifier: Apache-2.0
//
// LiteLLM's StandardLoggingPayload, one object a line: https://docs.litellm.ai/docs/proxy/logging_spec

import RetortJSON

/// Reads records of LiteLLM's log.
struct GatewayRecord {
    private var record = RequestRecord(id: "", time: .nan, key: "", sketch: RequestSketch())
    private var names: [JSONValue?] = [nil, nil, nil, nil]
    private var address: String?
    private var messages = JSONValue.null

    /// Whether an object may be one.
    static func isOne(_ object: JSONObject) -> Bool {
        object.members.contains { $0.key == "startTime" }
            || object.members.contains { $0.key == "call_type" }
    }

    /// - Returns: nil for what is missing, named in `problem`.
    static func read(
        _ object: JSONObject, _ sketcher: RequestSketcher, keepsText: Bool, problem: inout String
    ) -> RequestRecord? {
        var reader = GatewayRecord()
        for member in object.members { reader.take(member) }
        return reader.finish(sketcher, keepsText: keepsText, problem: &problem)
    }

    private mutating func take(_ member: JSONObject.Member) {
        let value = member.value
        switch member.key {
        case "id": record.id = RequestRecord.short(value) ?? ""
        case "startTime": record.time = Self.time(value)
        case "call_type": record.route = RequestRecord.short(value) ?? ""
        case "model": record.model = RequestRecord.short(value) ?? ""
        case "prompt_tokens": record.promptTokens = RequestRecord.count(value)
        case "completion_tokens": record.completionTokens = RequestRecord.count(value)
        case "stream": record.isStream = value.boolValue ?? false
        case "end_user": names[3] = value
        case "requester_ip_address": address = value.stringValue ?? address
        case "messages": messages = value
        case "metadata": takeMetadata(value.objectValue ?? JSONObject())
        case "model_parameters": takeParameters(value.objectValue ?? JSONObject())
        default: break
        }
    }

    private mutating func takeMetadata(_ object: JSONObject) {
        for member in object.members {
            switch member.key {
            case "user_api_key_hash": names[0] = member.value
            case "user_api_key_user_id": names[1] = member.value
            case "user_api_key_team_id":
                names[2] = member.value
                record.organisation = record.organisation ?? RequestRecord.short(member.value)
            case "user_api_key_org_id":
                record.organisation = RequestRecord.short(member.value) ?? record.organisation
            case "user_api_key_end_user_id": names[3] = names[3] ?? member.value
            case "requester_ip_address": address = address ?? member.value.stringValue
            case "user_agent": record.userAgent = RequestRecord.short(member.value)
            case "usage_object": takeUsage(member.value)
            default: break
            }
        }
    }

    private mutating func takeUsage(_ value: JSONValue) {
        if let tokens = value["completion_tokens_details"]?["reasoning_tokens"] {
            record.reasoningTokens = RequestRecord.count(tokens)
        }
    }

    private mutating func takeParameters(_ object: JSONObject) {
        for member in object.members {
            let value = member.value
            switch member.key {
            case "temperature": record.temperature = value.doubleValue
            case "top_p": record.topP = value.doubleValue
            case "max_tokens", "max_completion_tokens":
                if !value.isNull { record.maxTokens = RequestRecord.count(value) }
            case "n": record.n = max(1, RequestRecord.count(value))
            case "top_logprobs":
                if !value.isNull { record.logprobs = RequestRecord.count(value) }
            case "logprobs":
                if value.boolValue == true { record.logprobs = record.logprobs ?? 0 }
            case "stream": record.isStream = value.boolValue ?? record.isStream
            default: break
            }
        }
    }

    private mutating func finish(
        _ sketcher: RequestSketcher, keepsText: Bool, problem: inout String
    ) -> RequestRecord? {
        // Without a key, whoever else the gateway names.
        let prefixes = ["", "user:", "team:", "end-user:"]
        for (prefix, name) in zip(prefixes, names) where record.key.isEmpty {
            if let name = name.flatMap(RequestRecord.short), !name.isEmpty {
                record.key = prefix + name
            }
        }
        if let address, !address.isEmpty { record.address = sketcher.secret.address(address) }
        let conversation = Conversation(messages)
        guard conversation.turns > 0 else {
            problem = "messages"
            return nil
        }
        record.sketch = sketcher.sketch(
            system: conversation.system, user: conversation.user, turns: conversation.turns)
        if keepsText { record.text = conversation.user }
        return record.isComplete(hasSketch: true, problem: &problem) ? record : nil
    }

    /// Seconds since 1970, or an ISO 8601 date and time.
    private static func time(_ value: JSONValue) -> Double {
        if let seconds = value.doubleValue { return seconds }
        return value.stringValue.flatMap(TimeText.seconds) ?? .nan
    }
}

/// The parts of a conversation that a sketch is made of.
struct Conversation {
    var system: String?
    var user = ""
    var turns = 0

    /// - Parameter messages: A string, or messages with contents that are strings or parts with `text`.
    init(_ messages: JSONValue) {
        if let text = messages.stringValue {
            user = text
            turns = 1
            return
        }
        for message in messages.arrayValue ?? messages["messages"]?.arrayValue ?? [] {
            switch message["role"]?.stringValue {
            case "system", "developer": system = system ?? Self.text(message["content"])
            case "user":
                user = Self.text(message["content"])
                turns += 1
            default: break
            }
        }
    }

    private static func text(_ content: JSONValue?) -> String {
        guard let parts = content?.arrayValue else { return content?.stringValue ?? "" }
        return parts.compactMap { $0["text"]?.stringValue }.joined(separator: "\n")
    }
}

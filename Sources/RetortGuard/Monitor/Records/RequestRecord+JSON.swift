// SPDX-License-Identifier: Apache-2.0

import RetortJSON

extension RequestRecord {
    static let version: Int64 = 1

    /// The record as a line of a log, without its line feed.
    public var line: String {
        var members: [(String, JSONValue)] = [
            ("retort_request", .integer(Self.version)), ("id", .string(id)),
            ("time", .double(time)), ("key", .string(key)),
        ]
        if let organisation { members.append(("organisation", .string(organisation))) }
        if let address { members.append(("address", .string(String(address, radix: 16)))) }
        if let userAgent { members.append(("user_agent", .string(userAgent))) }
        members += [
            ("route", .string(route)), ("model", .string(model)),
            ("prompt_tokens", .integer(Int64(promptTokens))),
            ("completion_tokens", .integer(Int64(completionTokens))),
            ("reasoning_tokens", .integer(Int64(reasoningTokens))),
        ]
        if let temperature, temperature.isFinite {
            members.append(("temperature", .double(temperature)))
        }
        if let topP, topP.isFinite { members.append(("top_p", .double(topP))) }
        if let maxTokens { members.append(("max_tokens", .integer(Int64(maxTokens)))) }
        if n != 1 { members.append(("n", .integer(Int64(n)))) }
        if let logprobs { members.append(("logprobs", .integer(Int64(logprobs)))) }
        if isStream { members.append(("stream", .bool(true))) }
        if let thoughts { members.append(("thoughts", .string(thoughts))) }
        members.append(("sketch", .string(sketch.text)))
        return JSONValue.object(JSONObject(members)).text()
    }

    /// Reads an object that ``line`` wrote.
    /// - Returns: nil for what is missing or damaged, named in `problem`.
    init?(_ object: JSONObject, problem: inout String) {
        var record = RequestRecord(id: "", time: .nan, key: "", sketch: RequestSketch())
        var hasSketch = false
        for member in object.members {
            let value = member.value
            switch member.key {
            case "retort_request":
                guard value == .integer(Self.version) else {
                    problem = "retort_request (another version than \(Self.version))"
                    return nil
                }
            case "id": record.id = Self.short(value) ?? ""
            case "time": record.time = value.doubleValue ?? .nan
            case "key": record.key = Self.short(value) ?? ""
            case "organisation": record.organisation = Self.short(value)
            case "address": record.address = value.stringValue.flatMap { UInt64($0, radix: 16) }
            case "user_agent": record.userAgent = Self.short(value)
            case "route": record.route = Self.short(value) ?? ""
            case "model": record.model = Self.short(value) ?? ""
            case "prompt_tokens": record.promptTokens = Self.count(value)
            case "completion_tokens": record.completionTokens = Self.count(value)
            case "reasoning_tokens": record.reasoningTokens = Self.count(value)
            case "temperature": record.temperature = value.doubleValue
            case "top_p": record.topP = value.doubleValue
            case "max_tokens": record.maxTokens = value.isNull ? nil : Self.count(value)
            case "n": record.n = max(1, Self.count(value))
            case "logprobs": record.logprobs = value.isNull ? nil : Self.count(value)
            case "stream": record.isStream = value.boolValue ?? false
            case "thoughts": record.thoughts = Self.short(value)
            case "sketch":
                guard let sketch = value.stringValue.flatMap({ RequestSketch(text: $0) }) else {
                    problem = "sketch"
                    return nil
                }
                record.sketch = sketch
                hasSketch = true
            default: break
            }
        }
        guard record.isComplete(hasSketch: hasSketch, problem: &problem) else { return nil }
        self = record
    }

    func isComplete(hasSketch: Bool, problem: inout String) -> Bool {
        if key.isEmpty { problem = "key" }
        if !Self.times.contains(time) { problem = "time" }
        if !hasSketch { problem = "sketch" }
        return problem.isEmpty
    }

    /// Seconds since 1970 that a request may have, until the year 2286.
    static let times = 0.0..<1e10

    /// Counts that a log may hold: what is not one is 0, what is absurd the largest.
    static func count(_ value: JSONValue) -> Int {
        if case .integer(let number) = value { return Int(min(max(0, number), 1 << 40)) }
        guard let number = value.doubleValue, number > 0 else { return 0 }
        return number < 0x1p40 ? Int(number) : 1 << 40
    }

    /// Names end up in states and reports: of a longer one the beginning is kept.
    static func short(_ value: JSONValue) -> String? {
        guard case .string(let text) = value else { return nil }
        guard text.utf8.count > 128 else { return text }
        return String(decoding: text.utf8.prefix(100), as: UTF8.self) + "…"
    }
}

// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// One mapping of a plan and where it stands. A key that nobody asked for is an error.
final class PipelineFields {
    private let object: JSONObject
    private let place: String
    private var asked: Set<String> = []

    init(_ value: JSONValue?, _ place: String) throws(PipelineError) {
        self.place = place
        guard let value else {
            object = JSONObject()
            return
        }
        guard let object = value.objectValue else {
            throw PipelineError("\(place) is \(value.kind); a mapping was expected")
        }
        self.object = object
    }

    func value(_ key: String) -> JSONValue? {
        asked.insert(key)
        return object[key]
    }

    func text(_ key: String) throws(PipelineError) -> String? {
        guard let value = value(key) else { return nil }
        guard let text = Self.text(value) else { throw wrong(key, value, "a text") }
        return text
    }

    func required(_ key: String) throws(PipelineError) -> String {
        guard let text = try text(key), !text.isEmpty else {
            throw PipelineError("\(place) has no '\(key)'")
        }
        return text
    }

    func flag(_ key: String) throws(PipelineError) -> Bool? {
        guard let value = value(key) else { return nil }
        guard let flag = value.boolValue else { throw wrong(key, value, "true or false") }
        return flag
    }

    func number(_ key: String) throws(PipelineError) -> Double? {
        guard let value = value(key) else { return nil }
        guard let number = value.doubleValue else { throw wrong(key, value, "a number") }
        return number
    }

    /// One text or a list of them.
    func texts(_ key: String) throws(PipelineError) -> [String] {
        guard let value = value(key) else { return [] }
        let items = value.arrayValue ?? [value]
        let texts = items.compactMap(Self.text)
        guard texts.count == items.count else { throw wrong(key, value, "a list of texts") }
        return texts
    }

    func items(_ key: String) throws(PipelineError) -> [JSONValue] {
        guard let value = value(key) else { return [] }
        guard let items = value.arrayValue else { throw wrong(key, value, "a list") }
        return items
    }

    func mapping(_ key: String) throws(PipelineError) -> JSONObject {
        guard let value = value(key) else { return JSONObject() }
        guard let object = value.objectValue else { throw wrong(key, value, "a mapping") }
        return object
    }

    func finish() throws(PipelineError) {
        for key in object.keys where !asked.contains(key) {
            throw PipelineError(
                "\(place): '\(key)' is not known; expected one of \(asked.sorted().joined(separator: ", "))"
            )
        }
    }

    private func wrong(_ key: String, _ value: JSONValue, _ expected: String) -> PipelineError {
        PipelineError("\(place): '\(key)' is \(value.kind); \(expected) was expected")
    }

    /// Numbers are texts too: an argument is written as it stands.
    static func text(_ value: JSONValue) -> String? {
        if let text = value.stringValue { return text }
        if let flag = value.boolValue { return flag ? "true" : "false" }
        if let number = value.intValue { return String(number) }
        if let number = value.doubleValue { return "\(number)" }
        return nil
    }
}

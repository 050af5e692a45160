// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// Reads the members of a JSON object that came from a file.
struct LedgerFields {
    let object: JSONObject
    let place: String

    init(_ json: JSONValue?, place: String) throws(ProvenanceError) {
        guard let object = json?.objectValue else {
            throw ProvenanceError(
                "\(place) is \(json?.kind ?? "missing")", expected: "an object",
                advice: "have the file written again")
        }
        self.object = object
        self.place = place
    }

    func wrong(_ key: String, expected: String) -> ProvenanceError {
        ProvenanceError(
            "\(place).\(key) is \(object[key]?.kind ?? "missing") that cannot be used",
            expected: expected, advice: "correct it, or have the file written again")
    }

    func text(_ key: String) throws(ProvenanceError) -> String {
        guard let value = object[key]?.stringValue else { throw wrong(key, expected: "a string") }
        return value
    }

    func optionalText(_ key: String) throws(ProvenanceError) -> String? {
        guard let value = object[key], !value.isNull else { return nil }
        guard let text = value.stringValue else { throw wrong(key, expected: "a string") }
        return text
    }

    func optionalNumber(_ key: String) throws(ProvenanceError) -> Double? {
        guard let value = object[key], !value.isNull else { return nil }
        guard let number = value.doubleValue, number.isFinite else {
            throw wrong(key, expected: "a number")
        }
        return number
    }

    func optionalCount(_ key: String) throws(ProvenanceError) -> Int? {
        guard let value = object[key], !value.isNull else { return nil }
        guard let number = value.intValue, number >= 0 else {
            throw wrong(key, expected: "a whole number that is not negative")
        }
        return number
    }

    func hash(_ key: String) throws(ProvenanceError) -> ContentHash {
        guard let hash = try optionalHash(key) else {
            throw wrong(key, expected: "64 hexadecimal digits")
        }
        return hash
    }

    func optionalHash(_ key: String) throws(ProvenanceError) -> ContentHash? {
        guard let value = object[key], !value.isNull else { return nil }
        guard let hash = value.stringValue.flatMap({ ContentHash($0) }) else {
            throw wrong(key, expected: "64 hexadecimal digits")
        }
        return hash
    }

    func texts(_ key: String) throws(ProvenanceError) -> [String] {
        guard let value = object[key], !value.isNull else { return [] }
        var texts: [String] = []
        for item in value.arrayValue ?? [.null] {
            guard let text = item.stringValue else { throw wrong(key, expected: "strings") }
            texts.append(text)
        }
        return texts
    }

    func array(_ key: String) throws(ProvenanceError) -> [JSONValue] {
        guard let value = object[key], !value.isNull else { return [] }
        guard let array = value.arrayValue else { throw wrong(key, expected: "an array") }
        return array
    }

    func optionalObject(_ key: String) throws(ProvenanceError) -> JSONObject {
        guard let value = object[key], !value.isNull else { return JSONObject() }
        guard let object = value.objectValue else { throw wrong(key, expected: "an object") }
        return object
    }

    /// - Throws: ``ProvenanceError`` if there are others.
    func finish(_ known: Set<String>) throws(ProvenanceError) {
        for key in object.keys where !known.contains(key) {
            throw ProvenanceError(
                "\(place) has an unknown member '\(key.prefix(40))'",
                expected: known.sorted().joined(separator: ", "), advice: "check the spelling")
        }
    }
}

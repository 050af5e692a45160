// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// Reads JSON files of a checkpoint.
enum JSONFile {
    /// The object that a file holds. NaN and Infinity are accepted as Python writes them.
    static func object(path: String) throws(FormatError) -> JSONObject {
        let file = try MappedFile(path: path)
        return try object(bytes: file.bytes, path: path)
    }

    static func object(bytes: UnsafeRawBufferPointer, path: String) throws(FormatError)
        -> JSONObject
    {
        do throws(JSONError) {
            let document = try JSONValue(
                parsing: bytes, options: .init(allowsNonFiniteNumbers: true, maximumDepth: 64))
            guard let object = document.objectValue else {
                throw JSONError("found \(document.kind) instead of an object", at: 0)
            }
            return object
        } catch {
            throw FormatError("\(path) is \(error)")
        }
    }
}

/// Typed look-ups in a JSON object; null counts as absent, as in Python configurations.
struct JSONFields {
    let object: JSONObject
    let path: String

    func value(_ key: String) -> JSONValue? {
        guard let value = object[key], !value.isNull else { return nil }
        return value
    }

    private func field<T>(_ key: String, _ expected: String, _ read: (JSONValue) -> T?)
        throws(FormatError) -> T?
    {
        guard let value = value(key) else { return nil }
        guard let result = read(value) else {
            throw FormatError("\(path): \(key) is \(value.kind); \(expected) was expected")
        }
        return result
    }

    func integer(_ key: String) throws(FormatError) -> Int? {
        try field(key, "an integer") { $0.intValue }
    }

    /// A finite number that a Float can hold.
    func number(_ key: String) throws(FormatError) -> Double? {
        try field(key, "a number") { value in
            value.doubleValue.flatMap { Float($0).isFinite ? $0 : nil }
        }
    }

    func flag(_ key: String) throws(FormatError) -> Bool? {
        try field(key, "true or false") { $0.boolValue }
    }

    func string(_ key: String) throws(FormatError) -> String? {
        try field(key, "a string") { $0.stringValue }
    }

    func object(_ key: String) throws(FormatError) -> JSONFields? {
        try field(key, "an object") { $0.objectValue }
            .map { JSONFields(object: $0, path: "\(path): \(key)") }
    }

    /// One integer or a list of them.
    func integers(_ key: String) throws(FormatError) -> [Int]? {
        try field(key, "an integer or a list of integers") { value in
            if let one = value.intValue { return [one] }
            guard let elements = value.arrayValue else { return nil }
            let integers = elements.compactMap(\.intValue)
            return integers.count == elements.count ? integers : nil
        }
    }
}

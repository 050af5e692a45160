// SPDX-License-Identifier: Apache-2.0
//
// Requests are read field by field: null counts as missing, unknown fields are passed over, a wrong
// type or value is an error that names the field.

import RetortJSON
import Synchronization

/// The fields that a decoder asks for, to compare with what the documentation promises.
final class FieldLog: Sendable {
    private let names = Mutex<[String]>([])

    func note(_ name: String) {
        names.withLock { if !$0.contains(name) { $0.append(name) } }
    }

    var all: [String] { names.withLock { $0 } }
}

/// An object of a request.
struct Fields {
    let object: JSONObject
    /// What stands before a field's name: empty, `messages[0].`
    let path: String
    private let log: FieldLog?

    init(_ object: JSONObject, path: String = "", log: FieldLog? = nil) {
        self.object = object
        self.path = path
        self.log = log
    }

    /// - Throws: ``APIError`` unless `value` is an object.
    init(_ value: JSONValue, at path: String) throws(APIError) {
        guard let object = value.objectValue else {
            throw .invalid(path, "is \(value.kind), expected an object", code: "invalid_type")
        }
        self.init(object, path: path + ".")
    }

    func name(_ field: String) -> String { path + field }

    /// The value, nil if it is missing or null.
    subscript(field: String) -> JSONValue? {
        log?.note(field)
        guard let value = object[field], !value.isNull else { return nil }
        return value
    }

    /// Whether a field that is not supported is given. It is not one that a decoder accepts.
    func isSet(unsupported field: String) -> Bool { !(object[field]?.isNull ?? true) }

    func require<Value>(_ field: String, _ value: Value?) throws(APIError) -> Value {
        guard let value else {
            throw .invalid(name(field), "is missing", code: "missing_required_parameter")
        }
        return value
    }

    private func wrongType(_ field: String, _ value: JSONValue, _ expected: String) -> APIError {
        .invalid(name(field), "is \(value.kind), expected \(expected)", code: "invalid_type")
    }

    func string(_ field: String) throws(APIError) -> String? {
        guard let value = self[field] else { return nil }
        guard let text = value.stringValue else { throw wrongType(field, value, "a string") }
        return text
    }

    func bool(_ field: String) throws(APIError) -> Bool? {
        guard let value = self[field] else { return nil }
        guard let flag = value.boolValue else { throw wrongType(field, value, "true or false") }
        return flag
    }

    func array(_ field: String) throws(APIError) -> [JSONValue]? {
        guard let value = self[field] else { return nil }
        guard let items = value.arrayValue else { throw wrongType(field, value, "an array") }
        return items
    }

    func object(_ field: String) throws(APIError) -> Fields? {
        guard let value = self[field] else { return nil }
        guard let object = value.objectValue else { throw wrongType(field, value, "an object") }
        return Fields(object, path: name(field) + ".")
    }

    func integer(_ field: String, in range: ClosedRange<Int> = 0...Int(Int32.max))
        throws(APIError) -> Int?
    {
        guard let value = self[field] else { return nil }
        guard let number = value.doubleValue else { throw wrongType(field, value, "an integer") }
        guard let integer = value.intValue else {
            // Beyond 64 bits, or with a fraction.
            throw number.rounded() == number
                ? outOfRange(field, "\(number)", "\(range.lowerBound)", "\(range.upperBound)")
                : .invalid(name(field), "is \(number), expected an integer", code: "invalid_type")
        }
        guard range.contains(integer) else {
            throw outOfRange(field, "\(integer)", "\(range.lowerBound)", "\(range.upperBound)")
        }
        return integer
    }

    func number(_ field: String, in range: ClosedRange<Double>) throws(APIError) -> Double? {
        guard let value = self[field] else { return nil }
        guard let number = value.doubleValue else { throw wrongType(field, value, "a number") }
        guard range.contains(number) else {
            throw outOfRange(field, "\(number)", "\(range.lowerBound)", "\(range.upperBound)")
        }
        return number
    }

    private func outOfRange(_ field: String, _ value: String, _ low: String, _ high: String)
        -> APIError
    {
        .invalid(name(field), "is \(value), expected a value between \(low) and \(high)")
    }

    /// One of the given words.
    func word(_ field: String, of words: [String]) throws(APIError) -> String? {
        guard let text = try string(field) else { return nil }
        guard words.contains(text) else {
            throw .invalid(name(field), "is not one of \(words.joined(separator: ", "))")
        }
        return text
    }

    /// A string or a list of them.
    func strings(_ field: String, atMost limit: Int) throws(APIError) -> [String]? {
        guard let value = self[field] else { return nil }
        if let text = value.stringValue { return [text] }
        guard let items = value.arrayValue else {
            throw wrongType(field, value, "a string or an array of strings")
        }
        guard items.count <= limit else {
            throw .invalid(name(field), "has \(items.count) strings, expected at most \(limit)")
        }
        var texts: [String] = []
        for (index, item) in items.enumerated() {
            guard let text = item.stringValue else {
                throw wrongType("\(field)[\(index)]", item, "a string")
            }
            texts.append(text)
        }
        return texts
    }

    /// Token ids.
    func tokens(_ field: String, _ items: [JSONValue], below size: Int) throws(APIError) -> [Int32]
    {
        var tokens: [Int32] = []
        tokens.reserveCapacity(items.count)
        for (index, item) in items.enumerated() {
            guard let token = item.intValue else {
                throw wrongType("\(field)[\(index)]", item, "a token id")
            }
            guard token >= 0, token < size, let id = Int32(exactly: token) else {
                throw .invalid(
                    name("\(field)[\(index)]"), "is \(token), the vocabulary has \(size) tokens")
            }
            tokens.append(id)
        }
        return tokens
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// A JSON Schema validator that shares no code with the module: it walks values, and its regular
// expressions are Foundation's.

import Foundation
import RetortJSON

struct SchemaValidator {
    let root: JSONValue

    func accepts(_ value: JSONValue) throws -> Bool { try accepts(value, root) }

    struct Unknown: Error { let keyword: String }

    private func accepts(_ value: JSONValue, _ schema: JSONValue) throws -> Bool {
        if let flag = schema.boolValue { return flag }
        guard let members = schema.objectValue?.members else { throw Unknown(keyword: "no schema") }
        return try members.allSatisfy { try accepts(value, $0.key, $0.value, beside: schema) }
    }

    private func accepts(
        _ value: JSONValue, _ keyword: String, _ argument: JSONValue, beside schema: JSONValue
    ) throws -> Bool {
        switch keyword {
        case "$ref": return try accepts(value, target(argument.stringValue ?? ""))
        case "allOf":
            return try (argument.arrayValue ?? []).allSatisfy { try accepts(value, $0) }
        case "anyOf", "oneOf":
            return try (argument.arrayValue ?? []).contains { try accepts(value, $0) }
        case "type":
            let names = (argument.arrayValue ?? [argument]).compactMap(\.stringValue)
            return names.contains { hasType(value, $0) }
        case "enum": return (argument.arrayValue ?? []).contains { same($0, value) }
        case "const": return same(argument, value)
        case "minLength", "maxLength", "pattern", "format":
            guard let text = value.stringValue else { return true }
            return try acceptsString(text, keyword, argument)
        case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf":
            guard let number = value.doubleValue, let bound = argument.doubleValue else {
                return true
            }
            switch keyword {
            case "minimum": return number >= bound
            case "maximum": return number <= bound
            case "exclusiveMinimum": return number > bound
            case "exclusiveMaximum": return number < bound
            default: return (number / bound).rounded() == number / bound
            }
        case "properties", "patternProperties", "additionalProperties", "required",
            "minProperties", "maxProperties":
            guard let object = value.objectValue else { return true }
            return try acceptsObject(object, keyword, argument, beside: schema)
        case "items", "prefixItems", "additionalItems", "minItems", "maxItems":
            guard let array = value.arrayValue else { return true }
            return try acceptsArray(array, keyword, argument, beside: schema)
        case "$defs", "definitions", "$schema", "title", "description", "default": return true
        default: throw Unknown(keyword: keyword)
        }
    }

    private func target(_ reference: String) throws -> JSONValue {
        var value = root
        for part in reference.split(separator: "/").dropFirst() {
            let key = part.replacingOccurrences(of: "~1", with: "/")
                .replacingOccurrences(of: "~0", with: "~")
            guard let next = value[key] ?? Int(key).flatMap({ value.arrayValue?[$0] }) else {
                throw Unknown(keyword: reference)
            }
            value = next
        }
        return value
    }

    private func hasType(_ value: JSONValue, _ name: String) -> Bool {
        switch (name, value) {
        case ("null", .null), ("boolean", .bool), ("string", .string), ("array", .array),
            ("object", .object), ("number", .integer), ("number", .double), ("integer", .integer):
            return true
        case ("integer", .double(let number)): return number.rounded() == number
        default: return false
        }
    }

    private func same(_ a: JSONValue, _ b: JSONValue) -> Bool {
        if let a = a.doubleValue, let b = b.doubleValue { return a == b }
        if let a = a.objectValue, let b = b.objectValue {
            return a.count == b.count
                && a.members.allSatisfy { member in
                    b.members.contains { $0.key == member.key && same($0.value, member.value) }
                }
        }
        if let a = a.arrayValue, let b = b.arrayValue {
            return a.count == b.count && zip(a, b).allSatisfy(same)
        }
        return a == b
    }

    private func matches(_ text: String, _ pattern: String) throws -> Bool {
        let expression = try NSRegularExpression(pattern: pattern)
        let range = NSRange(location: 0, length: (text as NSString).length)
        return expression.firstMatch(in: text, range: range) != nil
    }

    private func acceptsString(_ text: String, _ keyword: String, _ argument: JSONValue) throws
        -> Bool
    {
        let length = text.unicodeScalars.count
        switch keyword {
        case "minLength": return length >= argument.intValue ?? 0
        case "maxLength": return length <= argument.intValue ?? 0
        case "pattern": return try matches(text, argument.stringValue ?? "")
        default: return try hasFormat(text, argument.stringValue ?? "")
        }
    }

    private func hasFormat(_ text: String, _ format: String) throws -> Bool {
        let parts = text.split(separator: "T", maxSplits: 1).map(String.init)
        switch format {
        case "date": return isDate(text)
        case "time": return try isTime(text)
        case "date-time": return try parts.count == 2 && isDate(parts[0]) && isTime(parts[1])
        case "uuid": return UUID(uuidString: text) != nil
        case "ipv4":
            let numbers = text.split(separator: ".", omittingEmptySubsequences: false)
            return numbers.count == 4
                && numbers.allSatisfy { UInt8($0).map { String($0) } == String($0) }
        case "ipv6":
            var address = in6_addr()
            return inet_pton(AF_INET6, text, &address) == 1
        case "email":
            let sides = text.split(separator: "@", omittingEmptySubsequences: false)
            return sides.count == 2 && sides.allSatisfy { !$0.isEmpty }
        case "hostname":
            return text.utf8.count <= 253
                && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy {
                    (1...63).contains($0.count) && $0.first != "-" && $0.last != "-"
                }
        case "uri": return URL(string: text)?.scheme != nil
        default: throw Unknown(keyword: format)
        }
    }

    private func isDate(_ text: String) -> Bool {
        let numbers = text.split(separator: "-").compactMap { Int($0) }
        guard numbers.count == 3, text.utf8.count == 10 else { return false }
        let isLeap = numbers[0] % 4 == 0 && (numbers[0] % 100 != 0 || numbers[0] % 400 == 0)
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...12).contains(numbers[1]) && (1...days[numbers[1] - 1]).contains(numbers[2])
    }

    private func isTime(_ text: String) throws -> Bool {
        let numbers = text.prefix(8).split(separator: ":").compactMap { Int($0) }
        guard numbers.count == 3, numbers[0] < 24, numbers[1] < 60, numbers[2] < 60 else {
            return false
        }
        return try matches(String(text.dropFirst(8)), "^(\\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$")
    }

    private func acceptsObject(
        _ object: JSONObject, _ keyword: String, _ argument: JSONValue, beside schema: JSONValue
    ) throws -> Bool {
        switch keyword {
        case "required":
            return (argument.arrayValue ?? []).allSatisfy { object[$0.stringValue ?? ""] != nil }
        // Of equal names the last one counts, as for every reader.
        case "minProperties": return Set(object.keys).count >= argument.intValue ?? 0
        case "maxProperties": return Set(object.keys).count <= argument.intValue ?? 0
        case "properties":
            return try object.members.allSatisfy { member in
                try argument[member.key].map { try accepts(member.value, $0) } ?? true
            }
        case "patternProperties":
            return try object.members.allSatisfy { member in
                try (argument.objectValue?.members ?? []).allSatisfy {
                    try !matches(member.key, $0.key) || accepts(member.value, $0.value)
                }
            }
        default:
            return try object.members.allSatisfy { member in
                let patterns = schema["patternProperties"]?.objectValue?.keys ?? []
                if schema["properties"]?[member.key] != nil { return true }
                if try patterns.contains(where: { try matches(member.key, $0) }) { return true }
                return try accepts(member.value, argument)
            }
        }
    }

    private func acceptsArray(
        _ array: [JSONValue], _ keyword: String, _ argument: JSONValue, beside schema: JSONValue
    ) throws -> Bool {
        switch keyword {
        case "minItems": return array.count >= argument.intValue ?? 0
        case "maxItems": return array.count <= argument.intValue ?? 0
        case "prefixItems":
            return try zip(array, argument.arrayValue ?? []).allSatisfy { try accepts($0, $1) }
        case "items":
            if let prefix = argument.arrayValue {
                return try zip(array, prefix).allSatisfy { try accepts($0, $1) }
            }
            let first = schema["prefixItems"]?.arrayValue?.count ?? 0
            return try array.dropFirst(first).allSatisfy { try accepts($0, argument) }
        default:
            let first = schema["items"]?.arrayValue?.count ?? array.count
            return try array.dropFirst(first).allSatisfy { try accepts($0, argument) }
        }
    }
}

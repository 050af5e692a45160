// SPDX-License-Identifier: Apache-2.0

import RetortGrammar
import RetortJSON

/// Checks one document.
struct SchemaRun {
    /// It takes too many steps.
    struct TooFar: Error {}

    let validator: SchemaValidator
    private var checks = 0

    init(validator: SchemaValidator) { self.validator = validator }

    mutating func accepts(_ value: JSONValue, _ schema: JSONValue, depth: Int)
        throws(TooFar) -> Bool
    {
        if let flag = schema.boolValue { return flag }
        try spend(1)
        guard depth <= SchemaValidator.mostDepth else { throw TooFar() }
        guard let keywords = schema.objectValue else { return false }
        guard acceptsType(value, keywords), acceptsScalar(value, keywords) else { return false }
        if let object = value.objectValue,
            try !acceptsMembers(object, keywords, depth: depth + 1)
        {
            return false
        }
        if let array = value.arrayValue, try !acceptsElements(array, keywords, depth: depth + 1) {
            return false
        }
        return try acceptsCombination(value, keywords, depth: depth + 1)
    }

    private mutating func spend(_ steps: Int) throws(TooFar) {
        checks += steps
        guard checks <= SchemaValidator.mostChecks else { throw TooFar() }
    }

    private func acceptsType(_ value: JSONValue, _ keywords: JSONObject) -> Bool {
        if let type = keywords["type"] {
            let names = (type.arrayValue ?? [type]).compactMap(\.stringValue)
            guard names.contains(where: { Self.isType(value, $0) }) else { return false }
        }
        if let list = keywords["enum"]?.arrayValue,
            !list.contains(where: { Self.isSame($0, value) })
        {
            return false
        }
        return keywords["const"].map { Self.isSame($0, value) } ?? true
    }

    private static func isType(_ value: JSONValue, _ name: String) -> Bool {
        switch value {
        case .null: return name == "null"
        case .bool: return name == "boolean"
        case .integer: return name == "integer" || name == "number"
        case .double(let number):
            return name == "number" || name == "integer" && number == number.rounded()
        case .string: return name == "string"
        case .array: return name == "array"
        case .object: return name == "object"
        }
    }

    private func acceptsScalar(_ value: JSONValue, _ keywords: JSONObject) -> Bool {
        if let text = value.stringValue {
            let length = text.unicodeScalars.count
            if let least = keywords["minLength"]?.intValue, length < least { return false }
            if let most = keywords["maxLength"]?.intValue, length > most { return false }
            if let pattern = keywords["pattern"]?.stringValue {
                return validator.patterns[pattern]?.matches(text) ?? false
            }
        }
        let bounds = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]
        guard bounds.contains(where: { keywords[$0] != nil }), let number = value.exactNumber else {
            return true
        }
        func bound(_ key: String) -> Rational? { keywords[key]?.exactNumber }
        if let least = bound("minimum"), number < least { return false }
        if let most = bound("maximum"), number > most { return false }
        if let least = bound("exclusiveMinimum"), number <= least { return false }
        if let most = bound("exclusiveMaximum"), number >= most { return false }
        if let step = bound("multipleOf") {
            return Rational.divide(number, by: step)?.isInteger ?? false
        }
        return true
    }

    private mutating func acceptsMembers(
        _ object: JSONObject, _ keywords: JSONObject, depth: Int
    ) throws(TooFar) -> Bool {
        // Of several members with one name the last counts.
        let names = Set(object.keys.map { Array($0.utf8) })
        if let least = keywords["minProperties"]?.intValue, names.count < least { return false }
        if let most = keywords["maxProperties"]?.intValue, names.count > most { return false }
        func has(_ name: JSONValue) -> Bool { object[name.stringValue ?? ""] != nil }
        guard (keywords["required"]?.arrayValue ?? []).allSatisfy(has) else { return false }
        for member in keywords["dependentRequired"]?.objectValue?.members ?? []
        where object[member.key] != nil {
            guard (member.value.arrayValue ?? []).allSatisfy(has) else { return false }
        }
        for member in keywords["dependentSchemas"]?.objectValue?.members ?? []
        where object[member.key] != nil {
            guard try accepts(.object(object), member.value, depth: depth) else { return false }
        }
        for member in object.members {
            if let schema = keywords["propertyNames"],
                try !accepts(.string(member.key), schema, depth: depth)
            {
                return false
            }
            guard try acceptsMember(member, keywords, depth: depth) else { return false }
        }
        return true
    }

    private mutating func acceptsMember(
        _ member: JSONObject.Member, _ keywords: JSONObject, depth: Int
    ) throws(TooFar) -> Bool {
        var isKnown = false
        if let schema = keywords["properties"]?[member.key] {
            isKnown = true
            guard try accepts(member.value, schema, depth: depth) else { return false }
        }
        for pattern in keywords["patternProperties"]?.objectValue?.members ?? []
        where validator.patterns[pattern.key]?.matches(member.key) ?? false {
            isKnown = true
            guard try accepts(member.value, pattern.value, depth: depth) else { return false }
        }
        guard !isKnown, let schema = keywords["additionalProperties"] else { return true }
        return try accepts(member.value, schema, depth: depth)
    }

    private mutating func acceptsElements(
        _ array: [JSONValue], _ keywords: JSONObject, depth: Int
    ) throws(TooFar) -> Bool {
        if let least = keywords["minItems"]?.intValue, array.count < least { return false }
        if let most = keywords["maxItems"]?.intValue, array.count > most { return false }
        if keywords["uniqueItems"]?.boolValue ?? false, try !areUnique(array) { return false }
        guard try acceptsEach(array, keywords, depth: depth) else { return false }
        guard let schema = keywords["contains"] else { return true }
        let count = try matches(array, schema, depth: depth)
        return count >= keywords["minContains"]?.intValue ?? 1
            && count <= keywords["maxContains"]?.intValue ?? .max
    }

    private mutating func acceptsEach(
        _ array: [JSONValue], _ keywords: JSONObject, depth: Int
    ) throws(TooFar) -> Bool {
        let prefix = keywords["prefixItems"]?.arrayValue ?? []
        for (element, schema) in zip(array, prefix) {
            guard try accepts(element, schema, depth: depth) else { return false }
        }
        guard let schema = keywords["items"] else { return true }
        for element in array.dropFirst(prefix.count) {
            guard try accepts(element, schema, depth: depth) else { return false }
        }
        return true
    }

    private mutating func areUnique(_ array: [JSONValue]) throws(TooFar) -> Bool {
        for index in array.indices {
            try spend(index)
            let isRepeated = array[..<index].contains { Self.isSame($0, array[index]) }
            if isRepeated { return false }
        }
        return true
    }

    /// How many elements satisfy a schema.
    private mutating func matches(_ array: [JSONValue], _ schema: JSONValue, depth: Int)
        throws(TooFar) -> Int
    {
        var count = 0
        for index in array.indices {
            let isAccepted = try accepts(array[index], schema, depth: depth)
            count += isAccepted ? 1 : 0
        }
        return count
    }

    private mutating func acceptsCombination(
        _ value: JSONValue, _ keywords: JSONObject, depth: Int
    ) throws(TooFar) -> Bool {
        if let text = keywords["$ref"]?.stringValue {
            guard let target = SchemaValidator.target(of: text, in: validator.root),
                try accepts(value, target, depth: depth)
            else { return false }
        }
        for schema in keywords["allOf"]?.arrayValue ?? [] {
            guard try accepts(value, schema, depth: depth) else { return false }
        }
        for (keyword, most) in [("anyOf", Int.max), ("oneOf", 1)] {
            guard let schemas = keywords[keyword]?.arrayValue else { continue }
            var count = 0
            for schema in schemas {
                let isAccepted = try accepts(value, schema, depth: depth)
                count += isAccepted ? 1 : 0
            }
            guard count >= 1, count <= most else { return false }
        }
        if let schema = keywords["not"], try accepts(value, schema, depth: depth) { return false }
        if let condition = keywords["if"] {
            let branch = try accepts(value, condition, depth: depth) ? "then" : "else"
            if let schema = keywords[branch] { return try accepts(value, schema, depth: depth) }
        }
        return true
    }

    /// Equality of JSON values: 1 and 1.0 are one number, members have no order.
    private static func isSame(_ a: JSONValue, _ b: JSONValue) -> Bool {
        switch (a, b) {
        case (.integer(let a), .integer(let b)): return a == b
        case (.integer, .double), (.double, .integer), (.double, .double):
            return a.doubleValue == b.doubleValue
        case (.string(let a), .string(let b)): return JSONObject.sameBytes(a, b)
        case (.array(let a), .array(let b)):
            return a.count == b.count && zip(a, b).allSatisfy { isSame($0, $1) }
        case (.object(let a), .object(let b)):
            return a.count == b.count
                && a.members.allSatisfy { member in
                    b[member.key].map { isSame(member.value, $0) } ?? false
                }
        default: return a == b
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Whether a given value satisfies a schema. It decides which values of an `enum` remain when other
// keywords stand beside it.

import RetortJSON

extension SchemaDocument {
    mutating func accepts(
        _ value: JSONValue, at place: Place, depth: Int = 0, ignoringApplicators: Bool = false
    ) throws(GrammarError) -> Bool {
        if let flag = values[place].boolValue { return flag }
        guard depth <= limits.sourceDepth else {
            throw GrammarError(
                .limit, "references nested deeper than \(limits.sourceDepth)", path: paths[place])
        }
        checks += 1
        guard checks <= 1_000_000 else {
            throw GrammarError(
                .limit, "takes too many steps to check; simplify it", path: paths[place])
        }
        let schema = values[place]
        guard try acceptsScalar(value, at: place) else { return false }
        if let object = value.objectValue,
            try !acceptsMembers(of: object, at: place, depth: depth + 1)
        {
            return false
        }
        if let array = value.arrayValue,
            try !acceptsElements(of: array, at: place, depth: depth + 1)
        {
            return false
        }
        if ignoringApplicators { return true }
        if let target = try target(of: place), try !accepts(value, at: target, depth: depth + 1) {
            return false
        }
        if schema["allOf"] != nil {
            for child in try children(place, "allOf")
            where try !accepts(value, at: child, depth: depth + 1) {
                return false
            }
        }
        for keyword in ["anyOf", "oneOf"] where schema[keyword] != nil {
            var isAccepted = false
            for child in try children(place, keyword) where !isAccepted {
                isAccepted = try accepts(value, at: child, depth: depth + 1)
            }
            if !isAccepted { return false }
        }
        return true
    }

    private mutating func acceptsScalar(_ value: JSONValue, at place: Place) throws(GrammarError)
        -> Bool
    {
        var shape = ValueShape()
        try shape.merge(place, of: self)
        guard shape.types.contains(Self.type(of: value)) else { return false }
        let schema = values[place]
        if let list = schema["enum"]?.arrayValue, !list.contains(where: { Self.isSame($0, value) })
        {
            return false
        }
        if let constant = schema["const"], !Self.isSame(constant, value) { return false }
        do throws(GrammarError) {
            if let text = value.stringValue, shape.strings != StringSpecification() {
                return try content(shape.strings).accepts(text.utf8)
            }
            if let number = Decimal(value), shape.numbers != NumberSpecification() {
                if numbers[shape.numbers] == nil {
                    numbers[shape.numbers] = try shape.numbers.automaton(limits: limits)
                }
                return numbers[shape.numbers]?.accepts(number.text.utf8) ?? false
            }
        } catch {
            throw error.located(shape.stringPath ?? shape.numberPath ?? paths[place])
        }
        return true
    }

    private mutating func content(_ specification: StringSpecification) throws(GrammarError)
        -> Automaton
    {
        if let known = contents[specification] { return known }
        let content = try specification.content(limits: limits)
        contents[specification] = content
        return content
    }

    /// Whether a member's name matches a pattern of `patternProperties`.
    mutating func name(_ name: String, matches pattern: String, at place: Place)
        throws(GrammarError) -> Bool
    {
        do throws(GrammarError) {
            return try content(StringSpecification(patterns: [pattern])).accepts(name.utf8)
        } catch {
            throw error.located(Self.path(paths[place] + ".patternProperties", pattern))
        }
    }

    private mutating func acceptsMembers(
        of object: JSONObject, at place: Place, depth: Int
    ) throws(GrammarError) -> Bool {
        let schema = values[place]
        for name in schema["required"]?.arrayValue ?? [] where object[name.stringValue ?? ""] == nil
        {
            return false
        }
        if let bound = schema["minProperties"], object.count < (try ValueShape.count(bound)) {
            return false
        }
        if let bound = schema["maxProperties"], object.count > (try ValueShape.count(bound)) {
            return false
        }
        let patterns = schema["patternProperties"]?.objectValue?.keys ?? []
        for member in object.members {
            var isKnown = false
            if schema["properties"]?[member.key] != nil {
                isKnown = true
                let child = try child(place, "properties", member.key)
                guard try accepts(member.value, at: child, depth: depth) else { return false }
            }
            for pattern in patterns {
                guard try self.name(member.key, matches: pattern, at: place) else { continue }
                isKnown = true
                let child = try child(place, "patternProperties", pattern)
                guard try accepts(member.value, at: child, depth: depth) else { return false }
            }
            if !isKnown, schema["additionalProperties"] != nil {
                let child = try child(place, "additionalProperties")
                guard try accepts(member.value, at: child, depth: depth) else { return false }
            }
        }
        return true
    }

    private mutating func acceptsElements(
        of array: [JSONValue], at place: Place, depth: Int
    ) throws(GrammarError) -> Bool {
        let schema = values[place]
        if let bound = schema["minItems"], array.count < (try ValueShape.count(bound)) {
            return false
        }
        if let bound = schema["maxItems"], array.count > (try ValueShape.count(bound)) {
            return false
        }
        let (prefix, rest) = try elements(at: place)
        for (index, element) in array.enumerated() {
            guard let child = index < prefix.count ? prefix[index] : rest else { continue }
            guard try accepts(element, at: child, depth: depth) else { return false }
        }
        return true
    }

    /// The schemas of an array's first elements and of all further ones, in the spelling of any
    /// draft.
    mutating func elements(at place: Place) throws(GrammarError) -> (prefix: [Place], rest: Place?)
    {
        let schema = values[place]
        if schema["items"]?.arrayValue != nil {
            let prefix = try children(place, "items")
            let rest =
                schema["additionalItems"] == nil ? nil : try child(place, "additionalItems")
            return (prefix, rest)
        }
        let prefix = schema["prefixItems"] == nil ? [] : try children(place, "prefixItems")
        return (prefix, schema["items"] == nil ? nil : try child(place, "items"))
    }

    static func type(of value: JSONValue) -> ValueShape.Types {
        switch value {
        case .null: return .null
        case .bool: return .boolean
        case .string: return .string
        case .integer: return .integer
        case .double(let number): return number == number.rounded() ? .integer : .fraction
        case .array: return .array
        case .object: return .object
        }
    }

    /// Equality of JSON values: 1 and 1.0 are one number, members have no order.
    static func isSame(_ a: JSONValue, _ b: JSONValue) -> Bool {
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

extension Decimal {
    /// The number without an exponent.
    var text: String {
        let digits = { (digits: [UInt8]) in
            String(decoding: digits.map { $0 + 48 }, as: UTF8.self)
        }
        return (isNegative ? "-" : "") + (whole.isEmpty ? "0" : digits(whole))
            + (fraction.isEmpty ? "" : "." + digits(fraction))
    }
}

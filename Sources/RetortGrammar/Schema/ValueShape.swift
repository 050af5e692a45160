// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// What one alternative of a value must be: the keywords of all its schemas, merged.
struct ValueShape {
    typealias Place = SchemaDocument.Place

    struct Types: OptionSet {
        let rawValue: Int
        static let null = Types(rawValue: 1)
        static let boolean = Types(rawValue: 2)
        static let string = Types(rawValue: 4)
        static let integer = Types(rawValue: 8)
        /// Numbers that are no integers; always with `integer`.
        static let fraction = Types(rawValue: 16)
        static let array = Types(rawValue: 32)
        static let object = Types(rawValue: 64)
        static let number: Types = [.integer, .fraction]
        static let all = Types(rawValue: 127)

        static let named: [String: Types] = [
            "null": .null, "boolean": .boolean, "string": .string, "integer": .integer,
            "number": .number, "array": .array, "object": .object,
        ]
    }

    var types = Types.all
    /// Values of which it must be one, and the list's path.
    var values: (candidates: [JSONValue], path: String)?
    var strings = StringSpecification()
    var numbers = NumberSpecification()
    /// Where the keywords are that need more than a merge: per kind, the schemas that have any.
    var objects: [Place] = []
    var arrays: [Place] = []
    /// Paths of the keywords that a limit may be blamed on.
    var stringPath: String?
    var numberPath: String?
}

extension ValueShape {
    static let objectKeywords = [
        "properties", "required", "additionalProperties", "patternProperties", "minProperties",
        "maxProperties",
    ]
    static let arrayKeywords = ["items", "prefixItems", "additionalItems", "minItems", "maxItems"]

    /// Merges the keywords of one more schema.
    mutating func merge(_ place: Place, of document: SchemaDocument) throws(GrammarError) {
        guard let schema = document.values[place].objectValue else { return }
        let path = document.paths[place]
        for member in schema.members {
            let keywordPath = SchemaDocument.path(path, member.key)
            do throws(GrammarError) {
                try merge(member, path: keywordPath)
            } catch {
                throw error.located(keywordPath)
            }
        }
        if Self.objectKeywords.contains(where: { schema[$0] != nil }) { objects.append(place) }
        if Self.arrayKeywords.contains(where: { schema[$0] != nil }) { arrays.append(place) }
    }

    private mutating func merge(_ member: JSONObject.Member, path: String) throws(GrammarError) {
        let value = member.value
        switch member.key {
        case "type": types.formIntersection(try Self.types(value))
        case "enum":
            guard let candidates = value.arrayValue, !candidates.isEmpty else {
                throw GrammarError(.invalid, "expected a list of one or more values")
            }
            // Further lists are filters, which the checker applies.
            if values == nil { values = (candidates, path) }
        case "const": if values == nil { values = ([value], path) }
        case "minLength":
            strings.minimum = max(strings.minimum, try Self.count(value))
            stringPath = path
        case "maxLength":
            strings.maximum = min(strings.maximum ?? .max, try Self.count(value))
            stringPath = path
        case "pattern":
            guard let pattern = value.stringValue else {
                throw GrammarError(.invalid, "expected a string")
            }
            strings.patterns.insert(pattern)
            stringPath = path
        case "format": try mergeFormat(value, path: path)
        case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum":
            guard let number = Decimal(value) else {
                throw GrammarError(.invalid, "expected a number")
            }
            let isExclusive = member.key.hasPrefix("exclusive")
            let bound = NumberSpecification.Bound(value: number, isExclusive: isExclusive)
            if member.key.lowercased().hasSuffix("minimum") {
                numbers.raise(to: bound)
            } else {
                numbers.lower(to: bound)
            }
            numberPath = path
        case "multipleOf":
            guard let number = Decimal(value) else {
                throw GrammarError(.invalid, "expected a number")
            }
            numbers.multiples.append(number)
            numberPath = path
        default: break
        }
    }

    private mutating func mergeFormat(_ value: JSONValue, path: String) throws(GrammarError) {
        guard let format = value.stringValue else {
            throw GrammarError(.invalid, "expected a string")
        }
        // OpenAPI's widths of numbers say nothing about a string.
        if ["int32", "int64", "float", "double"].contains(format) { return }
        guard StringFormat.named(format) != nil else {
            throw GrammarError(
                .unsupported,
                "this format is not supported; there are \(StringFormat.names.joined(separator: ", "))"
            )
        }
        strings.formats.insert(format)
        stringPath = path
    }

    static func types(_ value: JSONValue) throws(GrammarError) -> Types {
        let names = value.arrayValue ?? [value]
        var result: Types = []
        for name in names {
            guard let text = name.stringValue, let type = Types.named[text] else {
                throw GrammarError(
                    .invalid,
                    "expected one or a list of null, boolean, string, integer, number, array, object"
                )
            }
            result.formUnion(type)
        }
        return result
    }

    static func count(_ value: JSONValue) throws(GrammarError) -> Int {
        guard let count = value.intValue, count >= 0 else {
            throw GrammarError(.invalid, "expected a count, 0 or more")
        }
        return count
    }
}

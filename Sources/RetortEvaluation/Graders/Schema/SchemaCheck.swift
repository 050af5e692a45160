// SPDX-License-Identifier: Apache-2.0

import RetortGrammar
import RetortJSON

/// Reads a schema once, before any document: what is no schema and what is not supported is told with
/// its place.
struct SchemaCheck {
    let root: JSONValue
    private(set) var patterns: [String: RegexPattern] = [:]
    private var targets: [(text: String, path: String)] = []

    init(root: JSONValue) { self.root = root }

    private static let mostDepth = 100

    private static let annotations: Set<String> = [
        "$schema", "$comment", "$vocabulary", "title", "description", "default", "examples",
        "deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType",
        "contentSchema",
    ]
    /// Keywords whose value is a schema, a list of them, or an object of them.
    private static let single: Set<String> = [
        "additionalProperties", "propertyNames", "items", "contains", "not", "if", "then", "else",
    ]
    private static let lists: Set<String> = ["prefixItems", "allOf", "anyOf", "oneOf"]
    private static let maps: Set<String> = [
        "properties", "patternProperties", "dependentSchemas", "$defs", "definitions",
    ]
    private static let counts: Set<String> = [
        "minLength", "maxLength", "minItems", "maxItems", "minContains", "maxContains",
        "minProperties", "maxProperties",
    ]
    private static let bounds: Set<String> = [
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    ]
    static let types: Set<String> = [
        "null", "boolean", "integer", "number", "string", "array", "object",
    ]

    private func wrong(_ path: String, _ text: String) -> EvaluationError {
        EvaluationError("JSON schema, \(path): \(text)")
    }

    mutating func schema(_ value: JSONValue, path: String, depth: Int) throws(EvaluationError) {
        if value.boolValue != nil { return }
        guard let object = value.objectValue else {
            throw wrong(path, "expected a schema, an object or a boolean; found \(value.kind)")
        }
        guard depth <= Self.mostDepth else {
            throw wrong(path, "nested deeper than \(Self.mostDepth)")
        }
        for member in object.members {
            try keyword(member, path: "\(path).\(member.key)", depth: depth)
        }
    }

    private mutating func keyword(_ member: JSONObject.Member, path: String, depth: Int)
        throws(EvaluationError)
    {
        let (key, value) = (member.key, member.value)
        if Self.annotations.contains(key) || key.hasPrefix("x-") || key == "const" { return }
        if Self.single.contains(key) {
            try schema(value, path: path, depth: depth + 1)
        } else if Self.lists.contains(key) {
            guard let elements = value.arrayValue, !elements.isEmpty else {
                throw wrong(path, "expected a list of one or more schemas")
            }
            for (index, element) in elements.enumerated() {
                try schema(element, path: "\(path)[\(index)]", depth: depth + 1)
            }
        } else if Self.maps.contains(key) {
            guard let members = value.objectValue?.members else {
                throw wrong(path, "expected an object of schemas; found \(value.kind)")
            }
            for member in members {
                if key == "patternProperties" { try pattern(member.key, path: path) }
                try schema(member.value, path: "\(path).\(member.key)", depth: depth + 1)
            }
        } else if Self.counts.contains(key) {
            guard let count = value.intValue, count >= 0 else {
                throw wrong(path, "expected a count, 0 or more")
            }
        } else if Self.bounds.contains(key) {
            guard let number = value.exactNumber, key != "multipleOf" || number > .zero else {
                throw wrong(path, "expected a number\(key == "multipleOf" ? " above 0" : "")")
            }
        } else {
            try other(key, value, path: path)
        }
    }

    private mutating func other(_ key: String, _ value: JSONValue, path: String)
        throws(EvaluationError)
    {
        switch key {
        case "type":
            let names = value.arrayValue ?? [value]
            guard !names.isEmpty, names.allSatisfy({ Self.types.contains($0.stringValue ?? "") })
            else { throw wrong(path, "expected one or a list of \(Self.types.sorted())") }
        case "enum":
            guard value.arrayValue?.isEmpty == false else {
                throw wrong(path, "expected a list of one or more values")
            }
        case "required": try names(value, path: path)
        case "dependentRequired":
            guard let members = value.objectValue?.members else {
                throw wrong(path, "expected an object of lists of names")
            }
            for member in members { try names(member.value, path: "\(path).\(member.key)") }
        case "uniqueItems":
            guard value.boolValue != nil else { throw wrong(path, "expected true or false") }
        case "pattern":
            guard let text = value.stringValue else { throw wrong(path, "expected a string") }
            try pattern(text, path: path)
        case "$ref":
            guard let text = value.stringValue else { throw wrong(path, "expected a string") }
            targets.append((text, path))
        case "$id":
            // Below the root it would change what references mean.
            guard path == "$.$id" else { throw wrong(path, "supported at the root only") }
        default:
            throw wrong(path, "the keyword '\(key)' is not supported; remove it from the schema")
        }
    }

    private func names(_ value: JSONValue, path: String) throws(EvaluationError) {
        guard let elements = value.arrayValue, elements.allSatisfy({ $0.stringValue != nil }) else {
            throw wrong(path, "expected a list of names")
        }
    }

    private mutating func pattern(_ text: String, path: String) throws(EvaluationError) {
        guard patterns[text] == nil else { return }
        do throws(GrammarError) {
            patterns[text] = try RegexPattern(text, searches: true)
        } catch {
            throw wrong(path, "\(error)")
        }
    }

    /// Looks at what references point to, which need not lie where schemas lie otherwise.
    mutating func references() throws(EvaluationError) {
        var seen: Set<String> = []
        while let (text, path) = targets.popLast() {
            guard seen.insert(text).inserted else { continue }
            guard let value = SchemaValidator.target(of: text, in: root) else {
                throw wrong(
                    path,
                    "'\(text)' points to nothing; supported are '#' and '#/…' within the schema")
            }
            try schema(value, path: text, depth: 0)
        }
        var done: Set<String> = []
        for text in seen.sorted() { try follow(text, from: [], &done) }
    }

    /// Goes from reference to reference as far as all of them speak of the same value: back at one of
    /// them, there would be no end.
    private func follow(_ text: String, from path: [String], _ done: inout Set<String>)
        throws(EvaluationError)
    {
        guard !path.contains(text) else {
            throw wrong(
                text,
                "refers to itself for the same value, by way of \(path.joined(separator: ", "))")
        }
        guard path.count < Self.mostDepth else {
            throw wrong(text, "references nested deeper than \(Self.mostDepth)")
        }
        guard !done.contains(text), let target = SchemaValidator.target(of: text, in: root) else {
            return
        }
        for next in Self.sameValueReferences(target) {
            try follow(next, from: path + [text], &done)
        }
        done.insert(text)
    }

    /// References that a schema applies to the value that it is applied to itself.
    private static func sameValueReferences(_ schema: JSONValue) -> [String] {
        var found = schema["$ref"]?.stringValue.map { [$0] } ?? []
        for key in ["allOf", "anyOf", "oneOf"] {
            found += (schema[key]?.arrayValue ?? []).flatMap(sameValueReferences)
        }
        for key in ["not", "if", "then", "else"] {
            found += schema[key].map(sameValueReferences) ?? []
        }
        let dependent = schema["dependentSchemas"]?.objectValue?.members ?? []
        return found + dependent.flatMap { sameValueReferences($0.value) }
    }
}

extension JSONValue {
    /// The number that stands there, to the last decimal; nil for anything else.
    var exactNumber: Rational? {
        switch self {
        case .integer(let value): return NumberText("\(value)")?.value
        case .double(let value): return NumberText("\(value)")?.value
        default: return nil
        }
    }
}

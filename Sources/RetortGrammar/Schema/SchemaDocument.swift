// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// A schema and its places. A place is numbered when it is first visited and then has been checked
/// for keywords that are not supported.
struct SchemaDocument {
    typealias Place = Int

    private(set) var values: [JSONValue] = []
    private(set) var paths: [String] = []
    private var places: [String: Place] = [:]
    let root: JSONValue
    let limits: GrammarLimits
    /// What `alternatives` found for a place.
    var expansions: [Place: [[Place]]] = [:]
    /// Automata that values of an `enum` were checked with.
    var contents: [StringSpecification: Automaton] = [:]
    var numbers: [NumberSpecification: Automaton] = [:]
    /// Checks of values so far: nested alternatives could multiply them.
    var checks = 0

    init(_ root: JSONValue, limits: GrammarLimits) {
        self.root = root
        self.limits = limits
    }

    /// The place of a value; `path` names it.
    mutating func place(of value: JSONValue, path: String) throws(GrammarError) -> Place {
        if let known = places[path] { return known }
        guard values.count < limits.schemaNodes else {
            throw GrammarError(.limit, "more than \(limits.schemaNodes) schemas", path: path)
        }
        try Self.check(value, path: path)
        values.append(value)
        paths.append(path)
        places[path] = values.count - 1
        return values.count - 1
    }

    mutating func rootPlace() throws(GrammarError) -> Place { try place(of: root, path: "$") }

    mutating func child(_ place: Place, _ keys: String...) throws(GrammarError) -> Place {
        var value = values[place]
        var path = paths[place]
        for key in keys {
            path = Self.path(path, key)
            value = value[key] ?? true
        }
        return try self.place(of: value, path: path)
    }

    /// The schemas of an array under a keyword.
    mutating func children(_ place: Place, _ keyword: String) throws(GrammarError) -> [Place] {
        let path = Self.path(paths[place], keyword)
        guard let elements = values[place][keyword]?.arrayValue else {
            throw GrammarError(.invalid, "expected an array of schemas", path: path)
        }
        var result: [Place] = []
        for (index, element) in elements.enumerated() {
            result.append(try self.place(of: element, path: "\(path)[\(index)]"))
        }
        return result
    }

    /// The place a `$ref` points to: a JSON pointer within this document.
    mutating func target(of place: Place) throws(GrammarError) -> Place? {
        guard let reference = values[place]["$ref"] else { return nil }
        let path = paths[place] + ".$ref"
        guard let text = reference.stringValue else {
            throw GrammarError(.invalid, "expected a string", path: path)
        }
        guard text == "#" || text.hasPrefix("#/") else {
            throw GrammarError(
                .unsupported, "only references within the schema ('#/…') are supported", path: path)
        }
        var value = root
        var targetPath = "$"
        for part in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
            .dropFirst()
        {
            guard let key = Self.unescaped(part) else {
                throw GrammarError(.invalid, "not a JSON pointer", path: path)
            }
            if let member = value[key] {
                value = member
                targetPath = Self.path(targetPath, key)
            } else if let elements = value.arrayValue, let index = Int(key),
                elements.indices.contains(index)
            {
                value = elements[index]
                targetPath += "[\(index)]"
            } else {
                throw GrammarError(.invalid, "points to nothing in the schema", path: path)
            }
        }
        return try self.place(of: value, path: targetPath)
    }

    /// One part of a JSON pointer in a URI fragment (RFC 6901, section 6).
    private static func unescaped(_ part: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(part.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard rest.count >= 2,
                    let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
                else { return nil }
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        var result = ""
        var scalars = text.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            guard scalar == "~" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            switch scalars.next() {
            case "0": result += "~"
            case "1": result += "/"
            default: return nil
            }
        }
        return result
    }

    /// `$.properties.a`, or `$.properties["a b"]` where the name is no plain word.
    static func path(_ path: String, _ key: String) -> String {
        let isPlain =
            !key.isEmpty
            && key.unicodeScalars.allSatisfy { scalar in
                scalar == "_" || scalar == "$" || scalar == "-" || ("0"..."9").contains(scalar)
                    || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
            }
        return isPlain ? "\(path).\(key)" : "\(path)[\(JSONValue.string(key).text())]"
    }
}

extension SchemaDocument {
    static let annotations: Set<String> = [
        "$schema", "$id", "$comment", "$anchor", "$vocabulary", "title", "description", "default",
        "examples", "example", "deprecated", "readOnly", "writeOnly", "contentEncoding",
        "contentMediaType", "contentSchema", "$defs", "definitions",
    ]

    static let assertions: Set<String> = [
        "type", "enum", "const", "properties", "required", "additionalProperties",
        "patternProperties", "minProperties", "maxProperties", "items", "prefixItems",
        "additionalItems", "minItems", "maxItems", "uniqueItems", "minLength", "maxLength",
        "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
        "multipleOf",
    ]

    static let applicators: Set<String> = ["$ref", "allOf", "anyOf", "oneOf"]

    /// Refuses what is no schema and names the keywords that are not supported.
    private static func check(_ value: JSONValue, path: String) throws(GrammarError) {
        if value.boolValue != nil { return }
        guard let object = value.objectValue else {
            throw GrammarError(
                .invalid, "expected a schema, which is an object or a boolean; found \(value.kind)",
                path: path)
        }
        for key in object.keys
        where !annotations.contains(key) && !assertions.contains(key)
            && !applicators.contains(key) && !key.hasPrefix("x-")
        {
            throw GrammarError(
                .unsupported, "the keyword '\(key)' is not supported; remove it from the schema",
                path: Self.path(path, key))
        }
        if let unique = object["uniqueItems"], unique != false {
            throw GrammarError(
                .unsupported,
                "the keyword 'uniqueItems' is not supported other than false; remove it",
                path: Self.path(path, "uniqueItems"))
        }
    }
}

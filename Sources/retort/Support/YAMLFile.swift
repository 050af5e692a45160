// SPDX-License-Identifier: Apache-2.0
//
// YAML files as JSON values: what comes after reads one kind of tree.

import Foundation
import RetortJSON
import Yams

/// Reads a recipe and changes single values of it.
enum YAMLFile {
    /// - Throws: ``CommandError`` if the file cannot be read or is no YAML.
    static func read(_ path: String) throws -> JSONValue {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw CommandError("cannot read \(path)")
        }
        return try parse(String(decoding: bytes, as: UTF8.self), name: path)
    }

    static func parse(_ text: String, name: String) throws -> JSONValue {
        do {
            guard let root = try Yams.compose(yaml: text) else { return .null }
            var budget = nodeLimit
            return try value(root, &budget)
        } catch let error as CommandError {
            throw CommandError("\(name): \(error)")
        } catch {
            // The lines behind the first show the place in the text.
            let reason = "\(error)".split(separator: "\n").first ?? ""
            throw CommandError("\(name) is not valid YAML: \(reason)")
        }
    }

    /// Aliases are written out where they stand, so that a short text can become a huge tree.
    private static let nodeLimit = 100_000

    private static func value(_ node: Node, _ budget: inout Int) throws -> JSONValue {
        budget -= 1
        guard budget > 0 else { throw CommandError("more than \(nodeLimit) values") }
        if let mapping = node.mapping {
            var object = JSONObject()
            for (key, value) in mapping {
                guard let name = key.string else {
                    throw CommandError("a key is no plain text")
                }
                guard object[name] == nil else { throw CommandError("'\(name)' stands twice") }
                // A null is kept away: an option without a value is one that is not given.
                let read = try self.value(value, &budget)
                if !read.isNull { object[name] = read }
            }
            return .object(object)
        }
        if let items = node.sequence {
            return .array(try items.map { try value($0, &budget) })
        }
        guard let scalar = node.scalar else { throw CommandError("an alias is not supported") }
        // What is quoted is text whatever it looks like.
        if scalar.style == .singleQuoted || scalar.style == .doubleQuoted {
            return .string(scalar.string)
        }
        if node.null != nil { return .null }
        if let flag = node.bool { return .bool(flag) }
        if let number = node.int { return .integer(Int64(number)) }
        if let number = node.float { return .double(number) }
        // YAML 1.1 wants a point in numbers with an exponent; people write 1e-4.
        if scalar.string.contains(where: \.isNumber), let number = Double(scalar.string) {
            return .double(number)
        }
        return .string(scalar.string)
    }

    /// Sets `a.b.c=value`, the value being YAML.
    static func set(_ assignment: String, in root: JSONValue) throws -> JSONValue {
        guard let equals = assignment.firstIndex(of: "="), equals > assignment.startIndex else {
            throw CommandError("--set takes KEY=VALUE, such as optimizer.learning_rate=1e-4")
        }
        let keys = assignment[..<equals].split(separator: ".", omittingEmptySubsequences: false)
            .map(String.init)
        guard !keys.contains("") else {
            throw CommandError("--set \(assignment): a part of the key is empty")
        }
        let text = String(assignment[assignment.index(after: equals)...])
        return try set(
            try parse(text, name: "--set \(keys.joined(separator: "."))"), at: keys[...], in: root)
    }

    private static func set(_ value: JSONValue, at keys: ArraySlice<String>, in root: JSONValue)
        throws -> JSONValue
    {
        guard let key = keys.first else { return value }
        var object: JSONObject
        switch root {
        case .object(let known): object = known
        case .null: object = JSONObject()
        default: throw CommandError("--set: '\(key)' stands below a value that is no mapping")
        }
        object[key] = try set(value, at: keys.dropFirst(), in: object[key] ?? .null)
        return .object(object)
    }
}

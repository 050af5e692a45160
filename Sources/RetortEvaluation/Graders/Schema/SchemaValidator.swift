// SPDX-License-Identifier: Apache-2.0
//
// RetortGrammar's schemas say what a model may write, which is less than what satisfies them (members
// in order, `oneOf` read as `anyOf`). Whether a document satisfies a schema is decided here.

import Foundation
import RetortGrammar
import RetortJSON

/// Decides whether documents satisfy a JSON Schema of draft 2020-12.
///
/// Keywords that say something about documents and are not supported (`format`, `unevaluated…`,
/// `$dynamicRef`, references to other documents) are errors, as is every unknown keyword that does not
/// begin with `x-`.
public struct SchemaValidator: Sendable {
    let root: JSONValue
    /// By the pattern's text.
    let patterns: [String: RegexPattern]

    /// Nesting of schemas within schemas and references while a document is checked.
    static let mostDepth = 200
    /// Checks of one document: alternatives in alternatives could multiply them.
    static let mostChecks = 1_000_000

    /// - Throws: ``EvaluationError`` with the place of what is wrong or not supported.
    public init(_ schema: JSONValue) throws(EvaluationError) {
        root = schema
        var check = SchemaCheck(root: schema)
        try check.schema(schema, path: "$", depth: 0)
        try check.references()
        patterns = check.patterns
    }

    /// Whether a document satisfies the schema. One that takes more than a million steps does not: what
    /// a model wrote must not be able to make a grader fail.
    public func accepts(_ document: JSONValue) -> Bool {
        var run = SchemaRun(validator: self)
        do throws(SchemaRun.TooFar) {
            return try run.accepts(document, root, depth: 0)
        } catch { return false }
    }

    /// What a `$ref` within the document points to.
    static func target(of reference: String, in root: JSONValue) -> JSONValue? {
        guard reference == "#" || reference.hasPrefix("#/") else { return nil }
        var value = root
        for part in reference.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
            .dropFirst()
        {
            guard let plain = String(part).removingPercentEncoding else { return nil }
            // In this order (RFC 6901): ~01 is ~1 and not a slash.
            let key = plain.replacing("~1", with: "/").replacing("~0", with: "~")
            if let member = value[key] {
                value = member
            } else if let elements = value.arrayValue, let index = Int(key),
                elements.indices.contains(index)
            {
                value = elements[index]
            } else {
                return nil
            }
        }
        return value
    }
}

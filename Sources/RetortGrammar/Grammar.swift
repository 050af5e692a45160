// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// What a model's output must be, as an automaton over bytes whose parts may call one another.
public struct Grammar: Sendable {
    let network: RuleNetwork

    /// Only JSON documents that satisfy `schema`.
    ///
    /// The keywords are those of draft 2020-12 and 7; see `docs/constrained-decoding.md` for the
    /// list. `oneOf` is read as `anyOf`, members come in the order of the schema.
    /// - Throws: ``GrammarError`` with the path of a keyword that is not supported.
    public init(
        jsonSchema schema: JSONValue, whitespace: GrammarWhitespace = .flexible,
        limits: GrammarLimits = GrammarLimits()
    ) throws(GrammarError) {
        var compiler = SchemaCompiler(schema, whitespace: whitespace, limits: limits)
        let (rules, start) = try compiler.compile()
        network = try RuleNetwork(rules, start: start, limits: limits)
    }

    /// As above, from a schema's text.
    public init(
        jsonSchema text: String, whitespace: GrammarWhitespace = .flexible,
        limits: GrammarLimits = GrammarLimits()
    ) throws(GrammarError) {
        guard text.utf8.count <= limits.sourceBytes else {
            throw GrammarError(.limit, "a schema of more than \(limits.sourceBytes) bytes")
        }
        let schema: JSONValue
        do throws(JSONError) {
            schema = try JSONValue(
                parsing: text, options: .init(maximumDepth: limits.sourceDepth))
        } catch {
            throw GrammarError(.invalid, "the schema is \(error)")
        }
        try self.init(jsonSchema: schema, whitespace: whitespace, limits: limits)
    }

    /// Only texts that a regular expression matches as a whole.
    public init(regex pattern: String, limits: GrammarLimits = GrammarLimits())
        throws(GrammarError)
    {
        let node = try RegexParser.parse(pattern, limits: limits)
        let automaton = try node.automaton(.full, limits: limits)
        network = try RuleNetwork([automaton], start: 0, limits: limits)
    }

    /// Any JSON object.
    public static func jsonObject(
        whitespace: GrammarWhitespace = .flexible, limits: GrammarLimits = GrammarLimits()
    ) throws(GrammarError) -> Grammar {
        try Grammar(jsonSchema: ["type": "object"], whitespace: whitespace, limits: limits)
    }

    /// States of the automaton; what its tables cost is proportional to it.
    public var stateCount: Int { network.count }

    /// Whether a whole text is in the language. Slow beside a matcher's masks: for checks.
    public func accepts(_ text: some Sequence<UInt8>) -> Bool {
        var arena = StateArena(network)
        var state = arena.start
        for byte in text {
            state = arena.next(state, byte)
            if state == StateArena.dead { return false }
        }
        return arena.isFinal(state)
    }
}

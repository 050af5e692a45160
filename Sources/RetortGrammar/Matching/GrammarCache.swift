// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What a request asks the output to be.
public enum GrammarSource: Sendable, Hashable {
    /// JSON that satisfies the schema with this text.
    case jsonSchema(String)
    /// Any JSON object.
    case jsonObject
    /// A text that the pattern matches as a whole.
    case regex(String)

    /// The source as a grammar.
    public func grammar(
        whitespace: GrammarWhitespace = .flexible, limits: GrammarLimits = GrammarLimits()
    ) throws(GrammarError) -> Grammar {
        switch self {
        case .jsonSchema(let text):
            try Grammar(jsonSchema: text, whitespace: whitespace, limits: limits)
        case .jsonObject: try Grammar.jsonObject(whitespace: whitespace, limits: limits)
        case .regex(let pattern): try Grammar(regex: pattern, limits: limits)
        }
    }

    // Texts are compared by their bytes: `==` on strings takes canonically equivalent ones for one.
    private var key: (Int, String) {
        switch self {
        case .jsonSchema(let text): (0, text)
        case .jsonObject: (1, "")
        case .regex(let pattern): (2, pattern)
        }
    }

    public static func == (a: GrammarSource, b: GrammarSource) -> Bool {
        a.key.0 == b.key.0 && a.key.1.utf8.elementsEqual(b.key.1.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(key.0)
        for byte in key.1.utf8 { hasher.combine(byte) }
    }
}

/// The constraints of a model's recent requests, so that each grammar is compiled once.
public final class GrammarCache: Sendable {
    public let vocabulary: TokenVocabulary
    private let capacity: Int
    private let whitespace: GrammarWhitespace
    private let limits: GrammarLimits
    private let entries = Mutex<Entries>(Entries())

    fileprivate struct Entries {
        var constraints: [GrammarSource: (constraint: TokenConstraint, lastUse: Int)] = [:]
        var uses = 0
    }

    /// - Parameter capacity: grammars that are kept; those that were not used longest go first.
    public init(
        vocabulary: TokenVocabulary, capacity: Int = 32, whitespace: GrammarWhitespace = .flexible,
        limits: GrammarLimits = GrammarLimits()
    ) {
        self.vocabulary = vocabulary
        self.capacity = max(1, capacity)
        self.whitespace = whitespace
        self.limits = limits
    }

    /// Grammars that are kept now.
    public var count: Int { entries.withLock { $0.constraints.count } }

    /// The constraint of a source, compiled unless it is kept. Errors are not kept.
    public func constraint(for source: GrammarSource) throws(GrammarError) -> TokenConstraint {
        if let known = entries.withLock({ $0.use(source) }) { return known }
        // Compiled without the lock: a large schema must not hold up other requests.
        let grammar = try source.grammar(whitespace: whitespace, limits: limits)
        let constraint = try TokenConstraint(grammar, vocabulary: vocabulary)
        return entries.withLock { entries in
            if let earlier = entries.use(source) { return earlier }
            entries.insert(constraint, for: source, capacity: capacity)
            return constraint
        }
    }
}

extension GrammarCache.Entries {
    fileprivate mutating func use(_ source: GrammarSource) -> TokenConstraint? {
        guard let entry = constraints[source] else { return nil }
        uses += 1
        constraints[source] = (entry.constraint, uses)
        return entry.constraint
    }

    fileprivate mutating func insert(
        _ constraint: TokenConstraint, for source: GrammarSource, capacity: Int
    ) {
        uses += 1
        constraints[source] = (constraint, uses)
        while constraints.count > capacity {
            guard let oldest = constraints.min(by: { $0.value.lastUse < $1.value.lastUse }) else {
                return
            }
            constraints[oldest.key] = nil
        }
    }
}

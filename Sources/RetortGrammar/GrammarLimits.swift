// SPDX-License-Identifier: Apache-2.0

/// How large a grammar may become. Every limit ends in a ``GrammarError``, never in a long wait.
public struct GrammarLimits: Sendable, Hashable {
    /// Bytes of a schema or pattern.
    public var sourceBytes = 1 << 20
    /// Nesting of a schema or pattern.
    public var sourceDepth = 128
    /// Places of a schema that are visited, counting each combination of `allOf` once.
    public var schemaNodes = 20_000
    /// Alternatives of one value after `anyOf`, `oneOf` and `allOf` are multiplied out.
    public var alternatives = 512
    /// States of one automaton before it is made deterministic.
    public var nondeterministicStates = 400_000
    /// States of the whole deterministic automaton.
    public var states = 200_000
    /// Nesting of the documents that are written.
    public var documentDepth = 128

    public init() {}
}

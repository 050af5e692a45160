// SPDX-License-Identifier: Apache-2.0

/// A regular expression that texts are checked with. An automaton: the time is proportional to the
/// text whatever the pattern, and a pattern whose automaton is too large is an error.
package struct RegexPattern: Sendable {
    private let automaton: Automaton

    /// States that a pattern may have: some hundredths of a second to make.
    package static let defaultLimits: GrammarLimits = {
        var limits = GrammarLimits()
        limits.sourceBytes = 1 << 14
        limits.nondeterministicStates = 50_000
        limits.states = 5_000
        return limits
    }()

    /// - Parameter searches: Whether a part of a text may match, as JSON Schema's `pattern` has it;
    ///   else the whole text must.
    /// - Throws: ``GrammarError`` for what is no pattern, describes no regular language or is too large.
    package init(
        _ pattern: String, searches: Bool, limits: GrammarLimits = Self.defaultLimits
    ) throws(GrammarError) {
        let node = try RegexParser.parse(pattern, limits: limits)
        automaton = try node.automaton(searches ? .search : .full, limits: limits)
    }

    package func matches(_ text: String) -> Bool { automaton.accepts(text.utf8) }
}

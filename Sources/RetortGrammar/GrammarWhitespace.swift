// SPDX-License-Identifier: Apache-2.0

/// Where a JSON document may have white space. It is always bounded: no model can write white space
/// for ever.
public enum GrammarWhitespace: Sendable, Hashable {
    /// None at all.
    case compact
    /// One space after `,` and `:`, or a line feed with an indent of up to 32 spaces or 8 tabs
    /// after `{`, `[` and `,` and before `}` and `]`. Every common layout, and mixtures of them.
    case flexible

    static let longestIndent = 32
}

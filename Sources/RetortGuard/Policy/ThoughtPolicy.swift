// SPDX-License-Identifier: Apache-2.0

/// What a client sees of a model's thoughts.
public enum ThoughtPolicy: String, Sendable, CaseIterable {
    case full
    /// A few sentences taken from the thought.
    case summary
    case none
}

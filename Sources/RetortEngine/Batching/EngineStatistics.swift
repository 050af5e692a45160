// SPDX-License-Identifier: Apache-2.0

/// What an engine has done and is doing.
public struct EngineStatistics: Sendable, Equatable {
    /// Sequences that read or generate.
    public var running = 0
    /// Sequences without a place.
    public var waiting = 0
    /// Pages of keys and values: all, and those nobody holds.
    public var pages = 0
    public var freePages = 0
    /// Pages that only the prefix cache holds, given up when sequences need them.
    public var keptPages = 0
    /// Tokens of prompts read or found in the prefix cache, and those found.
    public var promptTokens = 0
    public var cachedTokens = 0
    public var generatedTokens = 0
    /// Passes that generated, and the sequences in all of them.
    public var passes = 0
    public var sequencesInPasses = 0
    /// Sequences that lost their place for want of memory.
    public var preemptions = 0
    public var refusals = 0
    public var finished: [FinishReason: Int] = [:]
    public var failures = 0

    public init() {}
}

// SPDX-License-Identifier: Apache-2.0

/// Where a request comes from, for who keeps rules and records. The engine looks at none of it.
public struct RequestSource: Sendable {
    /// Of the request that the client sent; its answers share it.
    public var id = ""
    /// The API that it came by.
    public var route = ""
    /// Whether the client leaves it to the server to mark the answer.
    public var acceptsMark = true
    public var address: String?
    public var userAgent: String?
    public var isStream = false
    /// Answers that were asked for, and what they cost together.
    public var choices = 1
    public var answers = AnswerCount()
    public var system: String?
    /// The last that a person wrote; nil where only tokens are known.
    public var user: String?
    /// How often a person wrote.
    public var turns = 1

    /// Whether the answer may be a call of a tool, or text that a program goes on from.
    public var isForPrograms = false

    public init() {}
}

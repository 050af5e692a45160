// SPDX-License-Identifier: Apache-2.0

/// A problem as the policy reads it.
public struct PolicyProblem: Sendable, Equatable {
    public var id: String
    /// The rendered prompt, up to where the answer begins.
    public var prompt: [Int32]
    public var level: Int

    public init(id: String, prompt: [Int32], level: Int) {
        self.id = id
        self.prompt = prompt
        self.level = level
    }
}

/// What the policy answered.
public struct PolicyAnswer: Sendable, Equatable {
    public var problem: PolicyProblem
    /// What was generated, the token that ended it included.
    public var tokens: [Int32]
    /// Whether the policy ended it, not the limit.
    public var isFinished: Bool

    public init(problem: PolicyProblem, tokens: [Int32], isFinished: Bool) {
        self.problem = problem
        self.tokens = tokens
        self.isFinished = isFinished
    }
}

/// What an answer earned.
public struct PolicyReward: Sendable, Equatable {
    /// What advantages are computed from.
    public var total: Double
    /// What it is made of, by name, such as accuracy and format.
    public var parts: [String: Double]
    public var isCorrect: Bool
    /// Whether the answer has a thought.
    public var thinks: Bool

    public init(total: Double, parts: [String: Double], isCorrect: Bool, thinks: Bool) {
        self.total = total
        self.parts = parts
        self.isCorrect = isCorrect
        self.thinks = thinks
    }
}

/// Problems and the rules by which answers are rewarded.
public protocol PolicyEnvironment: Sendable {
    /// Levels of difficulty, the easiest first; problems of each are drawn by the curriculum.
    var levels: [String] { get }

    /// The problem at a place of a level's endless sequence, the same every time.
    func problem(_ index: Int, level: Int) throws -> PolicyProblem

    /// Problems that ``problem(_:level:)`` never gives, always the same.
    func heldOut(_ count: Int) throws -> [PolicyProblem]

    /// - Returns: The rewards in the order of the answers.
    func rewards(_ answers: [PolicyAnswer]) throws -> [PolicyReward]
}

// SPDX-License-Identifier: Apache-2.0
//
// Patterns compiled for a backtracking machine. Loops over one set, which is nearly all of a
// tokenizer's pattern, are single instructions.

/// A compiled pattern.
struct RegexProgram: Sendable {
    enum Instruction: Sendable {
        case set(Int)
        /// A greedy or possessive loop over a set.
        case loop(Int, minimum: Int, maximum: Int, isPossessive: Bool)
        /// Goes on at the first target, and at the second if that fails.
        case fork(Int, Int)
        case jump(Int)
        /// Remembers the position in a register.
        case mark(Int)
        /// Goes on at the target if the position has moved since the mark.
        case jumpIfMoved(Int, register: Int)
        /// Tries what follows up to `.accept`; goes on at `next` where it stands.
        case look(next: Int, isNegative: Bool)
        /// Matches what follows up to `.accept` once; goes on at `next` behind it.
        case atomic(next: Int)
        case assertion(RegexNode.Assertion)
        case accept
    }

    private(set) var instructions: [Instruction] = []
    private(set) var sets: [ScalarSet] = []
    private(set) var registerCount = 0

    private static let largest = 20_000

    /// - Throws: ``TokenizerError`` if the pattern has unsupported syntax or is too large.
    init(_ pattern: String) throws(TokenizerError) {
        try compile(try RegexParser.parse(pattern))
        try emit(.accept)
    }

    private mutating func emit(_ instruction: Instruction) throws(TokenizerError) {
        guard instructions.count < Self.largest else {
            throw TokenizerError(
                "regular expression: too large once its quantifiers are written out")
        }
        instructions.append(instruction)
    }

    private mutating func index(of set: ScalarSet) -> Int {
        if let index = sets.firstIndex(of: set) { return index }
        sets.append(set)
        return sets.count - 1
    }

    private mutating func compile(_ node: RegexNode) throws(TokenizerError) {
        switch node {
        case .empty: break
        case .set(let set): try emit(.set(index(of: set)))
        case .sequence(let nodes): for node in nodes { try compile(node) }
        case .alternatives(let branches): try compile(alternatives: branches)
        case .assertion(let assertion): try emit(.assertion(assertion))
        case .look(let node, let isNegative):
            let at = instructions.count
            try emit(.accept)
            try compile(node)
            try emit(.accept)
            instructions[at] = .look(next: instructions.count, isNegative: isNegative)
        case .atomic(let node):
            let at = instructions.count
            try emit(.accept)
            try compile(node)
            try emit(.accept)
            instructions[at] = .atomic(next: instructions.count)
        case .repetition(let node, let minimum, let maximum, let greed):
            if case .set(let set) = node, greed != .lazy {
                try emit(
                    .loop(
                        index(of: set), minimum: minimum, maximum: maximum ?? .max,
                        isPossessive: greed == .possessive))
            } else if greed == .possessive {
                try compile(.atomic(.repetition(node, minimum: minimum, maximum: maximum, .greedy)))
            } else {
                try compile(repeating: node, minimum, maximum, isLazy: greed == .lazy)
            }
        }
    }

    private mutating func compile(alternatives branches: [RegexNode]) throws(TokenizerError) {
        var ends: [Int] = []
        for (index, branch) in branches.enumerated() {
            guard index + 1 < branches.count else {
                try compile(branch)
                break
            }
            let fork = instructions.count
            try emit(.accept)
            try compile(branch)
            ends.append(instructions.count)
            try emit(.accept)
            instructions[fork] = .fork(fork + 1, instructions.count)
        }
        for end in ends { instructions[end] = .jump(instructions.count) }
    }

    private mutating func compile(
        repeating node: RegexNode, _ minimum: Int, _ maximum: Int?, isLazy: Bool
    ) throws(TokenizerError) {
        for _ in 0..<minimum { try compile(node) }
        if let maximum {
            var forks: [Int] = []
            for _ in minimum..<maximum {
                forks.append(instructions.count)
                try emit(.accept)
                try compile(node)
            }
            for fork in forks { setFork(fork, body: fork + 1, isLazy: isLazy) }
            return
        }
        let register = registerCount
        registerCount += 1
        let fork = instructions.count
        try emit(.accept)
        try emit(.mark(register))
        try compile(node)
        try emit(.jumpIfMoved(fork, register: register))
        setFork(fork, body: fork + 1, isLazy: isLazy)
    }

    private mutating func setFork(_ fork: Int, body: Int, isLazy: Bool) {
        let exit = instructions.count
        instructions[fork] = isLazy ? .fork(exit, body) : .fork(body, exit)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Countdown as a thought: one way after another is tried and compared with the target, until it is met or patience
// ends; the last one is the answer, right or not (after the stream of search of Gandhi et al. 2024). The sign is
// the check: a model that does not write it down has only the end of the thought to learn the comparison from,
// and takes many times the tokens for it.
//
//     17 of 3, 4, 5:  5-3=2,4*2=8<;5*4=20,20-3=17=  (5*4)-3

import RetortTensor

/// A problem that was tried to be solved.
public struct CountdownTrace: Sendable, Equatable {
    public var thought: String
    /// An expression.
    public var answer: String
    public var tries: Int
    public var isSolved: Bool

    /// - Parameters:
    ///   - patience: The mean of the tries after which one gives up; a way is not tried twice.
    /// - Throws: ``EvaluationError`` if there are too many numbers.
    public init(
        _ numbers: [Int], target: Int, patience: Double,
        _ random: inout some RandomNumberGenerator
    ) throws(EvaluationError) {
        self.init(
            try CountdownSearch.ways(numbers), target: target, patience: patience, &random)
    }

    /// - Parameter ways: All that there are.
    init(
        _ ways: [CountdownWay], target: Int, patience: Double,
        _ random: inout some RandomNumberGenerator
    ) {
        var ways = ways
        var steps: [String] = []
        answer = ""
        isSolved = false
        while let last = ways.indices.last {
            ways.swapAt(Int.random(in: 0...last, using: &random), last)
            let way = ways.removeLast()
            steps.append(way.steps + Self.sign(way.value, target))
            answer = way.expression
            isSolved = way.value == target
            if isSolved || Double.random(in: 0..<1, using: &random) * patience < 1 { break }
        }
        tries = steps.count
        thought = steps.joined(separator: ";")
    }

    /// How a value stands to the target.
    private static func sign(_ value: Int, _ target: Int) -> String {
        value == target ? "=" : value < target ? "<" : ">"
    }
}

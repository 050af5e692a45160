// SPDX-License-Identifier: Apache-2.0
//
// Numbers and a target: a search that a model has to do in its thought. A part of all sets of numbers
// is held out by a hash, whatever the target.

import RetortTensor

/// Countdown: make a number of given numbers.
public struct CountdownTask: EvaluationTask {
    /// How many numbers are given.
    public let count: Int
    /// The numbers are 1 … this.
    public let largest: Int
    /// Targets are 1 … this.
    public let largestTarget: Int

    static let heldOutPercent: UInt64 = 15
    /// Intermediate results of the solution that a problem is known to have.
    public static let largestIntermediate = 200

    /// - Throws: ``EvaluationError`` if a number is out of its range.
    public init(numbers count: Int = 3, largest: Int = 20, largestTarget: Int = 99)
        throws(EvaluationError)
    {
        guard (2...CountdownSolver.mostNumbers).contains(count), (1...99).contains(largest),
            (1...Self.largestIntermediate).contains(largestTarget)
        else {
            throw EvaluationError(
                "\(count) numbers up to \(largest) with targets up to \(largestTarget); expected 2 to \(CountdownSolver.mostNumbers) numbers, up to 99, targets up to \(Self.largestIntermediate)"
            )
        }
        self.count = count
        self.largest = largest
        self.largestTarget = largestTarget
    }

    public var isGenerated: Bool { true }
    public var name: String { "countdown-\(count)" }

    /// Whether problems with these numbers, in any order, are held out.
    public static func isHeldOut(_ numbers: [Int]) -> Bool {
        let text = numbers.sorted().map(String.init).joined(separator: " ")
        return StableHash.isHeldOut("countdown \(text)", percent: heldOutPercent)
    }

    public func forEachProblem(
        _ split: Split, seed: UInt64, _ body: (Problem) -> Bool
    ) throws(EvaluationError) {
        let targets = UInt128(largestTarget)
        let order = RandomOrder(count: UInt128(multisets) * targets, seed: seed)
        var place: UInt128 = 0
        while place < order.count {
            let index = order[place]
            place += 1
            let numbers = multiset(Int(index / targets))
            guard Self.isHeldOut(numbers) == (split == .heldOut) else { continue }
            let target = Int(index % targets) + 1
            let reachable = CountdownSolver.reachable(numbers, limit: Self.largestIntermediate)
            guard reachable.contains(target) else { continue }
            var random = SplitMix64(seed: seed ^ SplitMix64.mix(UInt64(index) &+ 1))
            var given = numbers
            // Not the standard library's shuffle, whose order is not promised.
            for last in given.indices.dropFirst().reversed() {
                given.swapAt(last, random.index(below: last + 1))
            }
            guard body(problem(given, target, sorted: numbers)) else { return }
        }
    }

    private func problem(_ numbers: [Int], _ target: Int, sorted: [Int]) -> Problem {
        let sums = CountdownSolver.reachable(
            sorted, limit: Self.largestIntermediate, onlySums: true)
        return Problem(
            id: sorted.map(String.init).joined(separator: "-") + "=\(target)",
            prompt: .text(Self.question(numbers, target)),
            answer: String(target),
            difficulty:
                "\(count) numbers, \(sums.contains(target) ? "+ and - alone" : "needs * or /")",
            grader: CountdownGrader(numbers: numbers, target: target))
    }

    static func question(_ numbers: [Int], _ target: Int) -> String {
        let list = numbers.map(String.init).joined(separator: ", ")
        return
            "Write an expression that equals \(target). Use each of the numbers \(list) exactly once, with +, -, *, / and parentheses. Put the expression in <answer> </answer>."
    }

    /// How many sets of numbers there are, order aside.
    private var multisets: Int { Self.choose(largest + count - 1, count) }

    /// - Returns: n over k; exact for what the ranges allow.
    private static func choose(_ n: Int, _ k: Int) -> Int {
        (0..<max(0, k)).reduce(1) { $0 * (n - $1) / ($1 + 1) }
    }

    /// The set of numbers with a rank, ascending.
    private func multiset(_ rank: Int) -> [Int] {
        // A set with repetition is one without, of numbers up to largest + count - 1: subtract the place.
        var rest = rank
        var numbers: [Int] = []
        var next = 0
        for place in 0..<count {
            let left = count - place - 1
            var ways = Self.choose(largest + count - 1 - next - 1, left)
            while rest >= ways {
                rest -= ways
                next += 1
                ways = Self.choose(largest + count - 1 - next - 1, left)
            }
            numbers.append(next + 1 - place)
            next += 1
        }
        return numbers
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Countdown as a search: which ways there are to put all the numbers together with integers from 1 to a limit
// all the way, and how often so many of them, tried in any order, meet the target. Unlike
// CountdownSolver, which counts texts, this counts ways that differ in their numbers: 3 + 4 and 4 + 3 are one.

/// A way to put all the numbers together.
public struct CountdownWay: Sendable, Equatable {
    /// Its steps, such as `3+4=7,7*5=35`.
    public var steps: String
    /// The same as one expression, `(3+4)*5`.
    public var expression: String
    public var value: Int
}

/// All ways over given numbers.
public enum CountdownSearch {
    private struct Term {
        var value: Int
        var text: String
        /// Whether the text needs brackets as an operand.
        var isCompound = false

        var operand: String { isCompound ? "(\(text))" : text }
    }

    /// Every way, in a fixed order.
    /// - Parameters:
    ///   - numbers: 2 to 4: of five there are too many to write down.
    ///   - limit: Results are integers from 1 to this.
    /// - Throws: ``EvaluationError`` if the numbers are others.
    public static func ways(_ numbers: [Int], limit: Int = CountdownTask.largestIntermediate)
        throws(EvaluationError) -> [CountdownWay]
    {
        guard (2...4).contains(numbers.count), numbers.allSatisfy({ (1...limit).contains($0) })
        else {
            throw EvaluationError(
                "\(numbers.count) numbers; expected 2 to 4, each from 1 to \(limit)")
        }
        var ways: [CountdownWay] = []
        var known: Set<String> = []
        extend(numbers.map { Term(value: $0, text: "\($0)") }, [], limit) { steps, last in
            // Equal numbers give equal ways.
            guard known.insert("\(steps) \(last.text)").inserted else { return }
            ways.append(
                CountdownWay(
                    steps: steps.joined(separator: ","), expression: last.text, value: last.value))
        }
        return ways
    }

    private static func extend(
        _ terms: [Term], _ steps: [String], _ limit: Int, _ body: ([String], Term) -> Void
    ) {
        guard terms.count > 1 else {
            body(steps, terms[0])
            return
        }
        for i in terms.indices {
            for j in terms.indices where j > i {
                // The larger one first: differences and quotients are positive then.
                let (a, b) =
                    terms[i].value >= terms[j].value
                    ? (terms[i], terms[j]) : (terms[j], terms[i])
                let rest = terms.indices.filter { $0 != i && $0 != j }.map { terms[$0] }
                var results: [(String, Int)] = [("+", a.value + b.value), ("*", a.value * b.value)]
                if a.value > b.value { results.append(("-", a.value - b.value)) }
                if a.value % b.value == 0 { results.append(("/", a.value / b.value)) }
                for (sign, value) in results where value <= limit {
                    let term = Term(
                        value: value, text: "\(a.operand)\(sign)\(b.operand)", isCompound: true)
                    extend(
                        rest + [term], steps + ["\(a.value)\(sign)\(b.value)=\(value)"], limit, body
                    )
                }
            }
        }
    }

    /// How likely it is that one of `tries` ways, drawn evenly, meets the target.
    /// - Parameters:
    ///   - hits, ways: How many meet it, of how many.
    ///   - forgets: Whether a way may be drawn again.
    public static func chance(hits: Int, ways: Int, tries: Int, forgets: Bool) -> Double {
        guard ways > 0, hits > 0 else { return 0 }
        var miss = 1.0
        for place in 0..<tries {
            let left = forgets ? ways : ways - place
            guard left > hits || forgets else { return 1 }
            miss *= Double(left - hits) / Double(left)
        }
        return 1 - miss
    }
}

// SPDX-License-Identifier: Apache-2.0

/// All expressions over given numbers: binary trees whose leaves are the numbers in any order, each
/// number once, and whose inner nodes are + - * /. Equal numbers are told apart, and so are a + b and
/// b + a: k numbers have k! · Catalan(k-1) · 4^(k-1) expressions, 192 for three.
public enum CountdownSolver {
    public static let mostNumbers = 6

    /// What can be made of all the numbers, with results that are integers from 1 to `limit` all the
    /// way.
    public static func reachable(_ numbers: [Int], limit: Int, onlySums: Bool = false) -> Set<Int> {
        guard !numbers.isEmpty, numbers.count <= mostNumbers else { return [] }
        var values = [[Int]](repeating: [], count: 1 << numbers.count)
        for mask in 1..<values.count {
            if mask & (mask - 1) == 0 {
                values[mask] = [numbers[mask.trailingZeroBitCount]].filter { 1...limit ~= $0 }
                continue
            }
            var isFound = [Bool](repeating: false, count: limit + 1)
            func found(_ value: Int) { if value >= 1, value <= limit { isFound[value] = true } }
            forEachSplit(of: mask) { left, right in
                // Both orders come, so that each needs a - b and a / b one way only.
                for a in values[left] {
                    for b in values[right] {
                        found(a - b)
                        if left > right { continue }
                        found(a + b)
                        if !onlySums { found(a * b) }
                    }
                    if onlySums { continue }
                    for b in values[right] where a % b == 0 { found(a / b) }
                }
            }
            values[mask] = (1..<isFound.count).filter { isFound[$0] }
        }
        return Set(values[values.count - 1])
    }

    /// How many expressions there are, and how many of them equal the target exactly, whatever
    /// fractions and negative numbers come between. One that divides by 0 equals nothing.
    /// - Parameter numbers: 1 to ``mostNumbers``, each from 1 to 99.
    /// - Throws: ``EvaluationError`` if the numbers are others.
    public static func count(_ numbers: [Int], target: Int)
        throws(EvaluationError) -> (hits: Int, all: Int)
    {
        try check(numbers)
        let goal = SmallFraction(target)
        let full = (1 << numbers.count) - 1
        var counts = [[SmallFraction: Int]](repeating: [:], count: full + 1)
        var hits = 0
        for mask in 1...full {
            if mask & (mask - 1) == 0 {
                let value = SmallFraction(numbers[mask.trailingZeroBitCount])
                counts[mask] = [value: 1]
                if mask == full, value == goal { hits += 1 }
                continue
            }
            var here: [SmallFraction: Int] = [:]
            forEachSplit(of: mask) { left, right in
                for (a, ways) in counts[left] {
                    for (b, others) in counts[right] {
                        for operation in CountdownOperation.allCases {
                            guard let value = operation.apply(a, b) else { continue }
                            if mask == full {
                                if value == goal { hits += ways * others }
                            } else {
                                here[value, default: 0] += ways * others
                            }
                        }
                    }
                }
            }
            counts[mask] = here
        }
        return (hits, expressions(numbers.count))
    }

    /// Calls `body` with every expression and its value, nil where it divides by 0.
    /// - Parameter numbers: 1 to 4, of which there are 7,680; more would be millions of texts.
    /// - Throws: ``EvaluationError`` if the numbers are others.
    public static func forEachExpression(
        _ numbers: [Int], _ body: (_ text: String, _ value: (Int, Int)?) -> Void
    ) throws(EvaluationError) {
        try check(numbers)
        guard numbers.count <= 4 else {
            throw EvaluationError("\(numbers.count) numbers; expected up to 4")
        }
        typealias Expression = (text: String, value: SmallFraction?)
        var lists = [[Expression]](repeating: [], count: 1 << numbers.count)
        for mask in 1..<lists.count {
            if mask & (mask - 1) == 0 {
                let number = numbers[mask.trailingZeroBitCount]
                lists[mask] = [("\(number)", SmallFraction(number))]
                continue
            }
            var here: [Expression] = []
            forEachSplit(of: mask) { left, right in
                for a in lists[left] {
                    for b in lists[right] {
                        for operation in CountdownOperation.allCases {
                            var value: SmallFraction?
                            if let x = a.value, let y = b.value { value = operation.apply(x, y) }
                            here.append(("(\(a.text) \(operation.rawValue) \(b.text))", value))
                        }
                    }
                }
            }
            lists[mask] = here
        }
        for (text, value) in lists[lists.count - 1] {
            body(text, value.map { ($0.numerator, $0.denominator) })
        }
    }

    /// How likely it is that one of `tries` expressions, drawn at random, is among the hits: what a
    /// model that spends so many tries in its thought reaches without knowing anything.
    public static func ceiling(hits: Int, of all: Int, tries: Int, withReplacement: Bool) -> Double
    {
        guard all > 0, hits > 0, tries > 0 else { return 0 }
        guard !withReplacement else {
            var miss = 1.0
            let share = 1 - Double(hits) / Double(all)
            for _ in 0..<min(tries, 1 << 24) where miss > 0 { miss *= share }
            return 1 - miss
        }
        guard tries <= all - hits else { return 1 }
        var miss = 1.0
        for drawn in 0..<tries where miss > 0 {
            miss *= 1 - Double(hits) / Double(all - drawn)
        }
        return 1 - miss
    }

    /// k! · Catalan(k-1) · 4^(k-1), which is (2k-2)! / (k-1)! · 4^(k-1).
    private static func expressions(_ k: Int) -> Int {
        guard k > 1 else { return k }
        return (k...(2 * k - 2)).reduce(1, *) << (2 * (k - 1))
    }

    private static func check(_ numbers: [Int]) throws(EvaluationError) {
        guard (1...mostNumbers).contains(numbers.count), numbers.allSatisfy({ 1...99 ~= $0 })
        else {
            throw EvaluationError(
                "\(numbers.count) numbers; expected 1 to \(mostNumbers), each from 1 to 99")
        }
    }

    /// Every way to part a set of places in two, in both orders.
    private static func forEachSplit(of mask: Int, _ body: (_ left: Int, _ right: Int) -> Void) {
        var left = (mask - 1) & mask
        while left > 0 {
            body(left, mask ^ left)
            left = (left - 1) & mask
        }
    }
}

enum CountdownOperation: Character, CaseIterable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"

    /// Nil for a division by 0.
    func apply(_ a: SmallFraction, _ b: SmallFraction) -> SmallFraction? {
        switch self {
        case .add:
            return SmallFraction(
                a.numerator * b.denominator + b.numerator * a.denominator,
                a.denominator * b.denominator)
        case .subtract:
            return SmallFraction(
                a.numerator * b.denominator - b.numerator * a.denominator,
                a.denominator * b.denominator)
        case .multiply:
            return SmallFraction(a.numerator * b.numerator, a.denominator * b.denominator)
        case .divide:
            return SmallFraction(a.numerator * b.denominator, a.denominator * b.numerator)
        }
    }
}

/// A fraction in lowest terms of small numbers: of up to six numbers up to 99 none can overflow, since
/// the product of all of them times the count of terms stays below 2^46.
struct SmallFraction: Hashable {
    let numerator: Int
    let denominator: Int

    init(_ integer: Int) {
        numerator = integer
        denominator = 1
    }

    /// Nil for a denominator of 0.
    init?(_ numerator: Int, _ denominator: Int) {
        guard denominator != 0 else { return nil }
        var (a, b) = (abs(numerator), abs(denominator))
        while b != 0 { (a, b) = (b, a % b) }
        self.numerator = (denominator < 0 ? -numerator : numerator) / a
        self.denominator = abs(denominator) / a
    }
}

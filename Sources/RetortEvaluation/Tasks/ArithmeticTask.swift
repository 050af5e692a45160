// SPDX-License-Identifier: Apache-2.0
//
// Problems that no one has to collect, of any difficulty, and that cannot have leaked into a corpus:
// a tenth of all pairs of operands is held out by a hash, which whoever makes training data asks too.

/// Multiplication or addition of numbers with given counts of digits.
public struct ArithmeticTask: EvaluationTask {
    public enum Operation: String, Sendable, CaseIterable {
        case multiplication, addition

        var symbol: String { self == .multiplication ? "*" : "+" }
    }

    public let operation: Operation
    /// Of the first and the second operand.
    public let digits: (Int, Int)

    /// Products of 18 by 18 digits fit 128 bits.
    public static let mostDigits = 18
    static let heldOutPercent: UInt64 = 10

    /// - Throws: ``EvaluationError`` if a count of digits is none of 1 … 18.
    public init(_ operation: Operation, digits: (Int, Int)) throws(EvaluationError) {
        let range = 1...Self.mostDigits
        guard range.contains(digits.0), range.contains(digits.1) else {
            throw EvaluationError(
                "\(digits.0) and \(digits.1) digits; expected 1 to \(Self.mostDigits)")
        }
        self.operation = operation
        self.digits = digits
    }

    /// Reads `3`, both operands', or `3x2`; nil for another text.
    public static func digits(_ text: String) -> (Int, Int)? {
        let parts = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count <= 2, let first = parts.first ?? nil, let last = parts.last ?? nil
        else { return nil }
        return (first, last)
    }

    public var isGenerated: Bool { true }
    public var name: String { "\(operation.rawValue)-\(digits.0)x\(digits.1)" }

    /// Whether a problem with these operands, in either order, is held out.
    public static func isHeldOut(_ operation: Operation, _ a: UInt64, _ b: UInt64) -> Bool {
        StableHash.isHeldOut(
            "\(operation.rawValue) \(min(a, b)) \(max(a, b))", percent: heldOutPercent)
    }

    public func forEachProblem(
        _ split: Split, seed: UInt64, _ body: (Problem) -> Bool
    ) throws(EvaluationError) {
        let (first, second) = (Self.range(digits.0), Self.range(digits.1))
        let width = UInt128(second.count)
        let order = RandomOrder(count: UInt128(first.count) * width, seed: seed)
        var place: UInt128 = 0
        while place < order.count {
            let pair = order[place]
            place += 1
            let a = first.lowest + UInt64(pair / width)
            let b = second.lowest + UInt64(pair % width)
            guard Self.isHeldOut(operation, a, b) == (split == .heldOut) else { continue }
            guard body(problem(a, b)) else { return }
        }
    }

    /// Numbers of so many digits; of one digit 0 is one too.
    private static func range(_ digits: Int) -> (lowest: UInt64, count: UInt64) {
        let power = (1..<digits).reduce(1 as UInt64) { value, _ in value * 10 }
        return digits == 1 ? (0, 10) : (power, power * 9)
    }

    private func problem(_ a: UInt64, _ b: UInt64) -> Problem {
        let result =
            operation == .multiplication ? UInt128(a) * UInt128(b) : UInt128(a) + UInt128(b)
        return Problem(
            id: "\(a)\(operation.symbol)\(b)",
            prompt: .text("What is \(a) \(operation.symbol) \(b)?"),
            answer: String(result), difficulty: "\(digits.0)x\(digits.1)",
            grader: NumericGrader())
    }
}

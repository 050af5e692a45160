// SPDX-License-Identifier: Apache-2.0

/// The answer must be an expression that uses each given number once and equals the target exactly.
public struct CountdownGrader: Grader {
    public var extraction = AnswerExtraction(.whole)
    public let numbers: [Int]
    public let target: Int

    public init(numbers: [Int], target: Int) {
        self.numbers = numbers
        self.target = target
    }

    /// The expression without white space. Expressions that equal the same are not one answer: a vote
    /// that knew that would have solved the problem.
    public func canonical(_ answer: String) -> String? {
        guard CountdownExpression(answer) != nil else { return nil }
        let expression = answer.prefix { $0 != "=" }
        return String(
            String.UnicodeScalarView(
                expression.unicodeScalars.filter { !$0.properties.isWhitespace }))
    }

    public func score(_ answer: String, of problem: Problem) -> Double {
        guard let expression = CountdownExpression(answer),
            expression.numbers.sorted() == numbers.sorted(), let value = expression.value,
            value == Rational(target), expression.claim ?? target == target
        else { return 0 }
        return 1
    }
}

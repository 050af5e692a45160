// SPDX-License-Identifier: Apache-2.0

/// The answer must be the reference number: exactly, as fractions, unless a tolerance is given.
public struct NumericGrader: Grader {
    /// How far a number may lie from the reference: the larger of the two allowances counts.
    public struct Tolerance: Sendable, Equatable {
        let absolute: Rational
        let relative: Rational

        /// Exactly the reference.
        public static let exact = Tolerance(absolute: .zero, relative: .zero)

        private init(absolute: Rational, relative: Rational) {
            self.absolute = absolute
            self.relative = relative
        }

        /// - Parameters:
        ///   - absolute: 0 or more; `0.1` is a tenth, not the binary number beside it.
        ///   - relative: The same, in parts of the reference.
        /// - Throws: ``EvaluationError`` if one is negative or not finite.
        public init(absolute: Double = 0, relative: Double = 0) throws(EvaluationError) {
            guard let absolute = NumberText("\(absolute)")?.value,
                let relative = NumberText("\(relative)")?.value,
                absolute >= .zero, relative >= .zero
            else {
                throw EvaluationError(
                    "the tolerance is \(absolute) and \(relative); expected numbers of 0 or more")
            }
            self.init(absolute: absolute, relative: relative)
        }

        func accepts(_ value: Rational, _ reference: Rational) -> Bool {
            let distance = (value - reference).magnitude
            return distance <= absolute || distance <= relative * reference.magnitude
        }
    }

    public var extraction: AnswerExtraction
    public var tolerance: Tolerance

    public init(
        extraction: AnswerExtraction = .init(.lastNumber), tolerance: Tolerance = .exact
    ) {
        self.extraction = extraction
        self.tolerance = tolerance
    }

    public func canonical(_ answer: String) -> String? { NumberText(answer)?.value.description }

    public func score(_ answer: String, of problem: Problem) throws(EvaluationError) -> Double {
        guard let reference = NumberText(problem.answer) else {
            throw EvaluationError(
                "the reference answer of problem \(problem.id) is no number; use another grader")
        }
        guard let value = NumberText(answer) else { return 0 }
        return value.isSame(as: reference, within: tolerance) ? 1 : 0
    }
}

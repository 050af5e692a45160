// SPDX-License-Identifier: Apache-2.0

/// The tasks by the names that a command line has for them.
public enum TaskCatalog {
    /// What a name leaves open.
    public struct Options: Sendable {
        /// Of both operands.
        public var digits = (3, 3)
        /// Of a Countdown problem.
        public var numbers = 3
        /// The problems' file, for tasks that have one.
        public var path: String?
        /// Whether problems of a file may be graded by programs.
        public var allowsPrograms = false

        public init() {}
    }

    public static let names = ["multiplication", "addition", "countdown", "gsm8k", "file:PATH"]

    /// - Throws: ``EvaluationError`` if there is no such task or an option does not suit it.
    public static func task(_ name: String, _ options: Options = .init())
        throws(EvaluationError) -> any EvaluationTask
    {
        switch name {
        case "multiplication": return try ArithmeticTask(.multiplication, digits: options.digits)
        case "addition": return try ArithmeticTask(.addition, digits: options.digits)
        case "countdown": return try CountdownTask(numbers: options.numbers)
        case "gsm8k":
            guard let path = options.path else {
                throw EvaluationError(
                    "gsm8k needs its file: give test.jsonl of https://github.com/openai/grade-school-math with --data"
                )
            }
            return GSM8KTask(path: path)
        default:
            guard name.hasPrefix("file:"), name.count > 5 else {
                throw EvaluationError(
                    "there is no task '\(name)'; there are \(names.joined(separator: ", "))")
            }
            return ProblemFile(
                path: String(name.dropFirst(5)), allowsPrograms: options.allowsPrograms)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// The answer must be a JSON document that satisfies a schema.
public struct SchemaGrader: Grader {
    public var extraction: AnswerExtraction
    private let validator: SchemaValidator

    /// Deepest nesting of an answer.
    private static let options = JSONValue.ReadingOptions(maximumDepth: 64)

    /// - Parameter schema: Of draft 2020-12, see ``SchemaValidator``.
    /// - Throws: ``EvaluationError`` with the place of what is wrong or not supported in it.
    public init(_ schema: JSONValue, extraction: AnswerExtraction = .init(.document))
        throws(EvaluationError)
    {
        validator = try SchemaValidator(schema)
        self.extraction = extraction
    }

    /// The document with sorted members and without white space.
    public func canonical(_ answer: String) -> String? {
        document(answer)?.text(.init(sortsKeys: true))
    }

    public func score(_ answer: String, of problem: Problem) -> Double {
        document(answer).map { validator.accepts($0) ? 1 : 0 } ?? 0
    }

    private func document(_ answer: String) -> JSONValue? {
        try? JSONValue(parsing: answer, options: Self.options)
    }
}

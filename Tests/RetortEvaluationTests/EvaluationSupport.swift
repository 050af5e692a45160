// SPDX-License-Identifier: Apache-2.0
//
// What the tests of evaluations share.

import Foundation
import RetortEvaluation
import RetortJSON
import TestSupport
import Testing

/// Grades an answer to a problem that has only a reference.
func grade(_ answer: String, by grader: any Grader, reference: String = "") async throws -> Grade {
    let problem = Problem(
        id: "p", prompt: .text("?"), answer: reference, difficulty: "all", grader: grader)
    return try await grader.grade(answer: answer, of: problem)
}

/// The message that `body` fails with; the test fails if it succeeds or throws another error.
@discardableResult
func evaluationFailure(
    location: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) -> String {
    do {
        try body()
        Issue.record("an error was expected", sourceLocation: location)
        return ""
    } catch let error as EvaluationError {
        return error.description
    } catch {
        Issue.record("an EvaluationError was expected, not \(error)", sourceLocation: location)
        return ""
    }
}

extension TemporaryFolder {
    func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: url.appendingPathComponent(name))
        return path(name)
    }
}

/// A file of the fixtures.
func evaluationFixture(_ name: String) throws -> JSONValue {
    try JSONValue(parsing: [UInt8](Data(contentsOf: fixture("\(name).json"))))
}

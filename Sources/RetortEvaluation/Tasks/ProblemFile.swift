// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON

/// A user's problems: a JSON object a line.
///
///     {"id": "a1", "prompt": "2 + 2?", "answer": 4, "difficulty": "easy", "grader": {"type": "numeric"}}
///
/// `docs/evaluation.md` has all fields.
public struct ProblemFile: EvaluationTask {
    public let path: String
    /// Whether problems may be graded by programs, which run on this machine.
    public let allowsPrograms: Bool

    public init(path: String, allowsPrograms: Bool = false) {
        self.path = path
        self.allowsPrograms = allowsPrograms
    }

    public var isGenerated: Bool { false }
    public var name: String {
        "file:\(URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent)"
    }

    /// The file is one set, whatever split and seed.
    public func forEachProblem(
        _ split: Split, seed: UInt64, _ body: (Problem) -> Bool
    ) throws(EvaluationError) {
        let lines = try JSONLinesReader(path: path)
        while let line = try lines.next() {
            let problem: Problem
            do throws(EvaluationError) {
                problem = try ProblemRecord(line.value, number: line.number).problem(
                    allowsPrograms: allowsPrograms)
            } catch { throw lines.error(error.description) }
            guard body(problem) else { return }
        }
    }
}

extension Problem {
    /// The problem of a line of prompts, whose further fields are whoever's; nil if it has nothing to
    /// grade answers by.
    /// - Throws: ``EvaluationError`` if what it has is wrong.
    package init?(promptLine line: JSONObject, number: Int, allowsPrograms: Bool)
        throws(EvaluationError)
    {
        guard line["answer"] != nil || line["grader"] != nil else { return nil }
        var known = JSONObject()
        for key in ProblemRecord.keys { known[key] = line[key] }
        self = try ProblemRecord(.object(known), number: number).problem(
            allowsPrograms: allowsPrograms)
    }
}

/// One line of a problem file.
struct ProblemRecord {
    private let object: JSONObject
    private let number: Int

    static let keys: Set<String> = [
        "id", "prompt", "messages", "answer", "difficulty", "grader", "metadata",
    ]

    init(_ value: JSONValue, number: Int) throws(EvaluationError) {
        object = value.objectValue ?? JSONObject()
        self.number = number
        for key in object.keys where !Self.keys.contains(key) {
            throw EvaluationError(
                "'\(key)' is not known; there are \(Self.keys.sorted().joined(separator: ", ")); put what else belongs to a problem into 'metadata'"
            )
        }
    }

    func problem(allowsPrograms: Bool) throws(EvaluationError) -> Problem {
        let (answer, isNumber) = try answer()
        let grader: any Grader
        if let value = object["grader"] {
            grader = try GraderRecord(value).grader(allowsPrograms: allowsPrograms)
        } else if isNumber {
            grader = NumericGrader()
        } else {
            grader = ExactGrader()
        }
        try check(grader, answer)
        return Problem(
            id: try text("id") ?? "line-\(number)", prompt: try prompt(), answer: answer ?? "",
            difficulty: try text("difficulty") ?? "all", grader: grader,
            metadata: object["metadata"])
    }

    private func text(_ key: String) throws(EvaluationError) -> String? {
        switch object[key] {
        case nil, .null: return nil
        case .string(let text): return text
        case .integer(let value): return String(value)
        case .some(let value): throw EvaluationError("'\(key)' is \(value.kind); expected text")
        }
    }

    private func prompt() throws(EvaluationError) -> Problem.Prompt {
        switch (object["prompt"], object["messages"]) {
        case (.string(let text), nil): return .text(text)
        case (nil, .array(let elements)) where !elements.isEmpty:
            var messages: [Problem.Message] = []
            for element in elements {
                guard let role = element["role"]?.stringValue,
                    let content = element["content"]?.stringValue,
                    ["system", "user", "assistant"].contains(role)
                else {
                    throw EvaluationError(
                        "'messages' has one without 'role' (system, user or assistant) and 'content', both texts"
                    )
                }
                messages.append(Problem.Message(role: role, content: content))
            }
            guard messages.last?.role == "user" else {
                throw EvaluationError("the last of 'messages' must be the user's")
            }
            return .messages(messages)
        default:
            throw EvaluationError(
                "expected either 'prompt', a text, or 'messages', a list of {\"role\", \"content\"}"
            )
        }
    }

    private func answer() throws(EvaluationError) -> (text: String?, isNumber: Bool) {
        switch object["answer"] {
        case nil, .null: return (nil, false)
        case .string(let text): return (text, false)
        case .integer(let value): return (String(value), true)
        case .double(let value): return ("\(value)", true)
        case .some(let value):
            throw EvaluationError("'answer' is \(value.kind); expected text or a number")
        }
    }

    /// A reference that its own grader does not understand would make every answer wrong.
    private func check(_ grader: any Grader, _ answer: String?) throws(EvaluationError) {
        let needsAnswer =
            grader is ExactGrader || grader is NumericGrader || grader is ChoiceGrader
        guard needsAnswer else { return }
        guard let answer else { throw EvaluationError("'answer' is missing") }
        guard grader.canonical(answer) != nil else {
            throw EvaluationError(
                "'answer' is no \(grader is NumericGrader ? "number" : "choice"), as its grader needs"
            )
        }
    }
}

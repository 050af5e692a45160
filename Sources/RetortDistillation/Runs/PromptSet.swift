// SPDX-License-Identifier: Apache-2.0

import RetortClient
import RetortEvaluation
import RetortJSON
import RetortTraining

/// What a teacher is asked, and how its answers are told right from wrong.
struct PromptSet: Sendable {
    let prompts: [PromptRecord]
    /// By the prompts' ids; those without are no problems that can be graded.
    let problems: [String: Problem]

    /// - Throws: ``DistillationError`` or `EvaluationError` if a file cannot be read.
    init(_ settings: CollectionSettings, seed: UInt64) throws {
        switch settings.source {
        case .file(let path):
            var prompts = try PromptRecord.read(path: path)
            if let count = settings.count { prompts = Array(prompts.prefix(count)) }
            var problems: [String: Problem] = [:]
            for (index, prompt) in prompts.enumerated() {
                problems[prompt.id] = try Problem(
                    promptLine: prompt.fields, number: index + 1,
                    allowsPrograms: settings.allowsPrograms)
            }
            self.prompts = prompts
            self.problems = problems
        case .task(let task):
            var prompts: [PromptRecord] = []
            var problems: [String: Problem] = [:]
            let levels = task.levels
            for (place, level) in levels.enumerated() {
                // The first levels have one more where the count does not divide.
                let share = settings.count.map { count in
                    count / levels.count + (place < count % levels.count ? 1 : 0)
                }
                for problem in try level.task.problems(.train, seed: seed, limit: share) {
                    let id = levels.count > 1 ? "\(level.name) \(problem.id)" : problem.id
                    problems[id] = problem
                    prompts.append(try Self.record(problem, id: id, suffix: task.suffix))
                }
            }
            self.prompts = prompts
            self.problems = problems
        }
    }

    private static func record(_ problem: Problem, id: String, suffix: String)
        throws(DistillationError) -> PromptRecord
    {
        var messages: [ChatMessage] = []
        for message in problem.prompt.messages {
            guard let role = ChatMessage.Role(rawValue: message.role) else {
                throw DistillationError(
                    .invalidInput, "a problem has a message of the role '\(message.role)'")
            }
            messages.append(ChatMessage(role, message.content))
        }
        if !suffix.isEmpty, let last = messages.indices.last { messages[last].content += suffix }
        return PromptRecord(
            id: id, messages: messages, difficulty: problem.difficulty,
            fields: JSONObject([("answer", .string(problem.answer))]))
    }

    /// Grades answers by the problems' own graders.
    var verifier: Verifier {
        { [problems] prompt, reasoning, answer, _ in
            guard let problem = problems[prompt.id] else {
                return Verdict(
                    .unverifiable, grader: "none", detail: "the prompt has no reference answer")
            }
            let name = Self.name(problem.grader)
            let response = ModelResponse(reasoning: reasoning, answer: answer)
            do throws(EvaluationError) {
                let grade = try await problem.grader.grade(response, of: problem)
                return Verdict(
                    grade.outcome == .correct ? .correct : .wrong, grader: name,
                    score: grade.score,
                    detail: grade.outcome == .correct ? nil : grade.outcome.rawValue)
            } catch {
                return Verdict(.unverifiable, grader: name, detail: "the grader failed")
            }
        }
    }

    /// Such as `numeric`.
    private static func name(_ grader: any Grader) -> String {
        let type = String(describing: type(of: grader))
        return (type.hasSuffix("Grader") ? String(type.dropLast(6)) : type).lowercased()
    }
}

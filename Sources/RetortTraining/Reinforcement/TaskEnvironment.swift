// SPDX-License-Identifier: Apache-2.0
//
// Tasks of evaluations as what a policy learns from, with rewards by rule: accuracy, format and the
// consistency of the language (DeepSeek-R1, 2025).

import Dispatch
import RetortEngine
import RetortEvaluation
import RetortJSON
import RetortTemplates
import RetortTokenizers
import Synchronization

/// Problems of tasks, rendered by the model's template.
public final class TaskEnvironment: PolicyEnvironment {
    private let settings: TaskSettings
    private let seed: UInt64
    private let tokenizer: Tokenizer
    private let prompt: ChatPrompt
    /// By level, the problems that have been asked for; and the held-out ones.
    private let known: Mutex<[Known]>
    private let lookup = Mutex<[String: Asked]>([:])

    /// A problem that was rendered, and where its prompt leaves the model: in a thought or before one.
    private struct Asked {
        let problem: Problem
        let format: ReasoningFormat
    }

    private struct Known {
        var problems: [Problem] = []
        /// Whether the task has no more.
        var isWhole = false
    }

    /// - Parameter tokenizer: With the chat template of the model; without one a prompt's text is what
    ///   the model reads.
    /// - Throws: `TemplateError` if the template is wrong.
    public init(_ settings: TaskSettings, _ tokenizer: DataTokenizer, seed: UInt64) throws {
        self.settings = settings
        self.seed = seed
        self.tokenizer = tokenizer.tokenizer
        prompt = try ChatPrompt(
            name: "the model", template: tokenizer.chatTemplate, tokenizer: tokenizer.tokenizer)
        known = Mutex(settings.levels.map { _ in Known() })
    }

    /// The environment of a recipe, with the tokenizer that it trains with.
    /// - Throws: The errors of the parts.
    public convenience init(_ recipe: Recipe) throws {
        guard let policy = recipe.policy else {
            throw TrainingError("the recipe has no 'rl'")
        }
        try self.init(
            TaskSettings(task: policy.task, rewards: policy.rewards),
            TrainedModel.tokenizer(recipe), seed: recipe.seed)
    }

    public var levels: [String] { settings.levels.map(\.name) }

    public func problem(_ index: Int, level: Int) throws -> PolicyProblem {
        let problem = try known.withLock { known in
            var own = known[level]
            if index >= own.problems.count, !own.isWhole {
                let wanted = max(index + 1, 2 * own.problems.count, 1024)
                own.problems = try settings.levels[level].task.problems(
                    .train, seed: seed, limit: wanted)
                own.isWhole = own.problems.count < wanted
                known[level] = own
            }
            guard !own.problems.isEmpty else {
                throw TrainingError("\(settings.levels[level].name) has no problems to train on")
            }
            return own.problems[index % own.problems.count]
        }
        return try rendered(problem, level)
    }

    public func heldOut(_ count: Int) throws -> [PolicyProblem] {
        try settings.heldOut.problems(.heldOut, seed: 0, limit: count)
            .map { try rendered($0, settings.levels.count - 1) }
    }

    private func rendered(_ problem: Problem, _ level: Int) throws -> PolicyProblem {
        let text = try text(problem)
        // A template writes the special tokens itself.
        let tokens = tokenizer.encode(text, addSpecialTokens: prompt.source == nil)
        let format = ReasoningFormat.detect(
            template: prompt.source ?? "", renderedPrompt: text)
        lookup.withLock {
            $0["\(level) \(problem.id)"] = Asked(problem: problem, format: format)
        }
        return PolicyProblem(id: problem.id, prompt: tokens, level: level)
    }

    private func text(_ problem: Problem) throws -> String {
        var messages = problem.prompt.messages
        if !settings.suffix.isEmpty, let last = messages.indices.last {
            messages[last].content += settings.suffix
        }
        guard prompt.source != nil else { return messages.map(\.content).joined(separator: "\n") }
        return try prompt.render(
            messages.map { Message(role: $0.role, content: .text($0.content)) }, tools: nil,
            addGenerationPrompt: true, thinking: true, variables: JSONObject())
    }

    public func rewards(_ answers: [PolicyAnswer]) throws -> [PolicyReward] {
        let graded = try grade(answers)
        return graded.map { grade, reasoning, isFormatted in
            let isCorrect = grade.outcome == .correct
            var parts = [("accuracy", settings.accuracy * grade.score)]
            if settings.format > 0 { parts.append(("format", isFormatted ? settings.format : 0)) }
            if settings.language > 0 {
                parts.append(
                    (
                        "language",
                        settings.language * Self.consistency(reasoning, settings.script)
                    ))
            }
            // Added in this order: a dictionary's differs from run to run, and so would the last bits.
            return PolicyReward(
                total: parts.reduce(0) { $0 + $1.1 },
                parts: Dictionary(uniqueKeysWithValues: parts), isCorrect: isCorrect,
                thinks: !reasoning.isEmpty)
        }
    }

    private typealias Graded = (grade: Grade, reasoning: String, isFormatted: Bool)

    /// Graders may run programs, so that they are asked side by side; the caller waits.
    private func grade(_ answers: [PolicyAnswer]) throws -> [Graded] {
        let jobs = try answers.map { answer in
            guard
                let asked = lookup.withLock({ $0["\(answer.problem.level) \(answer.problem.id)"] })
            else { throw TrainingError("there is no problem \(answer.problem.id)") }
            return (split(answer, asked.format), asked.problem)
        }
        let result = Mutex<Result<[Graded], any Error>?>(nil)
        let done = DispatchSemaphore(value: 0)
        Task.detached {
            do {
                let graded = try await withThrowingTaskGroup(of: (Int, Grade).self) { group in
                    var grades = [Grade?](repeating: nil, count: jobs.count)
                    var next = 0
                    func add() {
                        guard next < jobs.count else { return }
                        let (index, (response, problem)) = (next, jobs[next])
                        next += 1
                        group.addTask {
                            (index, try await problem.grader.grade(response, of: problem))
                        }
                    }
                    for _ in 0..<8 { add() }
                    while let (index, grade) = try await group.next() {
                        grades[index] = grade
                        add()
                    }
                    return grades
                }
                let found = zip(jobs, graded).map { job, grade -> Graded in
                    let grade = grade ?? Grade(.noAnswer)
                    let isFormatted = grade.extracted != nil && !job.0.reasoning.isEmpty
                    return (grade, job.0.reasoning, isFormatted)
                }
                result.withLock { $0 = .success(found) }
            } catch {
                result.withLock { $0 = .failure(error) }
            }
            done.signal()
        }
        done.wait()
        return try result.withLock { try $0?.get() } ?? []
    }

    /// Thought and answer of what was generated.
    private func split(_ answer: PolicyAnswer, _ format: ReasoningFormat) -> ModelResponse {
        let tokens = answer.isFinished ? answer.tokens.dropLast() : answer.tokens[...]
        let text = tokenizer.decode(Array(tokens))
        let parts = ReasoningParser.split(text, format)
        return ModelResponse(
            reasoning: parts.reasoning, answer: parts.answer,
            completionTokens: answer.tokens.count,
            finishReason: answer.isFinished ? .stop : .length)
    }

    /// The share of the letters that are of a script; 1 for a text without letters.
    static func consistency(_ text: String, _ script: TaskSettings.Script) -> Double {
        var (own, all) = (0, 0)
        for scalar in text.unicodeScalars where scalar.properties.isAlphabetic {
            all += 1
            let value = scalar.value
            let isOwn =
                switch script {
                case .latin: value < 0x250 || 0x1E00...0x1EFF ~= value
                case .cyrillic: 0x400...0x52F ~= value
                case .cjk:
                    0x3040...0x30FF ~= value || 0x3400...0x9FFF ~= value
                        || 0xAC00...0xD7AF ~= value || 0x2_0000...0x3_FFFF ~= value
                }
            if isOwn { own += 1 }
        }
        return all == 0 ? 1 : Double(own) / Double(all)
    }
}

// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// Asks a model the problems of a task and grades what it answers.
public struct Evaluation: Sendable {
    public struct Options: Sendable {
        public var split = Split.heldOut
        /// Of the choice of problems and of each sample.
        public var seed: UInt64 = 0
        /// The most problems; nil takes all.
        public var limit: Int?
        public var samplesPerProblem = 1
        /// Samples under way at a time.
        public var concurrency = 8
        public var sampling = SamplingSettings()
        /// As records name it.
        public var model = ""
        /// Where results go; nil keeps them in memory alone. A run that was interrupted goes on from
        /// what is there.
        public var outputPath: String?

        public init() {}
    }

    /// How far it is.
    public struct Progress: Sendable {
        public var done = 0
        public let total: Int
        public var correct = 0
        public var failed = 0
        /// Generated in this run.
        public var tokens = 0
    }

    /// Of a run: all of them are kept in memory.
    private static let mostSamples = 10_000_000

    private let task: any EvaluationTask
    private let source: any ResponseSource
    private let options: Options

    /// - Throws: ``EvaluationError`` if an option is out of its range.
    public init(
        _ task: any EvaluationTask, source: any ResponseSource, options: Options = .init()
    ) throws(EvaluationError) {
        guard (1...10_000).contains(options.samplesPerProblem),
            (1...4096).contains(options.concurrency), options.limit ?? 1 >= 1
        else {
            throw EvaluationError(
                "\(options.samplesPerProblem) samples, \(options.concurrency) at a time, limit \(options.limit ?? 0); expected 1 to 10000 samples, 1 to 4096 at a time, a limit of at least 1"
            )
        }
        self.task = task
        self.source = source
        self.options = options
    }

    /// Runs it. The order of the results does not depend on the order of the answers.
    /// - Parameter progress: Called after each sample, from one task at a time.
    /// - Throws: ``EvaluationError`` if the task or the files fail, `CancellationError`. What fails in
    ///   a sample is in its record.
    public func run(
        progress: @Sendable (Progress) -> Void = { _ in }
    ) async throws -> EvaluationResult {
        let problems = try task.problems(
            options.split, seed: options.seed, limit: options.limit)
        guard !problems.isEmpty else {
            throw EvaluationError("the task \(task.name) has no problems to ask")
        }
        let directory = try options.outputPath.map { path throws(EvaluationError) in
            try ResultsDirectory(path, facts: facts)
        }
        let samples = options.samplesPerProblem
        let count = problems.count * samples
        guard count <= Self.mostSamples else {
            throw EvaluationError(
                "\(problems.count) problems with \(samples) samples each; expected \(Self.mostSamples) samples in all at most"
            )
        }
        var records = [SampleRecord?](repeating: nil, count: count)
        var state = Progress(total: count)
        try await withThrowingTaskGroup(of: (Int, SampleRecord, Bool).self) { group in
            var next = 0
            func start() {
                guard next < count else { return }
                let (index, problem) = (next, problems[next / samples])
                let sample = next % samples
                let known = directory?.earlier[.init(id: problem.id, sample: sample)]
                next += 1
                group.addTask {
                    let (record, isNew) = try await record(problem, sample, known)
                    return (index, record, isNew)
                }
            }
            for _ in 0..<options.concurrency { start() }
            while let (index, record, isNew) = try await group.next() {
                if isNew { try directory?.append(record) }
                records[index] = record
                state.done += 1
                state.correct += record.grade?.outcome == .correct ? 1 : 0
                state.failed += record.error == nil ? 0 : 1
                // A server may say anything.
                state.tokens &+= isNew ? record.response?.completionTokens ?? 0 : 0
                progress(state)
                start()
            }
        }
        let result = EvaluationResult(
            task: task.name, options: options, records: records.compactMap { $0 })
        try directory?.finish(result)
        return result
    }

    /// Answers and grades once. An answer of an earlier run is graded again: the grader may have
    /// changed since.
    private func record(_ problem: Problem, _ sample: Int, _ known: SampleRecord?)
        async throws -> (SampleRecord, isNew: Bool)
    {
        var record = SampleRecord(
            id: problem.id, sample: sample, difficulty: problem.difficulty,
            prompt: problem.prompt.text)
        var isNew = true
        do {
            let response: ModelResponse
            if let known, known.prompt == record.prompt, let answer = known.response {
                response = answer
                isNew = false
            } else {
                response = try await source.response(
                    to: SampleRequest(
                        prompt: problem.prompt, sampling: options.sampling, sample: sample,
                        seed: StableHash.hash("\(options.seed) \(sample) \(problem.id)")))
            }
            record.response = response
            record.grade = try await problem.grader.grade(response, of: problem)
        } catch {
            // Stopped is not failed: the sample is drawn when the run goes on.
            if error is CancellationError || Task.isCancelled { throw CancellationError() }
            record.error = "\(error)"
        }
        return (record, isNew)
    }

    /// What has to be the same for results to belong together.
    private var facts: JSONObject {
        func number(_ value: Double?) -> JSONValue { value.map { .double($0) } ?? .null }
        return JSONObject([
            ("task", .string(task.name)), ("model", .string(options.model)),
            ("split", .string(options.split.rawValue)), ("seed", .string(String(options.seed))),
            ("temperature", number(options.sampling.temperature)),
            ("top_p", number(options.sampling.topP)),
            (
                "max_tokens",
                options.sampling.maximumTokens.map { .integer(Int64($0)) } ?? .null
            ),
        ])
    }
}

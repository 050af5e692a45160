// SPDX-License-Identifier: Apache-2.0

/// The figures of an evaluation.
///
/// Samples that failed are left out of all accuracies and counted in ``errors``; problems of which
/// every sample failed are in ``unanswered`` and not in ``problems``.
public struct EvaluationSummary: Sendable {
    /// Accuracy on the problems of one difficulty.
    public struct Group: Sendable {
        public let difficulty: String
        public let problems: Int
        public let accuracy: Double
        public let interval: ClosedRange<Double>
    }

    public let task: String
    public let options: Evaluation.Options
    /// Problems with an answer.
    public let problems: Int
    public let unanswered: Int
    /// The mean over problems of each problem's share of correct samples; nil without answers.
    public let passAt1: Double?
    /// 95 %, of ``passAt1``.
    public let interval: ClosedRange<Double>?
    /// By k: the powers of two up to the samples of a problem, and these. Problems with fewer
    /// samples, since some failed, are left out.
    public let passAtK: [(k: Int, value: Double)]
    /// The share of problems whose most frequent answer is correct; equally frequent ones: the first.
    public let consAtK: Double?
    public let consInterval: ClosedRange<Double>?
    /// Generated for a sample, thought included.
    public let meanTokens: Double?
    public let outcomes: [Outcome: Int]
    public let errors: Int
    /// By difficulty, in the order of the numbers in their names.
    public let groups: [Group]

    /// Whether ``interval`` is Wilson's and not a bootstrap's.
    let isWilson: Bool

    init(_ result: EvaluationResult) {
        task = result.task
        options = result.options
        let all = result.problems
        let answered = all.filter { Self.accuracy($0) != nil }
        problems = answered.count
        unanswered = all.count - answered.count
        let seed = result.options.seed
        let isSingle = result.options.samplesPerProblem == 1

        let accuracy = Self.accuracy(of: answered, isSingle: isSingle, seed: seed)
        passAt1 = accuracy?.mean
        interval = accuracy?.interval
        isWilson = accuracy?.isWilson ?? isSingle
        let samples = result.options.samplesPerProblem
        let ks = sequence(first: 1) { $0 * 2 < samples ? $0 * 2 : nil }
        passAtK = (Array(ks) + (samples > 1 ? [samples] : [])).compactMap { k in
            let estimates = answered.compactMap { samples in
                let graded = samples.compactMap(\.grade)
                return PassAtK.estimate(
                    samples: graded.count, correct: graded.count { $0.outcome == .correct }, k: k)
            }
            guard !estimates.isEmpty else { return nil }
            return (k, estimates.reduce(0, +) / Double(estimates.count))
        }
        let agreed = answered.count { samples in
            let grades = samples.compactMap(\.grade)
            guard let winner = MajorityVote.winner(grades.map(\.vote)) else { return false }
            return grades[winner].outcome == .correct
        }
        consAtK = answered.isEmpty ? nil : Double(agreed) / Double(answered.count)
        consInterval = Intervals.wilson(successes: agreed, trials: answered.count)

        let tokens = result.records.compactMap { $0.response.map { Double($0.completionTokens) } }
        meanTokens = tokens.isEmpty ? nil : tokens.reduce(0, +) / Double(tokens.count)
        outcomes = result.records.reduce(into: [:]) { counts, record in
            if let grade = record.grade { counts[grade.outcome, default: 0] += 1 }
        }
        errors = result.records.count { $0.error != nil }
        groups = Self.groups(answered, isSingle: isSingle, seed: seed)
    }

    /// The share of a problem's samples that are correct, of those that did not fail.
    static func accuracy(_ samples: [SampleRecord]) -> Double? {
        let grades = samples.compactMap(\.grade)
        guard !grades.isEmpty else { return nil }
        return Double(grades.count { $0.outcome == .correct }) / Double(grades.count)
    }

    private static func accuracy(
        of problems: [[SampleRecord]], isSingle: Bool, seed: UInt64
    ) -> (mean: Double, interval: ClosedRange<Double>, isWilson: Bool)? {
        let values = problems.compactMap(accuracy)
        let mean = values.reduce(0, +) / Double(values.count)
        // Of values that are all the same every resample is too, which says nothing.
        let right = values.count { $0 == 1 }
        let isAlike = right == values.count || values.allSatisfy { $0 == 0 }
        let isWilson = isSingle || isAlike
        let interval =
            isWilson
            ? Intervals.wilson(successes: right, trials: values.count)
            : Intervals.bootstrap(values, seed: seed)
        return interval.map { (mean, $0, isWilson) }
    }

    private static func groups(_ problems: [[SampleRecord]], isSingle: Bool, seed: UInt64)
        -> [Group]
    {
        let byName = Dictionary(grouping: problems) { $0.first?.difficulty ?? "" }
        // "10 steps" comes behind "2 steps".
        func key(_ name: String) -> (Int, String) {
            (Int(name.prefix { ("0"..."9").contains($0) }) ?? .max, name)
        }
        return byName.keys.sorted { key($0) < key($1) }.compactMap { name in
            let problems = byName[name] ?? []
            guard let accuracy = accuracy(of: problems, isSingle: isSingle, seed: seed) else {
                return nil
            }
            return Group(
                difficulty: name, problems: problems.count, accuracy: accuracy.mean,
                interval: accuracy.interval)
        }
    }
}

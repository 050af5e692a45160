// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON

/// All samples of an evaluation.
public struct EvaluationResult: Sendable {
    public let task: String
    public let options: Evaluation.Options
    /// By problem, then by sample.
    public let records: [SampleRecord]

    public init(task: String, options: Evaluation.Options, records: [SampleRecord]) {
        self.task = task
        self.options = options
        self.records = records
    }

    public var summary: EvaluationSummary { EvaluationSummary(self) }

    /// The samples of each problem, in the order of the problems.
    var problems: [[SampleRecord]] {
        var places: [String: Int] = [:]
        var problems: [[SampleRecord]] = []
        for record in records {
            if let place = places[record.id] {
                problems[place].append(record)
            } else {
                places[record.id] = problems.count
                problems.append([record])
            }
        }
        return problems
    }

    /// The accuracy on each problem in a run's directory, to compare with another run.
    /// - Throws: ``EvaluationError`` if there are no results.
    public static func accuracies(directory path: String) throws(EvaluationError) -> [String:
        Double]
    {
        let reader = try JSONLinesReader(path: "\(path)/samples.jsonl")
        var counts: [String: (correct: Int, all: Int)] = [:]
        while let line = try reader.next() {
            guard let record = SampleRecord(line.value) else {
                throw reader.error("expected a sample of an evaluation")
            }
            guard let grade = record.grade else { continue }
            counts[record.id, default: (0, 0)].all += 1
            if grade.outcome == .correct { counts[record.id, default: (0, 0)].correct += 1 }
        }
        return counts.mapValues { Double($0.correct) / Double($0.all) }
    }

    /// This run against another, over the problems that both have.
    /// - Parameter baseline: The other run's accuracy on each problem.
    /// - Returns: This run's accuracy less the other's, and how many problems both have.
    public func difference(from baseline: [String: Double]) -> (
        Intervals.Difference, problems: Int
    )? {
        var pairs: [(Double, Double)] = []
        for samples in problems {
            guard let id = samples.first?.id, let other = baseline[id],
                let own = EvaluationSummary.accuracy(samples)
            else { continue }
            pairs.append((other, own))
        }
        return Intervals.difference(pairs, seed: options.seed).map { ($0, pairs.count) }
    }
}

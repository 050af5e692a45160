// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// How often Countdown is solved within so many tries: by chance, exactly, and by a model.
public struct CountdownScaling: Sendable {
    public struct Row: Sendable, Equatable {
        public var tries: Int
        /// Of ways drawn evenly, none twice; and with repetition.
        public var withoutRepetition: Double
        public var memoryless: Double
        /// The share of a model's answers that are right and took at most so many tries.
        public var model: Double?
    }

    public private(set) var rows: [Row]
    public var problems: Int { ids.count }
    private let ids: Set<String>

    /// - Parameters:
    ///   - limit: Held-out problems, those that an evaluation takes.
    ///   - tries: The most.
    /// - Throws: ``EvaluationError`` if there are too many numbers.
    public init(_ task: CountdownTask, seed: UInt64 = 0, limit: Int, tries: Int)
        throws(EvaluationError)
    {
        var rows = (1...max(1, tries)).map {
            Row(tries: $0, withoutRepetition: 0, memoryless: 0)
        }
        let problems = try task.problems(.heldOut, seed: seed, limit: limit)
        for problem in problems {
            guard let grader = problem.grader as? CountdownGrader else { continue }
            let ways = try CountdownSearch.ways(grader.numbers)
            let hits = ways.count { $0.value == grader.target }
            for index in rows.indices {
                func chance(_ forgets: Bool) -> Double {
                    CountdownSearch.chance(
                        hits: hits, ways: ways.count, tries: rows[index].tries, forgets: forgets)
                        / Double(problems.count)
                }
                rows[index].withoutRepetition += chance(false)
                rows[index].memoryless += chance(true)
            }
        }
        self.rows = rows
        ids = Set(problems.map(\.id))
    }

    /// Adds what a model did, from an evaluation's directory.
    /// - Throws: ``EvaluationError`` if there are no results, or none of one of these problems.
    public mutating func add(results directory: String) throws(EvaluationError) {
        let reader = try JSONLinesReader(path: "\(directory)/samples.jsonl")
        var solved = [Int](repeating: 0, count: rows.count + 1)
        var all = 0
        var seen: Set<String> = []
        while let line = try reader.next() {
            guard let record = SampleRecord(line.value) else {
                throw reader.error("expected a sample of an evaluation")
            }
            guard let grade = record.grade, ids.contains(record.id) else { continue }
            seen.insert(record.id)
            all += 1
            guard grade.outcome == .correct else { continue }
            let tries = (record.response?.reasoning ?? "").split(separator: ";").count
            if tries < solved.count { solved[max(1, tries)] += 1 }
        }
        guard seen.count == ids.count else {
            throw EvaluationError(
                "\(directory) has answers to \(seen.count) of these \(ids.count) problems; evaluate countdown with the same --numbers and --limit"
            )
        }
        var sum = 0
        for index in rows.indices {
            sum += solved[index + 1]
            rows[index].model = all > 0 ? Double(sum) / Double(all) : nil
        }
    }
}

extension CountdownScaling.Row {
    public var json: JSONValue {
        var object = JSONObject([
            ("tries", .integer(Int64(tries))), ("without_repetition", .double(withoutRepetition)),
            ("memoryless", .double(memoryless)),
        ])
        object["model"] = model.map { .double($0) }
        return .object(object)
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Which problems of a task are wanted.
public enum Split: String, Sendable, CaseIterable {
    /// What training may use.
    case train
    /// What it may not.
    case heldOut = "held_out"
}

/// A set of problems: a function of split and seed, the same on every machine.
public protocol EvaluationTask: Sendable {
    /// As records name it, such as `multiplication-3x3`.
    var name: String { get }

    /// Whether the problems are made, of which there may be a great many, or read.
    var isGenerated: Bool { get }

    /// Calls `body` with one problem after another until there are no more or it returns false. Within
    /// a set no problem comes twice.
    /// - Throws: ``EvaluationError`` if a problem cannot be read or made.
    func forEachProblem(
        _ split: Split, seed: UInt64, _ body: (Problem) -> Bool
    ) throws(EvaluationError)
}

extension EvaluationTask {
    /// Problems of one set: all of them are kept in memory.
    static var mostProblems: Int { 1_000_000 }

    /// The first problems of a set.
    /// - Parameter limit: Nil for all, which of a generated task may be a great many.
    /// - Throws: ``EvaluationError`` if a problem cannot be read or made, or two have one id.
    public func problems(_ split: Split = .heldOut, seed: UInt64 = 0, limit: Int?)
        throws(EvaluationError) -> [Problem]
    {
        var problems: [Problem] = []
        if let limit, limit <= 0 { return problems }
        let most = min(limit ?? Self.mostProblems + 1, Self.mostProblems + 1)
        try forEachProblem(split, seed: seed) { problem in
            problems.append(problem)
            return problems.count < most
        }
        guard problems.count <= Self.mostProblems else {
            throw EvaluationError(
                "\(name) has more than \(Self.mostProblems) problems; give a limit of so many at most"
            )
        }
        var ids: Set<String> = []
        for problem in problems where !ids.insert(problem.id).inserted {
            throw EvaluationError(
                "two problems have the id '\(problem.id)'; ids must be unique, since results are kept by them"
            )
        }
        return problems
    }
}

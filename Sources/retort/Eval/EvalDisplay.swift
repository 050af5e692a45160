// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortEvaluation

/// Shows an evaluation: a line that moves on a terminal, a line now and then elsewhere.
final class EvalDisplay: @unchecked Sendable {
    // Safety: all that changes is touched only while `lock` is held.
    private let lock = NSLock()
    private let isQuiet: Bool
    private let moves = Terminal.errorIsTerminal
    private let start = ContinuousClock.now
    private var lastShown: ContinuousClock.Instant?
    private var isLineOpen = false

    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    @Sendable func show(_ progress: Evaluation.Progress) {
        guard !isQuiet || moves else { return }
        lock.withLock {
            let now = ContinuousClock.now
            let pause: Duration = moves ? .milliseconds(100) : .seconds(10)
            let isLast = progress.done == progress.total
            guard isLast || lastShown.map({ now - $0 > pause }) ?? true else { return }
            lastShown = now
            let seconds = max((now - start) / .seconds(1), 1e-3)
            let answered = max(1, progress.done - progress.failed)
            var parts = [
                "\(progress.done)/\(progress.total)",
                String(
                    format: "%.1f %% correct", 100 * Double(progress.correct) / Double(answered)),
                String(format: "%.0f tok/s", Double(progress.tokens) / seconds),
            ]
            if progress.failed > 0 { parts.append("\(progress.failed) failed") }
            let line = parts.joined(separator: " · ")
            if moves {
                Output.moving(line)
                isLineOpen = true
            } else {
                Output.note(line)
            }
        }
    }

    /// Leaves the line that moves.
    func end() {
        lock.withLock {
            if isLineOpen { FileHandle.standardError.write(Data("\n".utf8)) }
            isLineOpen = false
        }
    }

    // MARK: - Figures

    private static func percent(_ value: Double) -> String {
        String(format: "%.1f %%", 100 * value)
    }

    private static func text(_ value: Double?, _ interval: ClosedRange<Double>?) -> String {
        guard let value else { return "no answers" }
        guard let interval else { return percent(value) }
        return
            "\(percent(value)) (\(percent(interval.lowerBound)) to \(percent(interval.upperBound)))"
    }

    static func lines(_ summary: EvaluationSummary) -> [String] {
        let samples = summary.options.samplesPerProblem
        var lines = [
            "\(summary.task): \(summary.problems) problems, \(samples) sample\(samples > 1 ? "s" : "") each",
            "pass@1 \(text(summary.passAt1, summary.interval))",
        ]
        if samples > 1 {
            let others = summary.passAtK.filter { $0.k > 1 }
            lines.append(others.map { "pass@\($0.k) \(percent($0.value))" }.joined(separator: ", "))
            lines.append("cons@\(samples) \(text(summary.consAtK, summary.consInterval))")
        }
        if summary.groups.count > 1 {
            lines += summary.groups.map {
                "  \($0.difficulty): \(text($0.accuracy, $0.interval)) of \($0.problems)"
            }
        }
        let outcomes = Outcome.allCases.compactMap { outcome -> String? in
            guard let count = summary.outcomes[outcome], count > 0 else { return nil }
            return "\(count) \(outcome.rawValue.replacing("_", with: " "))"
        }
        lines.append(outcomes.joined(separator: ", "))
        if let tokens = summary.meanTokens {
            lines.append(String(format: "%.1f tokens an answer", tokens))
        }
        return lines.filter { !$0.isEmpty }
    }

    static func line(_ difference: Intervals.Difference, _ problems: Int) -> String {
        func points(_ value: Double) -> String { String(format: "%+.1f", 100 * value) }
        return
            "\(points(difference.mean)) points against the baseline (\(points(difference.interval.lowerBound)) to \(points(difference.interval.upperBound)), p \(String(format: "%.3g", difference.pValue)), \(problems) problems)"
    }
}

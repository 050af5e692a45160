// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortClient
import RetortDistillation

/// Shows a collection: a line that moves on a terminal, a line now and then elsewhere.
final class DistillDisplay: @unchecked Sendable {
    // Safety: all that changes is touched only while `lock` is held.
    private let lock = NSLock()
    private let isQuiet: Bool
    private let moves = Terminal.errorIsTerminal
    private let total: Int
    private let price: ModelPrice?
    private var cost = Dollars.zero
    private let start = ContinuousClock.now
    private var lastShown = ContinuousClock.now
    private var (done, answered, failed, retries, tokens) = (0, 0, 0, 0, 0)

    init(_ job: DistillationJob, isQuiet: Bool) {
        self.isQuiet = isQuiet
        total = job.plan.count
        price = job.budget.prices[job.plan.template.model]
        guard !isQuiet else { return }
        Output.note(
            "\(job.plan.prompts.count) prompts, \(job.plan.samples) answer\(job.plan.samples > 1 ? "s" : "") each from \(job.plan.template.model)"
        )
    }

    @Sendable func show(_ event: CollectionEvent) {
        lock.withLock {
            switch event {
            case .answered(_, let usage):
                done += 1
                answered += 1
                tokens += usage?.completionTokens ?? 0
                if let usage, let price { cost = cost + price.cost(of: usage) }
            case .cached: done += 1
            case .failed:
                done += 1
                failed += 1
            case .retrying: retries += 1
            case .interrupted: break
            }
            let now = ContinuousClock.now
            guard !isQuiet, now - lastShown > (moves ? .milliseconds(100) : .seconds(10)) else {
                return
            }
            lastShown = now
            let seconds = max((now - start) / .seconds(1), 1e-3)
            var parts = [
                "\(done)/\(total) answers",
                String(format: "%.1f a second", Double(answered) / seconds),
                String(format: "%.0f tok/s", Double(tokens) / seconds),
            ]
            if cost > .zero { parts.append("\(cost)") }
            if failed > 0 { parts.append("\(failed) failed") }
            if retries > 0 { parts.append("\(retries) tries again") }
            let line = parts.joined(separator: " · ")
            if moves {
                Output.moving(line)
            } else {
                Output.note(line)
            }
        }
    }

    func end(_ report: CollectionReport) {
        guard !isQuiet else { return }
        if moves { Output.clearLine() }
        var parts = ["\(report.answered) new answers", "\(report.cached) were there"]
        let failed = report.failed + report.knownFailures
        if failed > 0 { parts.append("\(failed) cannot be answered") }
        if report.interrupted > 0 { parts.append("\(report.interrupted) used up their tries") }
        for (kind, count) in report.retries.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            parts.append("\(count) tried again (\(kind.rawValue))")
        }
        let spent = report.spending.spent
        if spent > .zero { parts.append("\(spent) in all") }
        Output.note(parts.joined(separator: ", "))
    }

    static func lines(_ statistics: DatasetStatistics) -> [String] {
        var lines = [
            "\(statistics.kept) samples kept of \(statistics.answers) answers"
                + (statistics.judged > 0
                    ? String(
                        format: "; %.1f %% of those judged are right",
                        100 * Double(statistics.correct) / Double(statistics.judged)) : "")
        ]
        let reasons = Rejection.allCases.compactMap { reason in
            statistics.rejections[reason].map { "\($0) \(reason.rawValue)" }
        }
        if !reasons.isEmpty { lines.append("left out: \(reasons.joined(separator: ", "))") }
        return lines
    }
}

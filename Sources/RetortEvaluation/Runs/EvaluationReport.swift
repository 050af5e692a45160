// SPDX-License-Identifier: Apache-2.0
//
// OUTPUT/report.html: one file that needs nothing else, no script and no network. All that a model
// wrote is escaped.

import Foundation
import RetortReport

/// The figures of an evaluation and some of its transcripts, to be looked at.
struct EvaluationReport {
    private let result: EvaluationResult
    private let summary: EvaluationSummary

    /// Transcripts of each outcome, and of a thought or an answer the most characters.
    private static let mostTranscripts = 5
    private static let mostCharacters = 6000

    init(_ result: EvaluationResult) {
        self.result = result
        summary = result.summary
    }

    var page: String {
        var page = ReportPage(
            title: "Evaluation of \(result.options.model) on \(result.task)", figures: figures)
        page.add(
            "Accuracy by difficulty",
            "\(accuracyChart.svg)\n<p>Whiskers are 95 % intervals.</p>")
        page.add("Length of the answers", lengthChart.svg)
        page.add("Transcripts", transcripts.joined(separator: "\n"))
        return page.html
    }

    // MARK: - Figures

    private static func percent(_ value: Double) -> String {
        String(format: "%.1f %%", 100 * value)
    }

    private static func text(_ value: Double?, _ interval: ClosedRange<Double>?) -> String? {
        guard let value else { return nil }
        guard let interval else { return percent(value) }
        return
            "\(percent(value)), between \(percent(interval.lowerBound)) and \(percent(interval.upperBound))"
    }

    private var figures: [(name: String, value: String)] {
        let samples = result.options.samplesPerProblem
        let sampling = result.options.sampling
        var rows: [(String, String?)] = [
            ("pass@1", Self.text(summary.passAt1, summary.interval))
        ]
        for (k, value) in summary.passAtK where k > 1 {
            rows.append(("pass@\(k)", Self.percent(value)))
        }
        if samples > 1 {
            rows.append(("cons@\(samples)", Self.text(summary.consAtK, summary.consInterval)))
        }
        rows += [
            ("problems", "\(summary.problems), \(samples) sample\(samples > 1 ? "s" : "") each"),
            ("tokens of an answer", summary.meanTokens.map { MarkupText.short($0) }),
        ]
        for outcome in Outcome.allCases {
            let name = outcome.rawValue.replacingOccurrences(of: "_", with: " ")
            rows.append((name, "\(summary.outcomes[outcome] ?? 0)"))
        }
        rows += [
            ("failed samples", "\(summary.errors)"),
            ("problems without an answer", summary.unanswered > 0 ? "\(summary.unanswered)" : nil),
            ("temperature", sampling.temperature.map { "\($0)" }),
            ("top-p", sampling.topP.map { "\($0)" }),
            ("the most tokens", sampling.maximumTokens.map { "\($0)" }),
            ("split and seed", "\(result.options.split.rawValue), \(result.options.seed)"),
        ]
        return rows.compactMap { name, value in value.map { (name, $0) } }
    }

    // MARK: - Charts

    private var accuracyChart: BarChart {
        let bars = summary.groups.map { group in
            BarChart.Bar(
                name: group.difficulty, values: [100 * group.accuracy],
                interval: 100 * group.interval.lowerBound...100 * group.interval.upperBound,
                note:
                    "\(group.difficulty): \(Self.text(group.accuracy, group.interval) ?? "") (\(group.problems) problems)"
            )
        }
        let text = summary.groups.map { "\($0.difficulty): \(Self.percent($0.accuracy))" }
        return BarChart(
            id: "accuracy", title: "Accuracy by difficulty",
            description: text.joined(separator: "; ") + ".", unit: "correct (%)",
            axis: "difficulty", bars: bars, maximum: 100)
    }

    private var lengthChart: BarChart {
        func lengths(_ isWanted: (Outcome) -> Bool) -> [Double] {
            result.records.compactMap { record in
                guard let response = record.response, let grade = record.grade,
                    isWanted(grade.outcome)
                else { return nil }
                return Double(response.completionTokens)
            }
        }
        let groups = [
            lengths { $0 == .correct }, lengths { $0 != .correct && $0 != .truncated },
            lengths { $0 == .truncated },
        ]
        let names = ["correct", "wrong", "truncated"]
        let means = zip(names, groups).compactMap { name, values in
            values.isEmpty
                ? nil
                : "\(name): \(MarkupText.short(values.reduce(0, +) / Double(values.count))) tokens in the mean"
        }
        return BarChart(
            id: "length", title: "Length of the answers",
            description: means.joined(separator: "; ") + ".", unit: "samples",
            axis: "tokens, thought included", parts: names, bars: Histogram(groups).bars(names))
    }

    // MARK: - Transcripts

    /// Some samples of each outcome, spread over the run.
    private var transcripts: [String] {
        let failed = result.records.filter { $0.grade == nil }
        let groups =
            Outcome.allCases.map { outcome in
                result.records.filter { $0.grade?.outcome == outcome }
            } + [failed]
        return groups.flatMap { records in
            let stride = max(1, records.count / Self.mostTranscripts)
            return Swift.stride(from: 0, to: records.count, by: stride)
                .prefix(Self.mostTranscripts).map { transcript(records[$0]) }
        }
    }

    private func transcript(_ record: SampleRecord) -> String {
        let state =
            record.grade?.outcome.rawValue.replacingOccurrences(of: "_", with: " ") ?? "failed"
        let parts: [(String, String?)] = [
            ("prompt", record.prompt), ("thought", record.response?.reasoning),
            ("answer", record.response?.answer), ("taken as the answer", record.grade?.extracted),
            ("error", record.error),
        ]
        let blocks = parts.compactMap { name, text -> String? in
            guard let text, !text.isEmpty else { return nil }
            return "<p>\(name)</p><pre>\(MarkupText.escape(Self.cut(text), keepsLines: true))</pre>"
        }
        return """
            <details><summary>\(MarkupText.escape("\(state): \(record.id), sample \(record.sample + 1)"))</summary>
            \(blocks.joined(separator: "\n"))</details>
            """
    }

    /// The beginning and the end of a long text, where the answer stands.
    private static func cut(_ text: String) -> String {
        let count = text.count
        guard count > mostCharacters else { return text }
        let half = mostCharacters / 2
        return
            "\(text.prefix(half))\n… \(count - 2 * half) characters left out …\n\(text.suffix(half))"
    }
}

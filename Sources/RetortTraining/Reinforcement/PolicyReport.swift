// SPDX-License-Identifier: Apache-2.0
//
// OUTPUT/report.html of a run of reinforcement learning: one file, no script and no network.

import Foundation
import RetortFormats
import RetortJSON
import RetortReport
import RetortTensor

/// The curves of a run: reward, accuracy and thinking, length, entropy and divergence.
struct PolicyReport {
    /// One curve by its key in metrics.jsonl.
    private struct Curve {
        let key: String
        let name: String
        var style = LineChart.Series.Style.line
    }

    private struct Chart {
        let title: String
        let description: String
        let unit: String
        let curves: [Curve]
    }

    private static let charts = [
        Chart(
            title: "Accuracy and thinking",
            description:
                "The share of sampled answers that are correct and that have a thought, by step.",
            unit: "share",
            curves: [
                Curve(key: "accuracy", name: "correct"), Curve(key: "p_think", name: "think"),
                Curve(key: "eval_accuracy", name: "correct, held out", style: .marked),
            ]),
        Chart(
            title: "Reward", description: "The mean reward of sampled answers, by step.",
            unit: "reward", curves: [Curve(key: "reward", name: "reward")]),
        Chart(
            title: "Length", description: "Tokens of an answer, by step.", unit: "tokens",
            curves: [
                Curve(key: "completion_length", name: "sampled"),
                Curve(key: "eval_length", name: "held out", style: .marked),
            ]),
        Chart(
            title: "Groups and limits",
            description:
                "The share of prompts whose answers were not all worth the same, and of answers that were cut off.",
            unit: "share",
            curves: [
                Curve(key: "informative_groups", name: "informative groups"),
                Curve(key: "clipped_ratio", name: "cut off"),
            ]),
        Chart(
            title: "Entropy and divergence",
            description:
                "The entropy of a token's distribution and the divergence from the reference, in nats.",
            unit: "nats",
            curves: [Curve(key: "entropy", name: "entropy"), Curve(key: "kl", name: "divergence")]),
    ]

    let name: String
    private let figures: [(name: String, value: String)]
    private var points: [String: Downsampler] = [:]

    /// Reads a run's metrics.jsonl.
    /// - Throws: ``TrainingError`` if it cannot be read.
    init(run directory: String, name: String, figures: [(name: String, value: String)])
        throws(TrainingError)
    {
        self.name = name
        self.figures = figures
        let reader = try LineReader.open(
            "\(directory)/metrics.jsonl", maximumLineBytes: 1 << 26)
        let keys = Set(Self.charts.flatMap { $0.curves.map(\.key) })
        while try reader.advance() {
            guard reader.isTerminated, let line = try? JSONValue(parsing: reader.line),
                let step = line["step"]?.intValue
            else { continue }
            for key in keys {
                guard let value = line[key]?.doubleValue, value.isFinite else { continue }
                points[key, default: Downsampler()].add(Double(step), value)
            }
        }
    }

    /// - Throws: `FormatError` if the file cannot be written.
    func write(run directory: String) throws {
        try OutputFile.write(page, to: "\(directory)/report.html")
    }

    var page: String {
        var page = ReportPage(title: name, figures: figures)
        for (index, chart) in Self.charts.enumerated() {
            let series = chart.curves.enumerated().compactMap { place, curve in
                points[curve.key].map {
                    LineChart.Series(
                        colour: place + 1, name: curve.name, style: curve.style, points: $0.points)
                }
            }
            guard !series.isEmpty else { continue }
            let drawn = LineChart(
                id: "chart\(index)", title: chart.title, description: chart.description,
                unit: chart.unit, series: series)
            page.add(chart.title, drawn.svg)
        }
        return page.html
    }
}

extension PolicyTrainer {
    /// Writes the report as of now.
    func writeReport() throws {
        let name = URL(fileURLWithPath: directory.path).standardizedFileURL.lastPathComponent
        var figures: [(name: String, value: String)] = [
            (
                "method",
                teacher.map { "on-policy distillation, \($0.loss.kind.rawValue)" }
                    ?? settings.variant.rawValue
            ),
            ("task", environment.levels.joined(separator: ", ")),
            ("parameters", MarkupText.short(Double(summary.parameters))),
            ("steps", "\(state.step) of \(schedule.totalSteps)"),
            ("answers of a step", "\(settings.prompts) prompts x \(settings.groupSize)"),
            ("tokens sampled", MarkupText.short(Double(state.sampledTokens))),
            ("tokens trained", MarkupText.short(Double(state.trainedTokens))),
            ("time", MarkupText.duration(seconds: state.seconds)),
        ]
        if let best = state.bestAccuracy, let step = state.bestStep {
            figures.append(
                ("best held-out accuracy", "\(MarkupText.short(100 * best)) % at step \(step)"))
        }
        if let price = recipe.cost.pricePerHour {
            figures.append(
                (
                    "cost",
                    "\(MarkupText.short(price * state.seconds / 3600)) \(recipe.cost.currency)"
                ))
        }
        try PolicyReport(run: directory.path, name: name, figures: figures)
            .write(run: directory.path)
    }
}

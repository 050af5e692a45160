// SPDX-License-Identifier: Apache-2.0
//
// OUTPUT/report.html and OUTPUT/report.svg: one file each that needs nothing else, no script and no
// network.

import Foundation
import RetortFormats
import RetortReport

/// The curves and key figures of a run, to be looked at.
public struct RunReport {
    static let pageName = "report.html"
    static let chartName = "report.svg"

    let name: String
    let facts: RunFacts
    let series: RunSeries

    init(name: String, facts: RunFacts, series: RunSeries) {
        self.name = name
        self.facts = facts
        self.series = series
    }

    /// Reads run.json and metrics.jsonl of a run, finished or not.
    /// - Throws: ``TrainingError`` if a file is missing or damaged; a cut last line is none.
    public init(run directory: String) throws(TrainingError) {
        let url = URL(fileURLWithPath: directory).standardizedFileURL
        name = url.lastPathComponent
        facts = try RunFacts(run: directory)
        series = try RunSeries(metrics: "\(directory)/metrics.jsonl")
    }

    /// Writes both files, each in place of its older self.
    /// - Throws: `FormatError` if one cannot be written.
    public func write(run directory: String) throws {
        try OutputFile.write(page, to: "\(directory)/\(Self.pageName)")
        var chart = lossChart("loss", isLogarithmic: false)
        chart.style = ReportStyle.chart
        try OutputFile.write(chart.svg + "\n", to: "\(directory)/\(Self.chartName)")
    }

    /// What the run cost so far, at the recipe's rates.
    public var cost: RunCost { cost(facts.rates) }

    /// What the run cost so far, at other rates.
    public func cost(_ rates: RunCost.Rates) -> RunCost { RunCost(facts, series, rates) }

    // MARK: - Charts

    func lossChart(_ id: String, isLogarithmic: Bool) -> LineChart {
        func curve(_ curve: RunSeries.Curve) -> Downsampler {
            isLogarithmic ? curve.logarithmic : curve.linear
        }
        let (loss, validation) = (curve(series.loss), curve(series.validation))
        var lines = [
            LineChart.Series(colour: 1, name: "training", style: .raw, points: loss.points),
            LineChart.Series(colour: 1, name: "smoothed", points: loss.smoothed),
        ]
        if !validation.points.isEmpty {
            lines.append(
                LineChart.Series(
                    colour: 2, name: "validation", style: .marked, points: validation.points))
        }
        var text = "Cross entropy in nats over \(series.steps) steps."
        if let last = loss.smoothed.last {
            text += " Smoothed, \(MarkupText.short(last.y, digits: 4)) at the end."
        }
        if let best = series.best {
            text +=
                " Best validation loss \(MarkupText.short(best.loss, digits: 4)) at step \(best.step)."
        }
        return LineChart(
            id: id, title: "Loss of \(name)", description: text, unit: "loss (nats)", series: lines,
            hasLogarithmicSteps: isLogarithmic)
    }

    private func chart(
        _ id: String, _ title: String, _ unit: String, _ curve: Downsampler, smooths: Bool = false
    ) -> LineChart? {
        let points = curve.points
        guard let last = points.last else { return nil }
        var lines = [
            LineChart.Series(
                colour: 1, name: "each step", style: smooths ? .raw : .line, points: points)
        ]
        if smooths {
            lines.append(LineChart.Series(colour: 1, name: "smoothed", points: curve.smoothed))
        }
        let values = points.map(\.y)
        return LineChart(
            id: id, title: title,
            description:
                "From \(MarkupText.short(values.min() ?? 0)) to \(MarkupText.short(values.max() ?? 0)), \(MarkupText.short(last.y)) at the end.",
            unit: unit, series: lines)
    }

    // MARK: - Page

    var page: String {
        var page = ReportPage(title: "Training run \(name)", figures: figures)
        page.add(
            "Loss",
            """
            <input type="radio" name="steps" id="linear" checked><label for="linear">linear steps</label>
            <input type="radio" name="steps" id="logarithmic"><label for="logarithmic">logarithmic steps</label>
            <div class="linear">\(lossChart("loss", isLogarithmic: false).svg)</div>
            <div class="logarithmic">\(lossChart("loss-log", isLogarithmic: true).svg)</div>
            """)
        let others: [(String, LineChart?)] = [
            (
                "Learning rate",
                chart("rate", "Learning rate", "learning rate", series.learningRate)
            ),
            (
                "Norm of the gradients",
                chart(
                    "norm", "Norm of the gradients before clipping", "norm", series.gradientNorm,
                    smooths: true)
            ),
            (
                "Speed",
                chart("speed", "Tokens a second", "tokens/s", series.speed, smooths: true)
            ),
        ]
        for (heading, chart) in others {
            if let chart { page.add(heading, chart.svg) }
        }
        if !series.expertLoad.isEmpty {
            page.add(
                "Load of the experts",
                "\(LoadMap(id: "load", load: series.expertLoad).svg)\n<p>Averaged over about the last 25 steps; half dark is a layer's mean, full twice the mean or more.</p>"
            )
        }
        return page.html
    }

    /// The table.
    var figures: [(name: String, value: String)] {
        let cost = cost
        var rows: [(String, String?)] = [
            (
                "model",
                "\(facts.architecture), \(facts.kind == "sft" ? "fine-tuned" : facts.kind == "distill" ? "distilled" : "pretrained")"
            ),
            ("parameters", MarkupText.short(Double(facts.parameters))),
        ]
        // Biases that choose experts are not trained, and norms not counted: no other figure.
        func isLess(_ count: Int) -> Bool {
            Double(count) < 0.99 * Double(facts.parameters)
        }
        if isLess(facts.trainedParameters) {
            rows.append(("parameters trained", MarkupText.short(Double(facts.trainedParameters))))
        }
        if isLess(facts.activeParameters) {
            rows.append(
                ("parameters for each token", MarkupText.short(Double(facts.activeParameters))))
        }
        rows += [
            ("steps", "\(series.steps) of \(facts.totalSteps)"),
            ("tokens", MarkupText.short(Double(series.tokens))),
            ("time of training", MarkupText.duration(seconds: series.seconds)),
            ("operations", cost.operations.map { MarkupText.short($0, unit: "FLOP") }),
            ("mean speed", cost.operationsPerSecond.map { MarkupText.short($0, unit: "FLOP/s") }),
            (
                "utilisation",
                cost.utilisation.map { "\(MarkupText.short(100 * $0)) % of a matrix product" }
            ),
            ("last loss of training", series.lastLoss.map { MarkupText.short($0, digits: 4) }),
            (
                "last loss of validation",
                series.lastValidation.map { MarkupText.short($0.loss, digits: 4) }
            ),
            (
                "best loss of validation",
                series.best.map { "\(MarkupText.short($0.loss, digits: 4)) at step \($0.step)" }
            ),
            (
                "bits per byte, at the best step",
                series.best?.bitsPerByte.map { MarkupText.short($0, digits: 4) }
            ),
            ("cost", cost.money.map { "\(MarkupText.short($0)) \(cost.rates.currency)" }),
            (
                "cost of a million tokens",
                cost.moneyPerMillionTokens.map {
                    "\(MarkupText.short($0)) \(cost.rates.currency)"
                }
            ),
            (
                "energy",
                cost.kilowattHours.map {
                    "\(MarkupText.short($0)) kWh, \(cost.energySource?.rawValue ?? "")"
                }
            ),
            (
                "computed with",
                "\(facts.compute), \(facts.kernels), \(facts.threads) threads"
                    + (facts.ranks > 1 ? " in each of \(facts.ranks) processes" : "")
            ),
        ]
        return rows.compactMap { name, value in value.map { (name, $0) } }
    }
}

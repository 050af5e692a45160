// SPDX-License-Identifier: Apache-2.0
//
// OUTPUT/report.html and report.md: what the plan wants to see, what was expected, and what each stage took.
// OUTPUT/charts has the charts as files.

import Foundation
import RetortFormats
import RetortReport

/// The report of a pipeline as of now.
struct PipelineReport {
    let plan: PipelinePlan
    let state: PipelineState

    init(_ plan: PipelinePlan, _ state: PipelineState) {
        self.plan = plan
        self.state = state
    }

    func path(_ name: String) -> String { "\(plan.output)/\(name)" }

    func write() throws {
        let tables =
            plan.report.tables.map { filled($0) } + plan.report.gains.map { filled($0) }
            + [expectations, ledger].compactMap { $0 }
        var page = ReportPage(title: plan.title, figures: figures)
        var markdown = "# \(plan.title)\n\n"
        try FileManager.default.createDirectory(
            atPath: path("charts"), withIntermediateDirectories: true)
        for (index, table) in tables.enumerated() {
            var content = html(table)
            markdown += "## \(table.title)\n\n\(self.markdown(table))\n"
            if var bars = bars(table, id: "bars\(index)") {
                content += "\n" + bars.svg
                if let name = table.name {
                    bars.style = ReportStyle.chart
                    try OutputFile.write(bars.svg + "\n", to: path("charts/\(name).svg"))
                    markdown += "![\(table.title)](charts/\(name).svg)\n\n"
                }
            }
            page.add(table.title, content)
        }
        for (index, chart) in plan.report.charts.enumerated() {
            guard var drawn = drawn(chart, id: "chart\(index)") else { continue }
            page.add(chart.title, drawn.svg)
            drawn.style = ReportStyle.chart
            try OutputFile.write(drawn.svg + "\n", to: path("charts/\(chart.name).svg"))
            markdown += "## \(chart.title)\n\n![\(chart.title)](charts/\(chart.name).svg)\n\n"
        }
        try OutputFile.write(page.html, to: path("report.html"))
        try OutputFile.write(markdown, to: path("report.md"))
    }

    private var seconds: Double { state.stages.values.reduce(0) { $0 + $1.machineSeconds } }

    private var figures: [(name: String, value: String)] {
        let done = plan.stages.count { state.stages[$0.name]?.isDone == true }
        var figures = [
            ("stages", "\(done) of \(plan.stages.count)"),
            ("time", MarkupText.duration(seconds: seconds)),
        ]
        if let price = plan.pricePerHour {
            figures.append(("cost", money(price * seconds / 3600)))
        }
        return figures
    }

    func money(_ value: Double) -> String {
        "\(MarkupText.short(value)) \(plan.currency)"
    }

    // MARK: Tables

    struct Table {
        struct Bar {
            let value: Double
            let interval: ClosedRange<Double>?
        }

        var title: String
        var head: [String]
        var rows: [[String]]
        /// By row, what is drawn of it.
        var bars: [Bar?] = []
        var unit = ""
        /// Of the bars' file.
        var name: String?
    }

    private func filled(_ table: ReportPlan.Table) -> Table {
        var result = Table(
            title: table.title, head: [""] + table.columns.map(\.title), rows: [])
        result.name = table.name
        for row in table.rows {
            var cells = [row.name]
            for (index, column) in table.columns.enumerated() {
                let values = row.files.compactMap {
                    ReportValue.read(path($0), key: column.key)
                }
                var interval: ClosedRange<Double>?
                if values.count == 1, let key = column.interval {
                    interval = ReportValue.interval(path(row.files[0]), key: key)
                } else if values.count > 1, let low = values.min(), let high = values.max() {
                    interval = low...high
                }
                let mean = values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
                cells.append(text(mean, interval, column.format))
                if index == table.bars {
                    result.bars.append(mean.map { .init(value: $0, interval: interval) })
                    result.unit = column.title
                }
            }
            result.rows.append(cells)
        }
        return result
    }

    private func text(
        _ value: Double?, _ interval: ClosedRange<Double>?, _ format: ReportPlan.Column.Format
    ) -> String {
        guard let value else { return "–" }
        func one(_ value: Double) -> String {
            format == .percent ? String(format: "%.1f", 100 * value) : MarkupText.short(value)
        }
        let unit = format == .percent ? " %" : ""
        guard let interval else { return one(value) + unit }
        return "\(one(value))\(unit) (\(one(interval.lowerBound)) to \(one(interval.upperBound)))"
    }

    private var expectations: Table? {
        let all =
            plan.stages.flatMap { stage in stage.expectations.map { (stage.name, $0) } }
            + plan.expectations.map { ("all stages", $0) }
        guard !all.isEmpty else { return nil }
        return Table(
            title: "Expected and found", head: ["after", "expected", "found", ""],
            rows: all.map { name, expectation in
                let found = ReportValue.read(path(expectation.file), key: expectation.key)
                return [
                    name, expectation.file + ": " + expectation.text,
                    found.map { MarkupText.short($0) } ?? "–",
                    found.map { expectation.holds($0) ? "holds" : "does not hold" } ?? "",
                ]
            })
    }

    private var ledger: Table {
        var table = Table(title: "Ledger", head: ["stage", "time", "command"], rows: [])
        table.head.insert("operations", at: 2)
        if plan.pricePerHour != nil { table.head.insert("cost", at: 2) }
        for stage in plan.stages {
            let entry = state.stages[stage.name]
            let isDone = entry?.isDone == true
            var cells = [
                stage.name,
                entry.map { MarkupText.duration(seconds: $0.seconds) + (isDone ? "" : " so far") }
                    ?? "–",
                "retort " + stage.arguments.joined(separator: " "),
            ]
            let operations = operations(stage)
            cells.insert(operations.map { MarkupText.short($0, unit: "FLOP") } ?? "", at: 2)
            if let price = plan.pricePerHour {
                cells.insert(money(price * (entry?.machineSeconds ?? 0) / 3600), at: 2)
            }
            table.rows.append(cells)
        }
        return table
    }

    /// What a stage has computed: trainings count it.
    func operations(_ stage: PipelineStage) -> Double? {
        let counts = stage.makes.compactMap {
            ReportValue.read(path("\($0)/metrics.jsonl"), key: "operations")
        }
        return counts.isEmpty ? nil : counts.reduce(0, +)
    }

    private func html(_ table: Table) -> String {
        let head = table.head.map { "<th scope=\"col\">\(MarkupText.escape($0))</th>" }.joined()
        let rows = table.rows.map { cells in
            let first = "<th scope=\"row\">\(MarkupText.escape(cells[0]))</th>"
            let others = cells.dropFirst().map { "<td>\(MarkupText.escape($0))</td>" }.joined()
            return "<tr>\(first)\(others)</tr>"
        }
        return
            "<table><thead><tr>\(head)</tr></thead><tbody>\n\(rows.joined(separator: "\n"))\n</tbody></table>"
    }

    private func markdown(_ table: Table) -> String {
        func line(_ cells: [String]) -> String {
            "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |\n"
        }
        return line(table.head) + line(table.head.map { _ in "---" })
            + table.rows.map(line).joined()
    }

    // MARK: Charts

    private func bars(_ table: Table, id: String) -> BarChart? {
        let known = zip(table.rows, table.bars).compactMap { row, bar in
            bar.map {
                BarChart.Bar(
                    name: row[0], values: [$0.value], interval: $0.interval,
                    note: "\(row[0]): \(MarkupText.short($0.value))")
            }
        }
        guard known.count > 1 else { return nil }
        return BarChart(
            id: id, title: table.title, description: "\(table.title): \(table.unit)",
            unit: table.unit, axis: "", bars: known)
    }

    private func drawn(_ chart: ReportPlan.Chart, id: String) -> LineChart? {
        let series = chart.series.enumerated().compactMap { index, one -> LineChart.Series? in
            var points = Downsampler()
            for point in ReportValue.points(path(one.file), x: chart.x, y: one.key) {
                points.add(point.x, point.y)
            }
            guard !points.points.isEmpty else { return nil }
            return LineChart.Series(
                colour: index % 3 + 1, name: one.name, points: points.points)
        }
        guard !series.isEmpty else { return nil }
        return LineChart(
            id: id, title: chart.title, description: chart.title, unit: chart.unit, series: series)
    }
}

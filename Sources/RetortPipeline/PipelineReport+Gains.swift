// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortReport

extension PipelineReport {
    /// Points gained, what the stages took for one seed, and both together.
    func filled(_ gains: ReportPlan.Gains) -> Table {
        let isPriced = plan.pricePerHour != nil
        var table = Table(
            title: gains.title,
            head: ["", "points gained", "time", "operations", "time per point"]
                + (isPriced ? ["cost", "cost per point"] : []), rows: [])
        for row in gains.rows {
            let stages = plan.stages.filter { row.stages.contains($0.name) }
            let entries = stages.compactMap { state.stages[$0.name] }
            let seeds = Double(max(1, row.files.count))
            let seconds = entries.reduce(0) { $0 + $1.machineSeconds } / seeds
            let operations = stages.compactMap(operations).reduce(0, +) / seeds
            let points = mean(row.files, gains.key).flatMap { value in
                mean(row.baselines, gains.key).map { 100 * (value - $0) }
            }
            let isKnown = entries.count == stages.count && entries.allSatisfy(\.isDone)
            let isGain = isKnown && points.map { $0 > 0 } == true
            func one(_ text: @autoclosure () -> String) -> String { isKnown ? text() : "–" }
            func each(_ text: (Double) -> String) -> String {
                points.flatMap { isGain ? text($0) : nil } ?? "–"
            }
            table.rows.append(
                [
                    row.name, points.map { String(format: "%.1f", $0) } ?? "–",
                    one(MarkupText.duration(seconds: seconds)),
                    one(MarkupText.short(operations, unit: "FLOP")),
                    each { MarkupText.duration(seconds: seconds / $0) },
                ]
                    + (plan.pricePerHour.map { price in
                        let cost = price * seconds / 3600
                        return [one(money(cost)), each { money(cost / $0) }]
                    } ?? []))
        }
        return table
    }

    private func mean(_ files: [String], _ key: String) -> Double? {
        let values = files.compactMap { ReportValue.read(path($0), key: key) }
        guard !values.isEmpty, values.count == files.count else { return nil }
        return values.reduce(0, +) / Double(values.count)
    }
}

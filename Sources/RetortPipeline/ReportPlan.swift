// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// What a pipeline's report shows of the files that its stages write.
public struct ReportPlan: Sendable {
    /// A number of a JSON file.
    struct Column: Sendable {
        enum Format: String, CaseIterable { case number, percent }

        var title: String
        var key: String
        /// The key of a pair of bounds.
        var interval: String?
        var format = Format.number
    }

    struct Row: Sendable {
        var name: String
        /// Of several files (seeds) the mean is shown, and the least and the greatest.
        var files: [String]
    }

    struct Table: Sendable {
        var title: String
        var columns: [Column]
        var rows: [Row]
        /// The column that is drawn as bars too.
        var bars: Int?
        /// The name of the bars' SVG file.
        var name: String?
    }

    /// What a number has gained by stages, for what they took.
    struct Gains: Sendable {
        struct Row: Sendable {
            var name: String
            /// One for each seed; means are compared.
            var files: [String]
            var baselines: [String]
            var stages: [String]
        }

        var title: String
        /// Of a share: a point is a hundredth.
        var key: String
        var rows: [Row]
    }

    struct Series: Sendable {
        var name: String
        /// JSON lines.
        var file: String
        var key: String
    }

    struct Chart: Sendable {
        /// The name of its SVG file.
        var name: String
        var title: String
        var unit: String
        var x: String
        var series: [Series]
    }

    var tables: [Table] = []
    var gains: [Gains] = []
    var charts: [Chart] = []

    init(_ json: JSONValue?, _ variables: [String: String]) throws(PipelineError) {
        let fields = try PipelineFields(json, "report")
        for (index, item) in try fields.items("tables").enumerated() {
            tables.append(try Self.table(item, "report: table \(index + 1)", variables))
        }
        for (index, item) in try fields.items("gains").enumerated() {
            gains.append(try Self.gains(item, "report: gains \(index + 1)", variables))
        }
        for (index, item) in try fields.items("charts").enumerated() {
            charts.append(try Self.chart(item, "report: chart \(index + 1)", variables))
        }
        try fields.finish()
        var names: Set<String> = []
        for name in tables.compactMap(\.name) + charts.map(\.name)
        where !names.insert(name).inserted {
            throw PipelineError("report: two pictures are called '\(name)'")
        }
    }

    private static func table(
        _ json: JSONValue, _ place: String, _ variables: [String: String]
    ) throws(PipelineError) -> Table {
        let fields = try PipelineFields(json, place)
        var table = Table(title: try fields.required("title"), columns: [], rows: [])
        for item in try fields.items("columns") {
            let own = try PipelineFields(item, "\(place), columns")
            var column = Column(title: try own.required("title"), key: try own.required("key"))
            column.interval = try own.text("interval")
            if let name = try own.text("format") {
                guard let format = Column.Format(rawValue: name) else {
                    throw PipelineError(
                        "\(place): the format '\(name)' is not known; expected number or percent")
                }
                column.format = format
            }
            try own.finish()
            table.columns.append(column)
        }
        for item in try fields.items("rows") {
            let own = try PipelineFields(item, "\(place), rows")
            table.rows.append(
                Row(
                    name: try own.required("name"),
                    files: try paths(own.texts("file"), variables, place)))
            try own.finish()
        }
        if let key = try fields.text("bars") {
            table.bars = table.columns.firstIndex { $0.key == key }
            guard table.bars != nil else {
                throw PipelineError("\(place): there is no column of the key '\(key)' for 'bars'")
            }
        }
        table.name = try fields.text("name")
        if let name = table.name { try Self.check(name, place) }
        try fields.finish()
        return table
    }

    private static func paths(
        _ texts: [String], _ variables: [String: String], _ place: String
    ) throws(PipelineError) -> [String] {
        var paths: [String] = []
        for text in texts {
            paths.append(
                try PipelinePlan.inside(PipelinePlan.filled(text, variables, place), place))
        }
        return paths
    }

    private static func gains(
        _ json: JSONValue, _ place: String, _ variables: [String: String]
    ) throws(PipelineError) -> Gains {
        let fields = try PipelineFields(json, place)
        var gains = Gains(
            title: try fields.required("title"), key: try fields.required("key"), rows: [])
        for item in try fields.items("rows") {
            let own = try PipelineFields(item, "\(place), rows")
            var stages: [String] = []
            for name in try own.texts("stages") {
                stages.append(try PipelinePlan.filled(name, variables, place))
            }
            gains.rows.append(
                Gains.Row(
                    name: try own.required("name"),
                    files: try paths(own.texts("file"), variables, place),
                    baselines: try paths(own.texts("baseline"), variables, place), stages: stages))
            try own.finish()
            guard let row = gains.rows.last, !row.files.isEmpty, !row.baselines.isEmpty,
                !row.stages.isEmpty
            else {
                throw PipelineError("\(place), rows: 'file', 'baseline' and 'stages' are needed")
            }
        }
        try fields.finish()
        return gains
    }

    private static func check(_ name: String, _ place: String) throws(PipelineError) {
        guard !name.isEmpty, !name.contains("/"), !name.hasPrefix(".") else {
            throw PipelineError("\(place): a name is also a file's and has no slash")
        }
    }

    private static func chart(
        _ json: JSONValue, _ place: String, _ variables: [String: String]
    ) throws(PipelineError) -> Chart {
        let fields = try PipelineFields(json, place)
        var chart = Chart(
            name: try fields.required("name"), title: try fields.required("title"),
            unit: try fields.text("unit") ?? "", x: try fields.text("x") ?? "step", series: [])
        try check(chart.name, place)
        for item in try fields.items("series") {
            let own = try PipelineFields(item, "\(place), series")
            chart.series.append(
                Series(
                    name: try own.required("name"),
                    file: try PipelinePlan.inside(
                        PipelinePlan.filled(own.required("file"), variables, place), place),
                    key: try own.required("key")))
            try own.finish()
        }
        try fields.finish()
        return chart
    }
}

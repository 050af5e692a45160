// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A chart of curves over steps, as one SVG element.
package struct LineChart {
    package struct Series {
        package enum Style: String {
            /// Thin and pale, behind the others.
            case raw
            case line
            /// With a mark at each point.
            case marked
        }

        /// The colour: 1, 2 or 3 of the style sheet.
        package var colour: Int
        package var name: String
        package var style: Style
        package var points: [ChartPoint]

        package init(
            colour: Int = 1, name: String, style: Style = .line, points: [ChartPoint]
        ) {
            self.colour = colour
            self.name = name
            self.style = style
            self.points = points
        }
    }

    /// Unique in the page.
    package var id: String
    package var title: String
    package var description: String
    package var unit: String
    package var series: [Series]
    package var hasLogarithmicSteps: Bool
    /// Put into the element itself, for a file that stands alone.
    package var style: String?

    package init(
        id: String, title: String, description: String, unit: String, series: [Series],
        hasLogarithmicSteps: Bool = false
    ) {
        self.id = id
        self.title = title
        self.description = description
        self.unit = unit
        self.series = series
        self.hasLogarithmicSteps = hasLogarithmicSteps
    }

    private static let width = 860.0
    private static let height = 320.0
    private static let left = 64.0
    private static let right = 844.0
    private static let top = 34.0
    private static let bottom = 280.0
    /// Above this many points marks would hide the line.
    private static let mostMarks = 60

    package var svg: String {
        let points = series.flatMap(\.points)
        let x = ChartScale(
            points.map(\.x), isLogarithmic: hasLogarithmicSteps, from: Self.left, to: Self.right)
        let y = ChartScale(points.map(\.y), from: Self.bottom, to: Self.top)
        var parts = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" role=\"img\" viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" aria-labelledby=\"\(id)-title \(id)-desc\">",
            "<title id=\"\(id)-title\">\(MarkupText.escape(title))</title>",
            "<desc id=\"\(id)-desc\">\(MarkupText.escape(description))</desc>",
        ]
        if let style { parts.append("<style>\(style)</style>") }
        if style != nil {
            parts.append(
                "<rect class=\"paper\" width=\"\(Int(Self.width))\" height=\"\(Int(Self.height))\"/>"
            )
        }
        parts += grid(x, y)
        // Pale curves lie behind the others.
        for one in series where one.style == .raw { parts.append(line(one, x, y)) }
        for one in series where one.style != .raw { parts.append(line(one, x, y)) }
        parts += legend
        parts.append("</svg>")
        return parts.joined(separator: "\n")
    }

    private func grid(_ x: ChartScale, _ y: ChartScale) -> [String] {
        let place = MarkupText.place
        var parts: [String] = []
        for tick in y.ticks(5) {
            let at = place(y.place(tick))
            parts.append(
                "<line class=\"grid\" x1=\"\(place(Self.left))\" x2=\"\(place(Self.right))\" y1=\"\(at)\" y2=\"\(at)\"/>"
            )
            parts.append(
                "<text class=\"tick\" text-anchor=\"end\" x=\"\(place(Self.left - 8))\" y=\"\(place(y.place(tick) + 4))\">\(MarkupText.short(tick))</text>"
            )
        }
        for tick in x.ticks(8) {
            let at = place(x.place(tick))
            parts.append(
                "<line class=\"grid\" x1=\"\(at)\" x2=\"\(at)\" y1=\"\(place(Self.top))\" y2=\"\(place(Self.bottom))\"/>"
            )
            parts.append(
                "<text class=\"tick\" text-anchor=\"middle\" x=\"\(at)\" y=\"\(place(Self.bottom + 18))\">\(MarkupText.short(tick))</text>"
            )
        }
        parts.append(
            "<text class=\"label\" text-anchor=\"end\" x=\"\(place(Self.right))\" y=\"\(place(Self.height - 6))\">step\(hasLogarithmicSteps ? " (logarithmic)" : "")</text>"
        )
        parts.append(
            "<text class=\"label\" x=\"8\" y=\"20\">\(MarkupText.escape(unit))</text>")
        return parts
    }

    private func line(_ series: Series, _ x: ChartScale, _ y: ChartScale) -> String {
        let places = series.points.map {
            "\(MarkupText.place(x.place($0.x))),\(MarkupText.place(y.place($0.y)))"
        }
        var parts: [String] = []
        if places.count > 1 {
            parts.append(
                "<polyline class=\"c\(series.colour) \(series.style.rawValue)\" points=\"\(places.joined(separator: " "))\"/>"
            )
        }
        if places.count == 1 || series.style == .marked && places.count <= Self.mostMarks {
            for point in series.points {
                parts.append(
                    "<circle class=\"c\(series.colour)\" r=\"3\" cx=\"\(MarkupText.place(x.place(point.x)))\" cy=\"\(MarkupText.place(y.place(point.y)))\"/>"
                )
            }
        }
        return parts.joined(separator: "\n")
    }

    private var legend: [String] {
        guard series.count > 1 else { return [] }
        var parts: [String] = []
        var x = Self.right
        for one in series.reversed() {
            // Texts cannot be measured here: about seven units a character.
            x -= Double(one.name.count) * 7 + 36
            let (from, to) = (MarkupText.place(x), MarkupText.place(x + 22))
            parts.append(
                "<line class=\"c\(one.colour) \(one.style.rawValue)\" x1=\"\(from)\" x2=\"\(to)\" y1=\"16\" y2=\"16\"/>"
            )
            parts.append(
                "<text class=\"label\" x=\"\(MarkupText.place(x + 28))\" y=\"20\">\(MarkupText.escape(one.name))</text>"
            )
        }
        return parts
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A chart of bars, one or more stacked parts each, as one SVG element.
package struct BarChart {
    package struct Bar {
        package var name: String
        /// The parts from below, one for each of ``BarChart/parts``.
        package var values: [Double]
        /// Ends of an interval around the bar's height.
        package var interval: ClosedRange<Double>?
        /// What a pointer over the bar shows.
        package var note: String

        package init(
            name: String, values: [Double], interval: ClosedRange<Double>? = nil, note: String
        ) {
            self.name = name
            self.values = values
            self.interval = interval
            self.note = note
        }
    }

    /// Unique in the page.
    package var id: String
    package var title: String
    package var description: String
    package var unit: String
    /// What the bars stand for, below the axis.
    package var axis: String
    /// Names of the parts, at most three; a legend tells them apart where there are more than one.
    package var parts: [String]
    package var bars: [Bar]
    /// The upper end of the scale; nil takes what the bars need.
    package var maximum: Double?
    /// A style sheet of its own, for a file that stands alone.
    package var style: String?

    package init(
        id: String, title: String, description: String, unit: String, axis: String,
        parts: [String] = [""], bars: [Bar], maximum: Double? = nil
    ) {
        self.id = id
        self.title = title
        self.description = description
        self.unit = unit
        self.axis = axis
        self.parts = parts
        self.bars = bars
        self.maximum = maximum
    }

    private static let width = 860.0
    private static let height = 320.0
    private static let left = 64.0
    private static let right = 844.0
    private static let top = 34.0
    private static let bottom = 280.0

    package var svg: String {
        let heights = bars.flatMap { bar in
            [bar.values.filter(\.isFinite).reduce(0, +), bar.interval?.upperBound ?? 0]
        }
        let most = maximum ?? heights.filter(\.isFinite).max() ?? 0
        let y = ChartScale([0, most > 0 ? most : 1], from: Self.bottom, to: Self.top)
        var elements = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" role=\"img\" viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" aria-labelledby=\"\(id)-title \(id)-desc\">",
            "<title id=\"\(id)-title\">\(MarkupText.escape(title))</title>",
            "<desc id=\"\(id)-desc\">\(MarkupText.escape(description))</desc>",
        ]
        if let style {
            elements.append("<style>\(style)</style>")
            elements.append(
                "<rect class=\"paper\" width=\"\(Int(Self.width))\" height=\"\(Int(Self.height))\"/>"
            )
        }
        elements += grid(y)
        let slot = (Self.right - Self.left) / Double(max(1, bars.count))
        // Names of many bars would lie over each other.
        let stride = max(1, Int((60 / slot).rounded(.up)))
        for (index, bar) in bars.enumerated() {
            let x = Self.left + slot * Double(index)
            elements += column(bar, x: x, slot: slot, y)
            if index % stride == 0 {
                elements.append(
                    "<text class=\"tick\" text-anchor=\"middle\" x=\"\(MarkupText.place(x + slot / 2))\" y=\"\(MarkupText.place(Self.bottom + 18))\">\(MarkupText.escape(bar.name))</text>"
                )
            }
        }
        elements += legend
        elements.append("</svg>")
        return elements.joined(separator: "\n")
    }

    private func grid(_ y: ChartScale) -> [String] {
        let place = MarkupText.place
        var elements: [String] = []
        for tick in y.ticks(5) {
            let at = place(y.place(tick))
            elements.append(
                "<line class=\"grid\" x1=\"\(place(Self.left))\" x2=\"\(place(Self.right))\" y1=\"\(at)\" y2=\"\(at)\"/>"
            )
            elements.append(
                "<text class=\"tick\" text-anchor=\"end\" x=\"\(place(Self.left - 8))\" y=\"\(place(y.place(tick) + 4))\">\(MarkupText.short(tick))</text>"
            )
        }
        elements.append(
            "<text class=\"label\" text-anchor=\"end\" x=\"\(place(Self.right))\" y=\"\(place(Self.height - 6))\">\(MarkupText.escape(axis))</text>"
        )
        elements.append("<text class=\"label\" x=\"8\" y=\"20\">\(MarkupText.escape(unit))</text>")
        return elements
    }

    private func column(_ bar: Bar, x: Double, slot: Double, _ y: ChartScale) -> [String] {
        let place = MarkupText.place
        let gap = min(slot * 0.2, 12)
        var elements = ["<g><title>\(MarkupText.escape(bar.note))</title>"]
        var sum = 0.0
        for (part, value) in bar.values.enumerated() where value.isFinite && value > 0 {
            let (low, high) = (y.place(sum), y.place(sum + value))
            sum += value
            elements.append(
                "<rect class=\"f\(part % 3 + 1)\" x=\"\(place(x + gap / 2))\" y=\"\(place(high))\" width=\"\(place(slot - gap))\" height=\"\(place(low - high))\"/>"
            )
        }
        if let interval = bar.interval {
            let middle = x + slot / 2
            let (low, high) = (
                place(y.place(interval.lowerBound)), place(y.place(interval.upperBound))
            )
            elements.append(
                "<line class=\"error\" x1=\"\(place(middle))\" x2=\"\(place(middle))\" y1=\"\(low)\" y2=\"\(high)\"/>"
            )
            for end in [low, high] {
                elements.append(
                    "<line class=\"error\" x1=\"\(place(middle - 5))\" x2=\"\(place(middle + 5))\" y1=\"\(end)\" y2=\"\(end)\"/>"
                )
            }
        }
        elements.append("</g>")
        return elements
    }

    private var legend: [String] {
        guard parts.count > 1 else { return [] }
        var elements: [String] = []
        var x = Self.right
        for (index, name) in parts.enumerated().reversed() {
            // Texts cannot be measured here: about seven units a character.
            x -= Double(name.count) * 7 + 30
            elements.append(
                "<rect class=\"f\(index % 3 + 1)\" x=\"\(MarkupText.place(x))\" y=\"10\" width=\"12\" height=\"12\"/>"
            )
            elements.append(
                "<text class=\"label\" x=\"\(MarkupText.place(x + 18))\" y=\"20\">\(MarkupText.escape(name))</text>"
            )
        }
        return elements
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortReport

/// The experts' shares of the tokens as a map: a row for each layer, a column for each expert.
struct LoadMap {
    var id: String
    /// By layer: each expert's share; a layer's sum is about 1.
    var load: [[Double]]

    /// Neighbouring experts share a cell where there are more.
    private static let mostColumns = 64
    private static let left = 64.0
    private static let width = 860.0
    private static let top = 34.0

    var svg: String {
        let experts = load.map(\.count).max() ?? 0
        let group = max(1, (experts + Self.mostColumns - 1) / Self.mostColumns)
        let columns = (experts + group - 1) / group
        let cell = (Self.width - Self.left - 16) / Double(max(1, columns))
        let row = load.count > 24 ? 12.0 : 22.0
        let height = Self.top + row * Double(load.count) + 30
        let place = MarkupText.place
        let title = "Load of the experts"
        var parts = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" role=\"img\" viewBox=\"0 0 \(Int(Self.width)) \(place(height))\" aria-labelledby=\"\(id)-title \(id)-desc\">",
            "<title id=\"\(id)-title\">\(title)</title>",
            "<desc id=\"\(id)-desc\">\(MarkupText.escape(description))</desc>",
            "<text class=\"label\" x=\"8\" y=\"20\">layer</text>",
            "<text class=\"label\" text-anchor=\"end\" x=\"\(place(Self.width - 16))\" y=\"\(place(height - 8))\">expert\(group > 1 ? "s, \(group) in a cell" : "")</text>",
        ]
        for (layer, shares) in load.enumerated() {
            let y = Self.top + row * Double(layer)
            if row > 12 || layer % 4 == 0 {
                parts.append(
                    "<text class=\"tick\" text-anchor=\"end\" x=\"\(place(Self.left - 8))\" y=\"\(place(y + row / 2 + 4))\">\(layer + 1)</text>"
                )
            }
            for column in 0..<columns {
                let cells = shares.dropFirst(column * group).prefix(group)
                guard let most = cells.filter(\.isFinite).max() else { continue }
                let ratio = most * Double(shares.count)
                let x = Self.left + cell * Double(column)
                parts.append(
                    "<rect class=\"load\" x=\"\(place(x))\" y=\"\(place(y))\" width=\"\(place(cell - 1))\" height=\"\(place(row - 1))\" fill-opacity=\"\(Self.opacity(ratio))\"><title>layer \(layer + 1), expert \(column * group + 1): \(MarkupText.short(ratio)) of the mean</title></rect>"
                )
            }
        }
        parts.append("</svg>")
        return parts.joined(separator: "\n")
    }

    /// The mean is half; twice the mean and more is full.
    private static func opacity(_ ratio: Double) -> String {
        String(format: "%.2f", min(1, max(0.04, ratio / 2)))
    }

    private var description: String {
        let ratios = load.flatMap { layer in layer.map { $0 * Double(layer.count) } }
            .filter(\.isFinite)
        guard let low = ratios.min(), let high = ratios.max() else { return "No experts." }
        return
            "\(load.count) layers; the darker, the more tokens. From \(MarkupText.short(low)) to \(MarkupText.short(high)) of a layer's mean."
    }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Texts and numbers in HTML and SVG.
package enum MarkupText {
    /// A text that stands between tags or in an attribute. What XML 1.0 cannot hold is replaced.
    /// - Parameter keepsLines: Whether line feeds and tabs stay, for `<pre>`; else they are spaces.
    package static func escape(_ text: String, keepsLines: Bool = false) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\t", "\n":
                if keepsLines {
                    result.unicodeScalars.append(scalar)
                } else {
                    result += " "
                }
            case "\r": result += keepsLines ? "" : " "
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value),
                "\u{FFFE}", "\u{FFFF}":
                result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A coordinate.
    package static func place(_ value: Double) -> String {
        let tenths = (value * 10).rounded()
        guard tenths.isFinite, abs(tenths) < 1e9 else { return "0" }
        let whole = Int(tenths)
        return whole % 10 == 0
            ? String(whole / 10)
            : "\(whole < 0 ? "-" : "")\(abs(whole) / 10).\(abs(whole) % 10)"
    }

    /// A number with at most `digits` significant digits: 0.0003, 12.5 k, 3.1 G.
    package static func short(_ value: Double, digits: Int = 3) -> String {
        guard value.isFinite else { return "–" }
        let size = abs(value)
        if size == 0 { return "0" }
        if size < 1e-3 || size >= 1e18 {
            let parts = String(format: "%.*e", max(0, digits - 1), value).split(separator: "e")
            guard parts.count == 2, let power = Int(parts[1]) else { return String(value) }
            return "\(trimmed(String(parts[0])))e\(power)"
        }
        let units = ["", " k", " M", " G", " T", " P"]
        var (scaled, unit) = (value, 0)
        while abs(scaled) >= 999.95, unit < units.count - 1 {
            scaled /= 1000
            unit += 1
        }
        let whole = max(1, Int(log10(abs(scaled)).rounded(.down)) + 1)
        let decimals = max(0, abs(scaled) < 1 ? digits : digits - whole)
        return trimmed(String(format: "%.*f", decimals, scaled)) + units[unit]
    }

    /// A number with its unit: 12.5 GFLOP, 3.29e24 FLOP.
    package static func short(_ value: Double, unit: String) -> String {
        let text = short(value)
        return text.contains(" ") ? text + unit : "\(text) \(unit)"
    }

    private static func trimmed(_ text: String) -> String {
        guard text.contains(".") else { return text }
        var text = text
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }

    package static func duration(seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e12 else { return "–" }
        let whole = Int(seconds)
        if whole >= 3600 { return "\(whole / 3600) h \(whole % 3600 / 60) min" }
        if whole >= 60 { return "\(whole / 60) min \(whole % 60) s" }
        return "\(short(seconds)) s"
    }
}

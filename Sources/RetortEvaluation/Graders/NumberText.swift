// SPDX-License-Identifier: Apache-2.0
//
// Numbers as people and models write them, read exactly. What is not understood is no number rather
// than a wrong one: 1e999, ½, ٣, 1.2.3 and "3 or 4" are none.

import BigInt

/// A number read from a text.
struct NumberText: Equatable {
    /// Without regard to a percent sign: 75 for `75%`.
    let value: Rational
    let isPercent: Bool

    init(value: Rational, isPercent: Bool = false) {
        self.value = value
        self.isPercent = isPercent
    }

    /// Reads a text that is one number and nothing else but currency, a unit of letters and the
    /// wrapping of LaTeX or Markdown; nil for anything else.
    init?(_ text: String) {
        guard text.utf8.count <= NumberReader.mostBytes else { return nil }
        var reader = NumberReader(NumberNotation.plain(text))
        reader.skipSpaces()
        reader.skipName()
        guard let number = reader.number() else { return nil }
        reader.skipUnit()
        guard reader.isAtEnd else { return nil }
        self = number
    }

    /// Where the last number of a text stands, as text that ``init(_:)`` takes if it is one that can be
    /// read. Nil if there is no digit outside words.
    static func last(in text: String) -> String? {
        var reader = NumberReader(NumberNotation.plain(text))
        var last: Range<Int>?
        while !reader.isAtEnd {
            if let range = reader.numberRange() {
                last = range
            } else {
                reader.skipOne()
            }
        }
        return last.map { reader.text($0) }
    }

    /// Whether two numbers are the same. `75%` is 75 to whoever asked for percent and 0.75 to whoever
    /// asked for a share.
    func isSame(as reference: NumberText, within tolerance: NumericGrader.Tolerance) -> Bool {
        if tolerance.accepts(value, reference.value) { return true }
        guard isPercent != reference.isPercent else { return false }
        let hundredth = Rational(digits: "1", places: 2) ?? value
        return isPercent
            ? tolerance.accepts(value * hundredth, reference.value)
            : tolerance.accepts(value, reference.value * hundredth)
    }
}

/// The notations of LaTeX and Markdown that numbers come in, as plain characters.
enum NumberNotation {
    private static let replacements: [(from: String, to: String)] = [
        ("\\left", ""), ("\\right", ""), ("\\dfrac", "\\frac"), ("\\tfrac", "\\frac"),
        ("\\text{", " "), ("\\mathrm{", " "), ("\\textbf{", " "), ("\\mathbf{", " "),
        ("\\$", "$"), ("\\%", "%"), ("{,}", ","), ("\\,", ""), ("\\!", ""), ("\\;", ""),
        ("\\:", ""), ("\\ ", " "), ("\\(", " "), ("\\)", " "), ("\\[", " "), ("\\]", " "),
        ("**", " "), ("\u{2212}", "-"), ("\u{A0}", " "), ("\u{202F}", " "), ("\u{2009}", " "),
    ]

    /// The scalars of a text in plain notation, in one pass.
    static func plain(_ text: String) -> [Unicode.Scalar] {
        let scalars = Array(text.unicodeScalars)
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(scalars.count)
        var position = 0
        scan: while position < scalars.count {
            // All replacements begin with one of these.
            switch scalars[position] {
            case "\\", "{", "*", "\u{2212}", "\u{A0}", "\u{202F}", "\u{2009}":
                for (from, to) in replacements
                where scalars[position...].starts(with: from.unicodeScalars) {
                    result.append(contentsOf: to.unicodeScalars)
                    position += from.unicodeScalars.count
                    continue scan
                }
            default: break
            }
            result.append(scalars[position])
            position += 1
        }
        return result
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Why a file cannot be read or written: what was found, what was expected, what to do. One line.
public struct FormatError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    package init(_ description: String) { self.description = Self.oneLine(description) }

    /// Names from files end up in messages: control characters must not reach a terminal or a log,
    /// and a name of a megabyte must not fill it.
    private static func oneLine(_ text: String) -> String {
        var line = ""
        var count = 0
        for scalar in text.unicodeScalars {
            guard count < 1000 else { return line + "…" }
            let isControl = scalar.properties.generalCategory == .control
            line.unicodeScalars.append(isControl ? "\u{FFFD}" : scalar)
            count += 1
        }
        return line
    }
}

// SPDX-License-Identifier: Apache-2.0

/// A number of bytes for people: decimal units, three figures.
public struct ByteCount: Sendable, Equatable, CustomStringConvertible {
    public let bytes: Int

    public init(_ bytes: Int) { self.bytes = bytes }

    public var description: String {
        let units = ["kB", "MB", "GB", "TB"]
        var value = Double(bytes)
        var unit = "B"
        for larger in units where value >= 999.5 {
            value /= 1000
            unit = larger
        }
        if unit == "B" { return "\(bytes) B" }
        let decimals = value < 9.995 ? 100.0 : value < 99.95 ? 10.0 : 1.0
        let rounded = (value * decimals).rounded() / decimals
        return decimals == 1 ? "\(Int(rounded)) \(unit)" : "\(rounded) \(unit)"
    }
}

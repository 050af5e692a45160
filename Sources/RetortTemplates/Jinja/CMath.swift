// SPDX-License-Identifier: Apache-2.0
//
// The few functions of the C library that templates need, so that the module needs no Foundation.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

enum CMath {
    static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }

    enum Notation {
        case fixed, exponent, general
    }

    /// Most digits after the point that are written.
    static let maximumPrecision = 400

    /// A finite number in decimal, correctly rounded, as Python's and C's `%f`, `%e` and `%g`.
    /// - Parameter keepsPoint: C's `#`: keep the point and, for `general`, trailing zeros.
    static func text(
        of number: Double, _ notation: Notation, precision: Int, keepsPoint: Bool = false
    ) -> String {
        let precision = Int32(max(0, min(precision, maximumPrecision)))
        // 309 digits before the point, sign, point, exponent.
        var buffer = [CChar](repeating: 0, count: 330 + maximumPrecision)
        let format: String
        switch notation {
        case .fixed: format = keepsPoint ? "%#.*f" : "%.*f"
        case .exponent: format = keepsPoint ? "%#.*e" : "%.*e"
        case .general: format = keepsPoint ? "%#.*g" : "%.*g"
        }
        let count = withVaList([precision, number]) {
            vsnprintf(&buffer, buffer.count, format, $0)
        }
        let written = buffer.prefix(max(0, min(Int(count), buffer.count - 1)))
        return String(decoding: written.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The machine's local time.
    static func localTime() -> CalendarTime {
        var seconds = time(nil)
        var parts = tm()
        localtime_r(&seconds, &parts)
        return CalendarTime(
            year: Int(parts.tm_year) + 1900, month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday),
            hour: Int(parts.tm_hour), minute: Int(parts.tm_min), second: Int(parts.tm_sec))
    }
}

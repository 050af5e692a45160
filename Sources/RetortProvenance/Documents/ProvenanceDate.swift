// SPDX-License-Identifier: Apache-2.0

/// Dates in UTC, without a calendar of the machine's.
enum ProvenanceDate {
    /// `2026-11-24T10:00:00Z`.
    /// - Parameter seconds: Since 1970; what lies outside of the years 0 to 9999 is clamped.
    static func text(_ seconds: Double) -> String {
        let limited = min(max(seconds.isFinite ? seconds : 0, -62_167_219_200), 253_402_300_799)
        let total = Int(limited.rounded(.down))
        let time = ((total % 86_400) + 86_400) % 86_400
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(day(seconds))T\(two(time / 3600)):\(two(time / 60 % 60)):\(two(time % 60))Z"
    }

    /// `2026-11-24`.
    static func day(_ seconds: Double) -> String {
        let limited = min(max(seconds.isFinite ? seconds : 0, -62_167_219_200), 253_402_300_799)
        let days = Int((limited / 86_400).rounded(.down))
        // Days since 1 March of the year 0, in eras of 400 years.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let ofEra = shifted - era * 146_097
        let year = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * year + year / 4 - year / 100)
        let part = (5 * ofYear + 2) / 153
        let dayOfMonth = ofYear - (153 * part + 2) / 5 + 1
        let month = part < 10 ? part + 3 : part - 9
        let civil = year + era * 400 + (month <= 2 ? 1 : 0)
        func padded(_ value: Int, _ width: Int) -> String {
            let digits = "\(value)"
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return "\(padded(civil, 4))-\(padded(month, 2))-\(padded(dayOfMonth, 2))"
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Dates and times as text, without a formatter's cost.
public enum TimeText {
    /// Seconds since 1970 of `2026-11-30T02:00:00.5Z`, `2026-11-30 02:00:00+01:00` or `2026-11-30`; UTC if no zone is given.
    public static func seconds(_ text: String) -> Double? {
        var rest = Array(text.utf8)[...]
        func number(_ digits: Int) -> Int? {
            guard rest.count >= digits else { return nil }
            var value = 0
            for byte in rest.prefix(digits) {
                guard byte >= 0x30, byte <= 0x39 else { return nil }
                value = value * 10 + Int(byte - 0x30)
            }
            rest = rest.dropFirst(digits)
            return value
        }
        func skip(_ bytes: String) -> Bool {
            guard let first = rest.first, bytes.utf8.contains(first) else { return false }
            rest = rest.dropFirst()
            return true
        }
        guard let year = number(4), skip("-"), let month = number(2), (1...12).contains(month),
            skip("-"), let day = number(2), (1...31).contains(day)
        else { return nil }
        var seconds = Double(days(year, month, day)) * 86_400
        guard !rest.isEmpty else { return seconds }
        guard skip("T "), let hour = number(2), hour < 24, skip(":"), let minute = number(2),
            minute < 60, skip(":"), let second = number(2), second <= 60
        else { return nil }
        seconds += Double(hour * 3600 + minute * 60 + second)
        if skip(".") {
            let digits = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
            rest = rest.dropFirst(digits.count)
            guard let part = Double("0." + String(decoding: digits, as: UTF8.self)) else {
                return nil
            }
            seconds += part
        }
        if rest.isEmpty || (rest.count == 1 && skip("Zz")) { return seconds }
        let isWest = rest.first == UInt8(ascii: "-")
        guard skip("+-"), let hours = number(2), hours < 24 else { return nil }
        _ = skip(":")
        guard let minutes = rest.isEmpty ? 0 : number(2), minutes < 60, rest.isEmpty else {
            return nil
        }
        return seconds + Double(hours * 3600 + minutes * 60) * (isWest ? 1 : -1)
    }

    /// Days since 1970 in the Gregorian calendar.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        // Years begin in March, so that the leap day is the last.
        let year = month <= 2 ? year - 1 : year
        let shifted = month <= 2 ? month + 9 : month - 3
        return 365 * year + year / 4 - year / 100 + year / 400 + (153 * shifted + 2) / 5 + day - 1
            - 719_468
    }

    /// `2026-11-30 02:00:00 UTC`.
    public static func text(_ seconds: Double) -> String {
        guard seconds.isFinite, abs(seconds) < 1e11 else { return "?" }
        let whole = Int(seconds.rounded(.down))
        let day = (whole / 86_400) - (whole % 86_400 < 0 ? 1 : 0)
        let second = whole - day * 86_400
        // The inverse of `days` (Hinnant, "chrono-compatible low-level date algorithms").
        let z = day + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let date = "\(year)-\(two(month))-\(two(dayOfYear - (153 * shifted + 2) / 5 + 1))"
        return "\(date) \(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60)) UTC"
    }
}

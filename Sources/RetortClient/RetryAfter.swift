// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The header `Retry-After` (RFC 9110, 10.2.3).
package enum RetryAfter {
    /// The pause that the header asks for: seconds (some send a fraction), or a date, of which
    /// `now` in seconds since 1970 makes a pause. nil for anything else.
    package static func pause(_ text: String, now: Double) -> Duration? {
        let text = text.trimmingCharacters(in: .whitespaces)
        if let first = text.utf8.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) {
            guard let seconds = Double(text), seconds.isFinite, seconds <= longest else {
                return nil
            }
            return .seconds(seconds)
        }
        guard let date = date(text), date - now <= longest else { return nil }
        return .seconds(max(0, date - now))
    }

    private static let longest = 1e9
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Seconds since 1970 of a date as `Sun, 06 Nov 1994 08:49:37 GMT`, the only form that may
    /// still be sent.
    private static func date(_ text: String) -> Double? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", words[0].hasSuffix(","),
            let day = Int(words[1]), (1...31).contains(day),
            let month = months.firstIndex(of: String(words[2])),
            let year = Int(words[3]), (1970...9999).contains(year)
        else { return nil }
        let time = words[4].split(separator: ":").compactMap { Int($0) }
        guard time.count == 3, (0...23).contains(time[0]), (0...59).contains(time[1]),
            (0...60).contains(time[2])
        else { return nil }
        return Double(daysSince1970(year, month + 1, day)) * 86_400
            + Double(time[0] * 3600 + time[1] * 60 + time[2])
    }

    /// Days of the Gregorian calendar, counted from March so that the leap day is the last.
    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let shifted = (month + 9) % 12
        let leapDays = year / 4 - year / 100 + year / 400
        return 365 * year + leapDays + (shifted * 306 + 5) / 10 + day - 1 - 719_468
    }
}

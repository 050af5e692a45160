// SPDX-License-Identifier: Apache-2.0
//
// Some templates print today's date. The caller may set it, so that a prompt can be repeated.

/// A date and time of day, without a time zone.
public struct CalendarTime: Sendable, Equatable {
    public var year: Int
    /// 1 to 12
    public var month: Int
    /// 1 to 31
    public var day: Int
    public var hour: Int
    public var minute: Int
    public var second: Int

    public init(
        year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0
    ) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
    }

    /// The machine's local time.
    public static func current() -> CalendarTime { CMath.localTime() }

    private static let weekdays = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ]

    private static func isLeap(_ year: Int) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    /// Days since 1 January, from 0.
    private var dayOfYear: Int {
        let lengths = [31, Self.isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return lengths.prefix(month - 1).reduce(0, +) + day - 1
    }

    /// 0 for Sunday.
    private static func weekday(year: Int, dayOfYear: Int) -> Int {
        let before = year - 1
        let days = 365 * before + before / 4 - before / 100 + before / 400 + dayOfYear
        return (days + 1) % 7
    }

    /// The week by ISO 8601, which may belong to the year before or after.
    private var isoWeek: (year: Int, week: Int) {
        let monday = (Self.weekday(year: year, dayOfYear: dayOfYear) + 6) % 7
        let week = (dayOfYear - monday + 10) / 7
        func weeks(_ year: Int) -> Int {
            let first = Self.weekday(year: year, dayOfYear: 0)
            return first == 4 || (first == 3 && Self.isLeap(year)) ? 53 : 52
        }
        if week < 1 { return (year - 1, weeks(year - 1)) }
        return week > weeks(year) ? (year + 1, 1) : (year, week)
    }

    /// The same time with every part in its range, so that no arithmetic on it can fail.
    private var clamped: CalendarTime {
        CalendarTime(
            year: max(1, min(year, 9999)), month: max(1, min(month, 12)), day: max(1, min(day, 31)),
            hour: max(0, min(hour, 23)), minute: max(0, min(minute, 59)),
            second: max(0, min(second, 60)))
    }

    /// The time as C's `strftime` writes it in the C locale.
    func formatted(_ format: String) -> String { clamped.text(in: format) }

    private func text(in format: String) -> String {
        var result = ""
        var scalars = format.unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            guard scalar == "%", var directive = scalars.first else {
                result.unicodeScalars.append(scalar)
                continue
            }
            var rest = scalars.dropFirst()
            var isPadded = true
            if directive == "-", let next = rest.first {
                isPadded = false
                directive = next
                rest = rest.dropFirst()
            }
            if let text = text(of: directive, isPadded: isPadded) {
                result += text
                scalars = rest
            } else {
                result += "%"
            }
        }
        return result
    }

    private func text(of directive: Unicode.Scalar, isPadded: Bool) -> String? {
        func padded(_ number: Int, _ width: Int = 2, with fill: String = "0") -> String {
            let digits = String(number)
            let missing = isPadded ? max(0, width - digits.utf8.count) : 0
            return String(repeating: fill, count: missing) + digits
        }
        let yearDay = dayOfYear
        let weekday = Self.weekday(year: year, dayOfYear: yearDay)
        let month = Self.months[month - 1]
        let hour12 = (hour + 11) % 12 + 1
        switch directive {
        case "a": return String(Self.weekdays[weekday].prefix(3))
        case "A": return Self.weekdays[weekday]
        case "b", "h": return String(month.prefix(3))
        case "B": return month
        case "c": return text(in: "%a %b %e %H:%M:%S %Y")
        case "C": return padded(year / 100)
        case "d": return padded(day)
        case "D", "x": return text(in: "%m/%d/%y")
        case "e": return padded(day, with: " ")
        case "f": return "000000"
        case "F": return text(in: "%Y-%m-%d")
        case "g": return padded(isoWeek.year % 100)
        case "G": return String(isoWeek.year)
        case "H": return padded(hour)
        case "I": return padded(hour12)
        case "j": return padded(yearDay + 1, 3)
        case "k": return padded(hour, with: " ")
        case "l": return padded(hour12, with: " ")
        case "m": return padded(self.month)
        case "M": return padded(minute)
        case "n": return "\n"
        case "p": return hour < 12 ? "AM" : "PM"
        case "P": return hour < 12 ? "am" : "pm"
        case "r": return text(in: "%I:%M:%S %p")
        case "R": return text(in: "%H:%M")
        case "S": return padded(second)
        case "t": return "\t"
        case "T", "X": return text(in: "%H:%M:%S")
        case "u": return String(weekday == 0 ? 7 : weekday)
        case "U": return padded((yearDay + 7 - weekday) / 7)
        case "V": return padded(isoWeek.week)
        case "w": return String(weekday)
        case "W": return padded((yearDay + 7 - (weekday + 6) % 7) / 7)
        case "y": return padded(year % 100)
        case "Y": return String(year)
        case "z", "Z": return ""
        case "%": return "%"
        default: return nil
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The formats of JSON Schema as regular expressions over a string's content. Where the standard
// allows more than is of use, a model writes the common part: every string that is written has the
// format, not every string that has it can be written.

/// A value of the keyword `format`.
struct StringFormat {
    let pattern: String

    func automaton(_ limits: GrammarLimits) throws(GrammarError) -> Automaton {
        try RegexParser.parse(pattern, limits: limits).automaton(.full, limits: limits)
    }

    static func named(_ name: String) -> StringFormat? { all[name] }

    static var names: [String] { all.keys.sorted() }

    private static let year = "(?:000[1-9]|00[1-9]\\d|0[1-9]\\d\\d|[1-9]\\d{3})"
    private static let leapYear =
        "(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
    private static let day =
        "(?:\(year)-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])"
        + "|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))|\(leapYear)-02-29)"
    private static let hour = "(?:[01]\\d|2[0-3])"
    private static let time =
        "\(hour):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,6})?(?:Z|[+-]\(hour):[0-5]\\d)"
    /// Labels and their number are bounded so that a name never exceeds the 253 bytes of RFC 1035.
    private static let label = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,29}[A-Za-z0-9])?"
    private static let host = "\(label)(?:\\.\(label)){0,6}"
    private static let octet = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"
    private static let ipv4 = "\(octet)(?:\\.\(octet)){3}"
    private static let atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"

    /// RFC 4291, section 2.2, without an embedded IPv4 address.
    private static let ipv6: String = {
        let group = "[0-9A-Fa-f]{1,4}"
        var forms = ["(?:\(group):){7}\(group)", "::(?:\(group)(?::\(group)){0,6})?"]
        // One to six groups, then '::', then what still fits.
        for before in 1...6 {
            forms.append(
                "\(group)(?::\(group)){\(before - 1)}::(?:\(group)(?::\(group)){0,\(6 - before)})?")
        }
        forms.append("(?:\(group):){7}:")
        return forms.joined(separator: "|")
    }()

    /// RFC 3986 with a host that is a name or an IPv4 address, all of it ASCII.
    private static let uri: String = {
        let unreserved = "A-Za-z0-9._~!$&'()*+,;=\\-"
        let escaped = "%[0-9A-Fa-f]{2}"
        let path = "(?:[\(unreserved):@/]|\(escaped))*"
        let query = "(?:[\(unreserved):@/?]|\(escaped))*"
        let authority = "//(?:(?:[\(unreserved):]|\(escaped))*@)?\(host)(?::\\d{1,5})?"
        return "[A-Za-z][A-Za-z0-9+.-]*:(?:\(authority)(?:/\(path))?"
            + "|(?:[\(unreserved):@]|\(escaped))\(path))(?:\\?\(query))?(?:#\(query))?"
    }()

    private static let duration: String = {
        let time = "T(?:\\d{1,9}H(?:\\d{1,9}M(?:\\d{1,9}S)?)?|\\d{1,9}M(?:\\d{1,9}S)?|\\d{1,9}S)"
        let date =
            "(?:\\d{1,9}D|\\d{1,9}M(?:\\d{1,9}D)?|\\d{1,9}Y(?:\\d{1,9}M(?:\\d{1,9}D)?)?)"
        return "P(?:\(date)(?:\(time))?|\(time)|\\d{1,9}W)"
    }()

    private static let all: [String: StringFormat] = [
        "date": StringFormat(pattern: day),
        "time": StringFormat(pattern: time),
        "date-time": StringFormat(pattern: "\(day)T\(time)"),
        "duration": StringFormat(pattern: duration),
        "uuid": StringFormat(
            pattern: "[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"),
        "email": StringFormat(
            pattern: "\(atom)(?:\\.\(atom))*@\(label)(?:\\.\(label)){1,6}"),
        "hostname": StringFormat(pattern: host),
        "ipv4": StringFormat(pattern: ipv4),
        "ipv6": StringFormat(pattern: ipv6),
        "uri": StringFormat(pattern: uri),
        "json-pointer": StringFormat(pattern: "(?:/(?:[^/~]|~[01])*)*"),
    ]
}

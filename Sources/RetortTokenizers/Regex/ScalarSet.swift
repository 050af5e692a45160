// SPDX-License-Identifier: Apache-2.0

/// A set of Unicode scalars.
struct ScalarSet: Sendable, Equatable {
    /// Sorted, disjoint, not adjacent.
    private(set) var ranges: [ClosedRange<UInt32>]
    private var ascii: (UInt64, UInt64) = (0, 0)

    init(_ unsorted: [ClosedRange<UInt32>] = []) {
        ranges = []
        for range in unsorted.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = ranges.last, range.lowerBound <= last.upperBound &+ 1 {
                ranges[ranges.count - 1] =
                    last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                ranges.append(range)
            }
        }
        for range in ranges where range.lowerBound < 128 {
            for scalar in range.lowerBound...min(range.upperBound, 127) {
                if scalar < 64 {
                    ascii.0 |= 1 << UInt64(scalar)
                } else {
                    ascii.1 |= 1 << UInt64(scalar - 64)
                }
            }
        }
    }

    static func == (a: ScalarSet, b: ScalarSet) -> Bool { a.ranges == b.ranges }

    @inline(__always)
    func contains(_ scalar: UInt32) -> Bool {
        if scalar < 64 { return ascii.0 >> UInt64(scalar) & 1 != 0 }
        if scalar < 128 { return ascii.1 >> UInt64(scalar - 64) & 1 != 0 }
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < scalar { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].lowerBound <= scalar
    }

    func union(_ other: ScalarSet) -> ScalarSet { ScalarSet(ranges + other.ranges) }

    var inverted: ScalarSet {
        var result: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { result.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        if next <= 0x10FFFF { result.append(next...0x10FFFF) }
        return ScalarSet(result)
    }

    func intersection(_ other: ScalarSet) -> ScalarSet {
        inverted.union(other.inverted).inverted
    }

    /// With every scalar whose case variants are in the set.
    var caseFolded: ScalarSet {
        var extra: [ClosedRange<UInt32>] = []
        for group in Self.caseGroups where group.contains(where: { contains($0) }) {
            extra += group.map { $0...$0 }
        }
        return extra.isEmpty ? self : ScalarSet(ranges + extra)
    }

    /// Scalars that differ in case only. Mappings to several scalars (ß and ss) are left out.
    private static let caseGroups: [[UInt32]] = {
        func single(_ mapped: String) -> UInt32? {
            let scalars = mapped.unicodeScalars
            return scalars.count == 1 ? scalars.first?.value : nil
        }
        var groups: [UInt32: [UInt32]] = [:]
        for name in ["Lu", "Ll", "Lt", "Mn", "Nl", "So"] {
            for range in named(name)?.ranges ?? [] {
                // U+0131 has I for a capital, but no folding makes it an i.
                for value in range where value != 0x131 {
                    guard let properties = Unicode.Scalar(value)?.properties else { continue }
                    let upper = single(properties.uppercaseMapping) ?? value
                    let folded =
                        Unicode.Scalar(upper).flatMap { single($0.properties.lowercaseMapping) }
                        ?? upper
                    groups[folded, default: []].append(value)
                }
            }
        }
        return groups.values.filter { $0.count > 1 }
    }()

    // MARK: Named sets

    static let whitespace = ScalarSet(
        UnicodeText(UnicodeData.whitespace).map(UnicodeText.range))
    static let word = ScalarSet(
        UnicodeText(UnicodeData.wordExtras).map(UnicodeText.range)
            + ["L", "M", "Nd", "Pc"].flatMap { named($0)?.ranges ?? [] })
    static let hexDigits = ScalarSet([0x30...0x39, 0x41...0x46, 0x61...0x66])

    /// The set of a general category ("Lu", "L"), a script ("Han") or a POSIX class ("alpha").
    static func named(_ name: String) -> ScalarSet? {
        let wanted = name.lowercased().filter { $0 != "_" && $0 != " " && $0 != "-" }
        if let category = category(longNames[wanted] ?? wanted) { return category }
        switch wanted {
        case "any": return ScalarSet([0...0x10FFFF])
        case "ascii": return ScalarSet([0...0x7F])
        case "space", "whitespace": return whitespace
        case "word": return word
        case "digit": return category("nd")
        case "xdigit", "hexdigit": return hexDigits
        case "cntrl": return category("cc")
        case "upper", "uppercase": return category("lu")
        case "lower", "lowercase": return category("ll")
        default: return script(wanted)
        }
    }

    private static let longNames = [
        "letter": "l", "mark": "m", "number": "n", "punctuation": "p", "punct": "p", "symbol": "s",
        "separator": "z", "other": "c", "uppercaseletter": "lu", "lowercaseletter": "ll",
        "titlecaseletter": "lt", "modifierletter": "lm", "otherletter": "lo",
        "nonspacingmark": "mn", "spacingmark": "mc", "enclosingmark": "me", "decimalnumber": "nd",
        "letternumber": "nl", "othernumber": "no", "control": "cc", "format": "cf",
    ]

    private static func category(_ name: String) -> ScalarSet? {
        let properties = UnicodeProperties.shared
        let wanted = Set(
            UnicodeProperties.categoryNames.indices.filter {
                let candidate = UnicodeProperties.categoryNames[$0].lowercased()
                return candidate == name || (name.count == 1 && candidate.hasPrefix(name))
                    || (name == "lc" && ["lu", "ll", "lt"].contains(candidate))
            })
        guard !wanted.isEmpty else { return nil }
        let runs = properties.categoryRuns
        var result: [ClosedRange<UInt32>] = []
        for (index, run) in runs.enumerated() where wanted.contains(Int(run.category)) {
            let end = index + 1 < runs.count ? runs[index + 1].start : 0x110000
            if end > run.start { result.append(run.start...end - 1) }
        }
        return ScalarSet(result)
    }

    private static func script(_ wanted: String) -> ScalarSet? {
        var isInside = false
        var result: [ClosedRange<UInt32>] = []
        for word in UnicodeText(UnicodeData.scripts) {
            // Names begin with a capital and a small letter, numbers have no small letters.
            if word.contains(where: { $0 >= 0x61 }) {
                isInside = String(decoding: word, as: UTF8.self).lowercased() == wanted
            } else if isInside {
                result.append(UnicodeText.range(word))
            }
        }
        return result.isEmpty ? nil : ScalarSet(result)
    }
}

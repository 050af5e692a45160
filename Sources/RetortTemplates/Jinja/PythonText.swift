// SPDX-License-Identifier: Apache-2.0
//
// Strings as Python sees them: sequences of code points, equal when the code points are. Swift's
// `==`, `count`, `hasPrefix` and `split` work on grapheme clusters and canonical equivalence.

extension Unicode.Scalar {
    /// `str.isspace` for one code point, which is also `\s` in `re`.
    var isPythonSpace: Bool {
        switch value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F,
            0x205F, 0x3000:
            return true
        default: return false
        }
    }

    /// Where `str.splitlines` breaks.
    var isPythonLineBreak: Bool {
        switch value {
        case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029: return true
        default: return false
        }
    }

    var isIdentifierStart: Bool {
        if isASCII { return self == "_" || isASCIILetter }
        return properties.isXIDStart
    }

    var isIdentifierPart: Bool {
        if isASCII { return self == "_" || isASCIILetter || isASCIIDigit }
        return properties.isXIDContinue
    }

    var isASCIILetter: Bool { ("a"..."z").contains(self) || ("A"..."Z").contains(self) }

    var isASCIIDigit: Bool { ("0"..."9").contains(self) }

    var isPythonAlpha: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            return true
        default: return false
        }
    }

    var isPythonDigit: Bool {
        properties.numericType == .decimal || properties.numericType == .digit
    }

    var isPythonAlphanumeric: Bool { isPythonAlpha || properties.numericType != nil }

    /// `\w` in `re`.
    var isWordPart: Bool { isPythonAlphanumeric || self == "_" }

    var isPythonTitlecase: Bool { properties.generalCategory == .titlecaseLetter }

    var isPythonCased: Bool {
        properties.isLowercase || properties.isUppercase || isPythonTitlecase
    }

    /// `str.isprintable` for one code point: `repr` escapes the others.
    var isPythonPrintable: Bool {
        if isASCII { return value >= 0x20 && value < 0x7F }
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator, .spaceSeparator:
            return false
        default: return true
        }
    }
}

extension String {
    /// Whether the code points are the same.
    func sameText(as other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }

    /// Python's order, which is by code point and so that of the UTF-8 bytes.
    func precedes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }

    init(scalars: some Sequence<Unicode.Scalar>) {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        self = String(view)
    }

    init(bytes: some Collection<UInt8>) { self = String(decoding: bytes, as: UTF8.self) }

    /// Code points.
    var length: Int { unicodeScalars.count }

    var scalars: [Unicode.Scalar] { Array(unicodeScalars) }

    // MARK: - Searching

    /// Where `needle` starts in these bytes, from `start` on. Linear in both lengths.
    static func find(_ needle: [UInt8], in bytes: [UInt8], from start: Int = 0) -> Int? {
        guard let first = needle.first else { return start <= bytes.count ? start : nil }
        guard bytes.count - start >= needle.count else { return nil }
        if needle.count > 4 { return knuthMorrisPratt(needle, bytes, start) }
        let last = bytes.count - needle.count
        var index = start
        while index <= last {
            if bytes[index] == first, bytes[index..<index + needle.count].elementsEqual(needle) {
                return index
            }
            index += 1
        }
        return nil
    }

    private static func knuthMorrisPratt(_ needle: [UInt8], _ bytes: [UInt8], _ start: Int) -> Int?
    {
        var fallback = [Int](repeating: 0, count: needle.count)
        var matched = 0
        for index in 1..<needle.count {
            while matched > 0, needle[index] != needle[matched] { matched = fallback[matched - 1] }
            if needle[index] == needle[matched] { matched += 1 }
            fallback[index] = matched
        }
        matched = 0
        for index in start..<bytes.count {
            while matched > 0, bytes[index] != needle[matched] { matched = fallback[matched - 1] }
            if bytes[index] == needle[matched] { matched += 1 }
            if matched == needle.count { return index - needle.count + 1 }
        }
        return nil
    }

    private static func findLast(_ needle: [UInt8], in bytes: [UInt8], before end: Int) -> Int? {
        let prefix = Array(bytes[..<end].reversed())
        guard let index = find(Array(needle.reversed()), in: prefix) else { return nil }
        return end - index - needle.count
    }

    func containsText(_ other: String) -> Bool {
        Self.find(Array(other.utf8), in: Array(utf8)) != nil
    }

    func startsWith(_ prefix: String) -> Bool { utf8.starts(with: prefix.utf8) }

    func endsWith(_ suffix: String) -> Bool {
        utf8.count >= suffix.utf8.count && utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
    }

    /// Occurrences that do not overlap; an empty needle is found between all code points.
    func occurrences(of needle: String) -> Int {
        if needle.isEmpty { return length + 1 }
        let bytes = Array(utf8)
        let pattern = Array(needle.utf8)
        var count = 0
        var index = 0
        while let found = Self.find(pattern, in: bytes, from: index) {
            count += 1
            index = found + pattern.count
        }
        return count
    }

    /// - Parameter limit: How many to replace at most; negative for all.
    func replacing(_ old: String, with new: String, limit: Int = -1) -> String {
        if limit == 0 { return self }
        let bytes = Array(utf8)
        let pattern = Array(old.utf8)
        let replacement = Array(new.utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var count = 0
        if pattern.isEmpty {
            for scalar in unicodeScalars {
                if limit < 0 || count < limit { result += replacement }
                count += 1
                result += Array(String(scalar).utf8)
            }
            if limit < 0 || count < limit { result += replacement }
            return String(bytes: result)
        }
        var index = 0
        while limit < 0 || count < limit, let found = Self.find(pattern, in: bytes, from: index) {
            result += bytes[index..<found]
            result += replacement
            index = found + pattern.count
            count += 1
        }
        result += bytes[index...]
        return String(bytes: result)
    }

    // MARK: - Splitting

    func split(by separator: String, limit: Int) -> [String] {
        let bytes = Array(utf8)
        let pattern = Array(separator.utf8)
        var parts: [String] = []
        var index = 0
        while limit < 0 || parts.count < limit,
            let found = Self.find(pattern, in: bytes, from: index)
        {
            parts.append(String(bytes: bytes[index..<found]))
            index = found + pattern.count
        }
        parts.append(String(bytes: bytes[index...]))
        return parts
    }

    func splitFromRight(by separator: String, limit: Int) -> [String] {
        let bytes = Array(utf8)
        let pattern = Array(separator.utf8)
        if limit < 0 { return split(by: separator, limit: limit, backwards: bytes, pattern) }
        var parts: [String] = []
        var end = bytes.count
        while parts.count < limit, let found = Self.findLast(pattern, in: bytes, before: end) {
            parts.append(String(bytes: bytes[found + pattern.count..<end]))
            end = found
        }
        parts.append(String(bytes: bytes[..<end]))
        return parts.reversed()
    }

    /// All parts, found from the right: where a separator overlaps itself this differs from left.
    private func split(
        by separator: String, limit: Int, backwards bytes: [UInt8], _ pattern: [UInt8]
    )
        -> [String]
    {
        let reversedBytes = Array(bytes.reversed())
        let reversedPattern = Array(pattern.reversed())
        var parts: [String] = []
        var index = 0
        while let found = Self.find(reversedPattern, in: reversedBytes, from: index) {
            parts.append(String(bytes: reversedBytes[index..<found].reversed()))
            index = found + pattern.count
        }
        parts.append(String(bytes: reversedBytes[index...].reversed()))
        return parts.reversed()
    }

    /// Words between runs of white space; at most `limit` splits, the rest unsplit.
    func splitWords(limit: Int) -> [String] {
        let scalars = scalars
        var parts: [String] = []
        var index = 0
        while true {
            while index < scalars.count, scalars[index].isPythonSpace { index += 1 }
            guard index < scalars.count else { return parts }
            if limit >= 0, parts.count >= limit {
                parts.append(String(scalars: scalars[index...]))
                return parts
            }
            let start = index
            while index < scalars.count, !scalars[index].isPythonSpace { index += 1 }
            parts.append(String(scalars: scalars[start..<index]))
        }
    }

    func splitWordsFromRight(limit: Int) -> [String] {
        let reversed = String(scalars: unicodeScalars.reversed())
        return reversed.splitWords(limit: limit).reversed().map {
            String(scalars: $0.unicodeScalars.reversed())
        }
    }

    func splitLines(keepsEnds: Bool) -> [String] {
        let scalars = scalars
        var lines: [String] = []
        var start = 0
        var index = 0
        while index < scalars.count {
            guard scalars[index].isPythonLineBreak else {
                index += 1
                continue
            }
            let end = index
            index += 1
            if scalars[end] == "\r", index < scalars.count, scalars[index] == "\n" { index += 1 }
            lines.append(String(scalars: scalars[start..<(keepsEnds ? index : end)]))
            start = index
        }
        if start < scalars.count { lines.append(String(scalars: scalars[start...])) }
        return lines
    }

    // MARK: - Trimming and padding

    enum Side {
        case both, left, right
    }

    /// Without the outer code points that are in `characters`; white space if nil.
    func stripped(_ characters: String? = nil, side: Side = .both) -> String {
        let set = characters.map { Set($0.unicodeScalars) }
        let scalars = unicodeScalars
        let isOuter = { (scalar: Unicode.Scalar) in set?.contains(scalar) ?? scalar.isPythonSpace }
        var start = scalars.startIndex
        var end = scalars.endIndex
        if side != .right {
            while start < end, isOuter(scalars[start]) { scalars.formIndex(after: &start) }
        }
        if side != .left {
            while start < end {
                let last = scalars.index(before: end)
                guard isOuter(scalars[last]) else { break }
                end = last
            }
        }
        return String(scalars[start..<end])
    }

    // MARK: - Case

    var pythonUpper: String {
        var builder = TextBuilder(capacity: utf8.count)
        for scalar in unicodeScalars { builder.appendUpper(scalar) }
        return builder.text
    }

    var pythonLower: String {
        let scalars = scalars
        var builder = TextBuilder(capacity: utf8.count)
        for index in scalars.indices { builder.appendLower(scalars, index) }
        return builder.text
    }

    /// Close to `str.casefold`: the lower case of the upper case, each code point by itself.
    var pythonCaseFolded: String {
        var builder = TextBuilder(capacity: utf8.count)
        for scalar in unicodeScalars {
            for upper in scalar.properties.uppercaseMapping.unicodeScalars {
                builder.append(upper.properties.lowercaseMapping)
            }
        }
        return builder.text
    }

    var pythonCapitalized: String {
        let scalars = scalars
        var builder = TextBuilder(capacity: utf8.count)
        if let first = scalars.first { builder.appendTitle(first) }
        for index in scalars.indices.dropFirst() { builder.appendLower(scalars, index) }
        return builder.text
    }

    /// `str.title`: words are runs of cased letters.
    var pythonTitle: String {
        let scalars = scalars
        var builder = TextBuilder(capacity: utf8.count)
        var followsCased = false
        for index in scalars.indices {
            if followsCased {
                builder.appendLower(scalars, index)
            } else {
                builder.appendTitle(scalars[index])
            }
            followsCased = scalars[index].isPythonCased
        }
        return builder.text
    }

    var pythonSwappedCase: String {
        let scalars = scalars
        var builder = TextBuilder(capacity: utf8.count)
        for index in scalars.indices {
            if scalars[index].properties.isUppercase {
                builder.appendLower(scalars, index)
            } else if scalars[index].properties.isLowercase {
                builder.appendUpper(scalars[index])
            } else {
                builder.append(scalars[index])
            }
        }
        return builder.text
    }

    /// Whether there is a cased letter and none of the other case.
    func isCased(upper: Bool) -> Bool {
        var found = false
        for scalar in unicodeScalars {
            if scalar.isPythonTitlecase { return false }
            if upper ? scalar.properties.isLowercase : scalar.properties.isUppercase {
                return false
            }
            if upper ? scalar.properties.isUppercase : scalar.properties.isLowercase {
                found = true
            }
        }
        return found
    }
}

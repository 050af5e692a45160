// SPDX-License-Identifier: Apache-2.0

/// The methods of Python's `str`, except those about bytes.
enum StringMethods {
    static let names: Set<String> = [
        "capitalize", "casefold", "center", "count", "endswith", "expandtabs", "find", "format",
        "format_map", "index", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit",
        "isidentifier", "islower", "isnumeric", "isprintable", "isspace", "istitle", "isupper",
        "join", "ljust", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "replace",
        "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines",
        "startswith", "strip", "swapcase", "title", "upper", "zfill",
    ]

    /// Those that mostly copy or look at the ends.
    static let cheap: Set<String> = [
        "endswith", "join", "lstrip", "removeprefix", "removesuffix", "rstrip", "startswith",
        "strip",
    ]

    /// - Parameter name: One of `names`.
    static func call(
        _ name: String, on text: String, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        switch name {
        case "split", "rsplit": return try split(text, name, arguments, interpreter)
        case "splitlines":
            let values = try arguments.bound(to: ["keepends"], of: name)
            return try list(text.splitLines(keepsEnds: values[0]?.isTrue ?? false), interpreter)
        case "strip", "lstrip", "rstrip":
            let values = try arguments.positionalOnly(0...1, of: name)
            let characters = try Optional(values.first ?? .none).given?.stringArgument(of: name)
            let side: String.Side = name == "strip" ? .both : name == "lstrip" ? .left : .right
            let stripped = text.stripped(characters, side: side)
            try interpreter.charge(codePoints: text.utf8.count - stripped.utf8.count)
            return try interpreter.string(stripped)
        case "startswith", "endswith":
            return .bool(try affix(text, name, arguments))
        case "replace":
            let values = try arguments.positionalOnly(2...3, of: name)
            let limit = values.count == 3 ? try values[2].integerArgument(of: name) : -1
            return try replace(
                text, try values[0].stringArgument(of: name),
                try values[1].stringArgument(of: name), limit, interpreter)
        case "find", "rfind", "index", "rindex", "count":
            return try search(text, name, arguments)
        case "join":
            let values = try arguments.positionalOnly(1...1, of: name)
            return try join(text, try interpreter.items(of: values[0]), interpreter)
        case "format":
            return try interpreter.string(try FormatMethod.format(text, arguments, interpreter))
        case "format_map": return try formatMap(text, arguments, interpreter)
        case "removeprefix", "removesuffix":
            let affix = try arguments.positionalOnly(1...1, of: name)[0].stringArgument(of: name)
            if name == "removeprefix", text.startsWith(affix) {
                return try interpreter.string(String(bytes: text.utf8.dropFirst(affix.utf8.count)))
            }
            if name == "removesuffix", text.endsWith(affix) {
                return try interpreter.string(String(bytes: text.utf8.dropLast(affix.utf8.count)))
            }
            return .string(text)
        case "partition", "rpartition": return try partition(text, name, arguments)
        case "center", "ljust", "rjust", "zfill":
            return try pad(text, name, arguments, interpreter)
        case "expandtabs":
            let values = try arguments.bound(to: ["tabsize"], of: name)
            let size = try values[0]?.integerArgument(of: name) ?? 8
            return try interpreter.string(try expandTabs(text, size, interpreter))
        default:
            try arguments.none(of: name)
            if let mapped = mapped(text, name) { return try interpreter.string(mapped) }
            return .bool(isAll(text, name))
        }
    }

    private static func mapped(_ text: String, _ name: String) -> String? {
        switch name {
        case "upper": return text.pythonUpper
        case "lower": return text.pythonLower
        case "casefold": return text.pythonCaseFolded
        case "capitalize": return text.pythonCapitalized
        case "title": return text.pythonTitle
        case "swapcase": return text.pythonSwappedCase
        default: return nil
        }
    }

    private static func isAll(_ text: String, _ name: String) -> Bool {
        let scalars = text.unicodeScalars
        switch name {
        case "isascii": return scalars.allSatisfy(\.isASCII)
        case "isprintable": return scalars.allSatisfy(\.isPythonPrintable)
        case "isupper": return text.isCased(upper: true)
        case "islower": return text.isCased(upper: false)
        default: break
        }
        guard let first = scalars.first else { return false }
        switch name {
        case "isalpha": return scalars.allSatisfy(\.isPythonAlpha)
        case "isdigit": return scalars.allSatisfy(\.isPythonDigit)
        case "isdecimal": return scalars.allSatisfy { $0.properties.numericType == .decimal }
        case "isnumeric": return scalars.allSatisfy { $0.properties.numericType != nil }
        case "isalnum": return scalars.allSatisfy(\.isPythonAlphanumeric)
        case "isspace": return scalars.allSatisfy(\.isPythonSpace)
        case "isidentifier":
            return first.isIdentifierStart && scalars.allSatisfy(\.isIdentifierPart)
        default: return isTitle(scalars)
        }
    }

    private static func isTitle(_ scalars: String.UnicodeScalarView) -> Bool {
        var followsCased = false
        var found = false
        for scalar in scalars {
            let isUpper = scalar.properties.isUppercase || scalar.isPythonTitlecase
            if isUpper ? followsCased : scalar.properties.isLowercase && !followsCased {
                return false
            }
            followsCased = scalar.isPythonCased
            found = found || followsCased
        }
        return found
    }

    private static func list(_ parts: [String], _ interpreter: Interpreter) throws(TemplateError)
        -> Value
    {
        try interpreter.list(parts.map { .string($0) })
    }

    private static func split(
        _ text: String, _ name: String, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        let values = try arguments.bound(to: ["sep", "maxsplit"], of: name)
        let limit = try values[1]?.integerArgument(of: name) ?? -1
        guard let separator = values[0].given else {
            let parts =
                name == "split"
                ? text.splitWords(limit: limit) : text.splitWordsFromRight(limit: limit)
            return try list(parts, interpreter)
        }
        let sought = try separator.stringArgument(of: name)
        guard !sought.isEmpty else {
            throw .runtime("'\(name)' needs a separator that is not empty")
        }
        return try list(
            name == "split"
                ? text.split(by: sought, limit: limit)
                : text.splitFromRight(by: sought, limit: limit), interpreter)
    }

    /// `startswith` and `endswith`, with one string or a tuple of them.
    private static func affix(_ text: String, _ name: String, _ arguments: CallArguments)
        throws(TemplateError) -> Bool
    {
        let values = try arguments.positionalOnly(1...3, of: name)
        var text = text
        if values.count > 1 {
            guard let slice = try slice(text, values, name) else { return false }
            text = slice.text
        }
        let candidates: [Value]
        if case .tuple(let tuple) = values[0] {
            candidates = tuple.items
        } else {
            candidates = [values[0]]
        }
        for candidate in candidates {
            let affix = try candidate.stringArgument(of: name)
            if name == "startswith" ? text.startsWith(affix) : text.endsWith(affix) { return true }
        }
        return false
    }

    /// The part from the second to the third argument, and where it starts; nil if there is none.
    private static func slice(_ text: String, _ values: [Value], _ name: String)
        throws(TemplateError) -> (text: String, offset: Int)?
    {
        let scalars = text.scalars
        func bound(_ position: Int, _ fallback: Int) throws(TemplateError) -> Int {
            guard values.count > position, !values[position].isNone else { return fallback }
            let index = try values[position].integerArgument(of: name)
            return index < 0 ? max(0, index &+ scalars.count) : index
        }
        let start = try bound(1, 0)
        let end = min(try bound(2, scalars.count), scalars.count)
        guard start <= end else { return nil }
        return (String(scalars: scalars[start..<end]), start)
    }

    private static func search(_ text: String, _ name: String, _ arguments: CallArguments)
        throws(TemplateError) -> Value
    {
        let values = try arguments.positionalOnly(1...3, of: name)
        let sought = try values[0].stringArgument(of: name)
        let part = values.count > 1 ? try slice(text, values, name) : (text, 0)
        if name == "count" { return .integer(part?.text.occurrences(of: sought) ?? 0) }
        if let part, let found = position(of: sought, in: part.text, isLast: name.startsWith("r")) {
            return .integer(part.offset + found)
        }
        guard name.endsWith("find") else { throw .runtime("'\(name)' did not find the text") }
        return .integer(-1)
    }

    /// Where a text is found, in code points.
    private static func position(of sought: String, in text: String, isLast: Bool) -> Int? {
        let bytes = Array(text.utf8)
        guard isLast else {
            guard let found = String.find(Array(sought.utf8), in: bytes) else { return nil }
            return String(bytes: bytes[..<found]).length
        }
        let reversed = Array(bytes.reversed())
        guard let found = String.find(Array(sought.utf8.reversed()), in: reversed) else {
            return nil
        }
        return String(bytes: bytes[..<(bytes.count - found - sought.utf8.count)]).length
    }

    static func replace(
        _ text: String, _ old: String, _ new: String, _ limit: Int, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        let found = text.occurrences(of: old)
        let count = limit < 0 ? found : min(limit, found)
        let (growth, overflow) = count.multipliedReportingOverflow(by: new.utf8.count)
        try interpreter.checkSize(overflow ? .max : growth)
        return try interpreter.string(text.replacing(old, with: new, limit: limit))
    }

    static func join(_ separator: String, _ items: [Value], _ interpreter: Interpreter)
        throws(TemplateError) -> Value
    {
        var result = ""
        for (index, item) in items.enumerated() {
            if index > 0 { result += separator }
            result += try item.stringArgument(of: "join")
            try interpreter.checkSize(result.utf8.count)
        }
        return try interpreter.string(result)
    }

    private static func formatMap(
        _ text: String, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        guard case .dict(let dict) = try arguments.positionalOnly(1...1, of: "format_map")[0] else {
            throw .runtime("'format_map' needs a dict")
        }
        var named = CallArguments()
        for entry in dict.entries {
            if case .string(let name) = entry.key { named.keywords.append((name, entry.value)) }
        }
        return try interpreter.string(try FormatMethod.format(text, named, interpreter))
    }

    private static func partition(_ text: String, _ name: String, _ arguments: CallArguments)
        throws(TemplateError) -> Value
    {
        let separator = try arguments.positionalOnly(1...1, of: name)[0].stringArgument(of: name)
        guard !separator.isEmpty else {
            throw .runtime("'\(name)' needs a separator that is not empty")
        }
        let isFirst = name == "partition"
        let parts =
            isFirst
            ? text.split(by: separator, limit: 1) : text.splitFromRight(by: separator, limit: 1)
        let texts =
            parts.count == 2
            ? [parts[0], separator, parts[1]] : isFirst ? [text, "", ""] : ["", "", text]
        return try .tuple(texts.map { .string($0) })
    }

    private static func pad(
        _ text: String, _ name: String, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        let values = try arguments.positionalOnly(1...(name == "zfill" ? 1 : 2), of: name)
        let width = try values[0].integerArgument(of: name)
        let fill = values.count == 2 ? try values[1].stringArgument(of: name) : " "
        guard fill.length == 1 else { throw .runtime("'\(name)' fills with one character") }
        try interpreter.checkSize(width)
        let length = text.length
        let missing = width > length ? width - length : 0
        switch name {
        case "ljust": return try interpreter.string(text + String(repeating: fill, count: missing))
        case "rjust": return try interpreter.string(String(repeating: fill, count: missing) + text)
        case "center": return try interpreter.string(centered(text, length, missing, width, fill))
        default:
            let hasSign = text.startsWith("-") || text.startsWith("+")
            let sign = hasSign ? String(text.unicodeScalars.prefix(1)) : ""
            let rest = hasSign ? String(text.unicodeScalars.dropFirst()) : text
            return try interpreter.string(sign + String(repeating: "0", count: missing) + rest)
        }
    }

    /// Python puts the odd blank to the left where the width is odd.
    private static func centered(
        _ text: String, _ length: Int, _ missing: Int, _ width: Int, _ fill: String
    ) -> String {
        let left = missing / 2 + (missing & max(0, width) & 1)
        return String(repeating: fill, count: left) + text
            + String(repeating: fill, count: missing - left)
    }

    static func centered(_ text: String, width: Int, _ interpreter: Interpreter)
        throws(TemplateError) -> Value
    {
        try interpreter.checkSize(width)
        let length = text.length
        let missing = width > length ? width - length : 0
        return try interpreter.string(centered(text, length, missing, width, " "))
    }

    private static func expandTabs(_ text: String, _ size: Int, _ interpreter: Interpreter)
        throws(TemplateError) -> String
    {
        var result = ""
        var column = 0
        for scalar in text.unicodeScalars {
            if scalar == "\t" {
                let blanks = size > 0 ? size - column % size : 0
                try interpreter.checkSize(blanks)
                try interpreter.checkSize(result.utf8.count + blanks)
                result += String(repeating: " ", count: blanks)
                column += blanks
            } else {
                result.unicodeScalars.append(scalar)
                column = scalar == "\n" || scalar == "\r" ? 0 : column + 1
            }
        }
        return result
    }
}

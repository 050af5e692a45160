// SPDX-License-Identifier: Apache-2.0

extension Filters {
    @Sendable static func center(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        let width = try arguments.bound(to: ["width"], of: "center")[0]
        return try StringMethods.centered(
            try value.text(interpreter), width: try width?.integerArgument(of: "center") ?? 80,
            interpreter)
    }

    @Sendable static func escape(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        try arguments.none(of: "escape")
        let text = try value.text(interpreter)
        try interpreter.charge(codePoints: text.utf8.count)
        return try interpreter.string(escaped(text))
    }

    static func escaped(_ text: String) -> String {
        var result = TextBuilder(capacity: text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result.append("&amp;")
            case "<": result.append("&lt;")
            case ">": result.append("&gt;")
            case "'": result.append("&#39;")
            case "\"": result.append("&#34;")
            default: result.append(scalar)
            }
        }
        return result.text
    }

    @Sendable static func format(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        guard arguments.positional.isEmpty || arguments.keywords.isEmpty else {
            throw .runtime("'format' takes named or unnamed values, not both")
        }
        var values = try Value.tuple(arguments.positional)
        if !arguments.keywords.isEmpty {
            var builder = DictBuilder()
            for keyword in arguments.keywords {
                try builder.set(.string(keyword.name), keyword.value)
            }
            values = try builder.dict()
        }
        return try interpreter.string(
            try PercentFormat.format(try value.text(interpreter), values, interpreter))
    }

    @Sendable static func indent(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        let values = try arguments.bound(to: ["width", "first", "blank"], of: "indent")
        let indentation: String
        if case .string(let text)? = values[0] {
            indentation = text
        } else {
            let width = try values[0]?.integerArgument(of: "indent") ?? 4
            try interpreter.checkSize(width)
            indentation = String(repeating: " ", count: max(0, width))
        }
        if case .undefined(let undefined) = value { throw undefined.error }
        // Python appends a newline first, so that text without any has one line too.
        var lines = (try value.stringArgument(of: "indent") + "\n").splitLines(keepsEnds: false)
        let indentsFirst = values[1]?.isTrue ?? false
        let indentsBlank = values[2]?.isTrue ?? false
        let (growth, overflow) = indentation.utf8.count.multipliedReportingOverflow(by: lines.count)
        try interpreter.checkSize(overflow ? .max : growth)
        for index in lines.indices {
            let isIndented = index == 0 ? indentsFirst : indentsBlank || !lines[index].isEmpty
            if isIndented { lines[index] = indentation + lines[index] }
        }
        return try interpreter.string(lines.joined(separator: "\n"))
    }

    @Sendable static func replace(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        let values = try arguments.bound(to: ["old", "new", "count"], required: 2, of: "replace")
        return try StringMethods.replace(
            try value.text(interpreter), try (values[0] ?? .none).text(interpreter),
            try (values[1] ?? .none).text(interpreter),
            try values[2].given?.integerArgument(of: "replace") ?? -1, interpreter)
    }

    @Sendable static func trim(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        let values = try arguments.bound(to: ["chars"], of: "trim")
        let characters = try values[0].given?.stringArgument(of: "trim")
        let text = try value.text(interpreter)
        let stripped = text.stripped(characters)
        try interpreter.charge(codePoints: text.utf8.count - stripped.utf8.count)
        return try interpreter.string(stripped)
    }

    @Sendable static func title(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        try arguments.none(of: "title")
        let isBreak = { (scalar: Unicode.Scalar) in
            scalar.isPythonSpace || "-({[<".unicodeScalars.contains(scalar)
        }
        let scalars = try value.text(interpreter).scalars
        try interpreter.charge(codePoints: 4 * scalars.count)
        var builder = TextBuilder(capacity: scalars.count)
        var index = 0
        while index < scalars.count {
            let start = index
            while index < scalars.count, !isBreak(scalars[index]) { index += 1 }
            if start < index {
                builder.appendUpper(scalars[start])
                builder.append(String(scalars: scalars[(start + 1)..<index]).pythonLower)
            }
            if index < scalars.count { builder.append(scalars[index]) }
            index += 1
        }
        return try interpreter.string(builder.text)
    }

    @Sendable static func truncate(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        let values = try arguments.bound(
            to: ["length", "killwords", "end", "leeway"], of: "truncate")
        let length = try values[0]?.integerArgument(of: "truncate") ?? 255
        let end = try values[2]?.stringArgument(of: "truncate") ?? "..."
        let leeway = try values[3].given?.integerArgument(of: "truncate") ?? 5
        let endLength = end.length
        guard length >= endLength, leeway >= 0 else {
            throw .runtime("'truncate' needs a length that holds its end, and no negative leeway")
        }
        let count = try interpreter.length(of: value)
        guard count > length, count - length > leeway else { return value }
        let text = try value.stringArgument(of: "truncate")
        try interpreter.charge(codePoints: text.utf8.count)
        let scalars = text.scalars
        let cut = String(scalars: scalars[..<(length - endLength)])
        if values[1]?.isTrue == true { return try interpreter.string(cut + end) }
        let kept = cut.splitFromRight(by: " ", limit: 1)[0]
        return try interpreter.string(kept + end)
    }

    @Sendable static func wordCount(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        try arguments.none(of: "wordcount")
        let text = try value.text(interpreter)
        try interpreter.charge(codePoints: text.utf8.count)
        var count = 0
        var isInWord = false
        for scalar in text.unicodeScalars {
            if scalar.isWordPart, !isInWord { count += 1 }
            isInWord = scalar.isWordPart
        }
        return .integer(count)
    }

    @Sendable static func wordWrap(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        let values = try arguments.bound(
            to: ["width", "break_long_words", "wrapstring", "break_on_hyphens"], of: "wordwrap")
        if case .undefined(let undefined) = value { throw undefined.error }
        let wrapper = TextWrapper(
            width: try values[0]?.integerArgument(of: "wordwrap") ?? 79,
            breaksLongWords: values[1]?.isTrue ?? true,
            breaksOnHyphens: values[3]?.isTrue ?? true)
        guard wrapper.width > 0 else { throw .runtime("'wordwrap' needs a positive width") }
        let separator = try values[2].given?.stringArgument(of: "wordwrap") ?? "\n"
        let text = try value.stringArgument(of: "wordwrap")
        try interpreter.charge(codePoints: 16 * text.utf8.count)
        var parts: [Value] = []
        for line in text.splitLines(keepsEnds: false) {
            let wrapped = wrapper.wrap(line).joined(separator: separator)
            parts.append(.string(wrapped))
        }
        return try StringMethods.join(separator, parts, interpreter)
    }

    @Sendable static func stripTags(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        try arguments.none(of: "striptags")
        let text = try value.text(interpreter)
        try interpreter.charge(codePoints: text.utf8.count)
        let uncommented = removing(from: Array(text.utf8), start: "<!--", end: "-->")
        let untagged = removing(from: uncommented, start: "<", end: ">")
        let words = String(bytes: untagged).splitWords(limit: -1)
        return try interpreter.string(unescaped(words.joined(separator: " ")))
    }

    private static func removing(from bytes: [UInt8], start: String, end: String) -> [UInt8] {
        let (opening, closing) = (Array(start.utf8), Array(end.utf8))
        var result: [UInt8] = []
        var index = 0
        while let found = String.find(opening, in: bytes, from: index) {
            guard let close = String.find(closing, in: bytes, from: found) else { break }
            result += bytes[index..<found]
            index = close + closing.count
        }
        return result + bytes[index...]
    }

    /// The entities that HTML escaping makes, and numbered ones.
    private static func unescaped(_ text: String) -> String {
        let names: [String: String] = [
            "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{A0}",
        ]
        let parts = text.split(by: "&", limit: -1)
        var result = parts[0]
        for part in parts.dropFirst() {
            let pieces = part.split(by: ";", limit: 1)
            let name = pieces[0]
            var replacement = names[name]
            if name.startsWith("#") {
                let digits = String(name.unicodeScalars.dropFirst())
                let code =
                    digits.startsWith("x") || digits.startsWith("X")
                    ? UInt32(String(digits.unicodeScalars.dropFirst()), radix: 16) : UInt32(digits)
                replacement = code.flatMap(Unicode.Scalar.init).map { String($0) }
            }
            if pieces.count == 2, let replacement {
                result += replacement + pieces[1]
            } else {
                result += "&" + part
            }
        }
        return result
    }

    @Sendable static func urlEncode(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        try arguments.none(of: "urlencode")
        let pairs: [Value]
        switch value {
        case .dict(let dict): pairs = try interpreter.items(of: .view(try DictView(dict, .items)))
        case .list, .tuple, .view, .iterator, .range, .undefined:
            pairs = try interpreter.items(of: value)
        default:
            return try interpreter.string(quoted(try value.text(interpreter), isQuery: false))
        }
        var parts: [Value] = []
        for pair in pairs {
            let items = try interpreter.items(of: pair)
            guard items.count == 2 else { throw .runtime("'urlencode' needs pairs") }
            let key = quoted(try items[0].text(interpreter), isQuery: true)
            parts.append(.string(key + "=" + quoted(try items[1].text(interpreter), isQuery: true)))
        }
        return try StringMethods.join("&", parts, interpreter)
    }

    private static func quoted(_ text: String, isQuery: Bool) -> String {
        var result: [UInt8] = []
        let safe = Set("_.-~".utf8)
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            if scalar.isASCIILetter || scalar.isASCIIDigit || safe.contains(byte)
                || (byte == UInt8(ascii: "/") && !isQuery)
            {
                result.append(byte)
            } else if byte == 0x20, isQuery {
                result.append(UInt8(ascii: "+"))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += Array(("%" + (byte < 16 ? "0" : "") + digits).utf8)
            }
        }
        return String(bytes: result)
    }

    @Sendable static func xmlAttributes(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        let spaces = try arguments.bound(to: ["autospace"], of: "xmlattr")[0]?.isTrue ?? true
        guard case .dict(let dict) = value else {
            if case .undefined(let undefined) = value { throw undefined.error }
            throw .runtime("'xmlattr' needs a dict, found \(value.kind)")
        }
        let forbidden = Set(" \t\n\r\u{0B}\u{0C}/>=".unicodeScalars)
        var parts: [Value] = []
        for entry in dict.entries where !entry.value.isNone && !entry.value.isUndefined {
            let key = try entry.key.stringArgument(of: "xmlattr")
            guard !key.unicodeScalars.contains(where: { forbidden.contains($0) }) else {
                throw .runtime("'xmlattr' found a name that no attribute may have")
            }
            let text = escaped(try entry.value.text(interpreter))
            parts.append(.string("\(escaped(key))=\"\(text)\""))
        }
        if parts.isEmpty { return .string("") }
        return try StringMethods.join(
            " ", spaces ? [.string("")] + parts : parts, interpreter)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Cuts a template into tokens. White space control is part of this step, as in Jinja: trim_blocks
// (the newline after a block or comment goes) and lstrip_blocks (the blanks before one go) are on,
// because that is how transformers renders chat templates.

struct Lexer {
    private let source: [Unicode.Scalar]
    private var position = 0
    private var line = 1
    private var tokens: [Token] = []
    /// Whether what came before ended a line, so that blanks before a block may be stripped.
    private var atLineStart = true

    private init(_ source: [Unicode.Scalar]) { self.source = source }

    /// The tokens of a template, ending with `.end`.
    static func tokens(of template: String) throws(TemplateError) -> [Token] {
        var lexer = Lexer(normalized(template))
        try lexer.run()
        return lexer.tokens
    }

    /// Newlines as `\n`, and the one that ends the template removed.
    private static func normalized(_ template: String) -> [Unicode.Scalar] {
        var scalars: [Unicode.Scalar] = []
        scalars.reserveCapacity(template.utf8.count)
        var afterReturn = false
        for scalar in template.unicodeScalars {
            if scalar == "\r" {
                scalars.append("\n")
            } else if !(scalar == "\n" && afterReturn) {
                scalars.append(scalar)
            }
            afterReturn = scalar == "\r"
        }
        if scalars.last == "\n" { scalars.removeLast() }
        return scalars
    }

    // MARK: - Text

    private enum Tag {
        case block, variable, comment, raw
    }

    private mutating func run() throws(TemplateError) {
        while position < source.count {
            guard let (start, tag) = nextTag() else {
                addData(position, source.count)
                position = source.count
                break
            }
            let textStart = position
            position = start + 2
            let sign = takeSign()
            addText(textStart, start, sign: sign, keepsBlanks: tag == .variable)
            switch tag {
            case .block:
                add(.blockBegin)
                try code(closing: "%", end: .blockEnd)
            case .variable:
                add(.variableBegin)
                try code(closing: "}", end: .variableEnd)
            case .comment: try comment()
            case .raw: try raw()
            }
        }
        add(.end)
    }

    private mutating func add(_ kind: Token.Kind) { tokens.append(Token(kind: kind, line: line)) }

    private func scalar(at index: Int) -> Unicode.Scalar? {
        index < source.count ? source[index] : nil
    }

    private func matches(_ first: Unicode.Scalar, _ second: Unicode.Scalar, at index: Int) -> Bool {
        scalar(at: index) == first && scalar(at: index + 1) == second
    }

    private func nextTag() -> (start: Int, tag: Tag)? {
        var index = position
        while index + 1 < source.count {
            if source[index] == "{" {
                switch source[index + 1] {
                case "%": return (index, rawTagEnd(at: index + 2) == nil ? .block : .raw)
                case "{": return (index, .variable)
                case "#": return (index, .comment)
                default: break
                }
            }
            index += 1
        }
        return nil
    }

    private mutating func takeSign() -> Unicode.Scalar? {
        guard let sign = scalar(at: position), sign == "-" || sign == "+" else { return nil }
        position += 1
        return sign
    }

    private func text(_ start: Int, _ end: Int) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: source[start..<end])
        return String(text)
    }

    private mutating func addData(_ start: Int, _ end: Int) {
        if start < end { add(.data(text(start, end))) }
        countLines(start, end)
    }

    private mutating func countLines(_ start: Int, _ end: Int) {
        for index in start..<end where source[index] == "\n" { line += 1 }
    }

    /// Text up to a tag, with the blanks before the tag removed as its sign says.
    private mutating func addText(
        _ start: Int, _ end: Int, sign: Unicode.Scalar?, keepsBlanks: Bool
    ) {
        var cut = end
        if sign == "-" {
            while cut > start, source[cut - 1].isPythonSpace { cut -= 1 }
        } else if sign != "+", !keepsBlanks {
            var lineStart = end
            while lineStart > start, source[lineStart - 1] != "\n" { lineStart -= 1 }
            let isBlank = source[lineStart..<end].allSatisfy(\.isPythonSpace)
            if lineStart > start || atLineStart, isBlank { cut = lineStart }
        }
        addData(start, cut)
        countLines(cut, end)
        atLineStart = false
    }

    private mutating func skipSpace() {
        while let next = scalar(at: position), next.isPythonSpace {
            if next == "\n" { line += 1 }
            position += 1
        }
    }

    /// What follows a block's or comment's closing: `-` eats white space, none one newline.
    private mutating func afterClosing(sign: Unicode.Scalar?) {
        let start = position
        if sign == "-" {
            skipSpace()
        } else if sign == nil, scalar(at: position) == "\n" {
            position += 1
            line += 1
        }
        atLineStart = position > start && source[position - 1] == "\n"
    }

    private mutating func comment() throws(TemplateError) {
        let start = line
        // Jinja lets an empty comment at the very end stay open.
        if position == source.count { return }
        while position < source.count {
            let sign = scalar(at: position)
            let isSigned = sign == "-" || sign == "+"
            if matches("#", "}", at: position + (isSigned ? 1 : 0)) {
                position += isSigned ? 3 : 2
                afterClosing(sign: isSigned ? sign : nil)
                return
            }
            if sign == "\n" { line += 1 }
            position += 1
        }
        throw TemplateError(.syntax, "a comment has no closing '#}'", line: start)
    }

    // MARK: - Raw blocks

    /// The end of `word %}` with optional blanks and sign, from behind a `{%`.
    private func tagEnd(_ word: String, at index: Int, allowsPlus: Bool) -> (
        end: Int, sign: Unicode.Scalar?
    )? {
        var index = index
        if let sign = scalar(at: index), sign == "-" || sign == "+" { index += 1 }
        while let next = scalar(at: index), next.isPythonSpace { index += 1 }
        for letter in word.unicodeScalars {
            guard scalar(at: index) == letter else { return nil }
            index += 1
        }
        while let next = scalar(at: index), next.isPythonSpace { index += 1 }
        var sign: Unicode.Scalar?
        if let next = scalar(at: index), next == "-" || (next == "+" && allowsPlus) {
            sign = next
            index += 1
        }
        return matches("%", "}", at: index) ? (index + 2, sign) : nil
    }

    private func rawTagEnd(at index: Int) -> (end: Int, sign: Unicode.Scalar?)? {
        tagEnd("raw", at: index, allowsPlus: false)
    }

    private mutating func raw() throws(TemplateError) {
        let startLine = line
        // The sign of `{%-` was taken already; `rawTagEnd` accepts its absence.
        guard let open = rawTagEnd(at: position) else {
            throw TemplateError(.syntax, "a raw block is not closed", line: line)
        }
        countLines(position, open.end)
        position = open.end
        atLineStart = false
        if open.sign == "-" {
            skipSpace()
            atLineStart = source[position - 1] == "\n"
        }
        var index = position
        while index + 1 < source.count {
            if matches("{", "%", at: index),
                let close = tagEnd("endraw", at: index + 2, allowsPlus: true)
            {
                let textStart = position
                position = index + 2
                addText(textStart, index, sign: takeSign(), keepsBlanks: false)
                countLines(position, close.end)
                position = close.end
                afterClosing(sign: close.sign)
                return
            }
            index += 1
        }
        throw TemplateError(.syntax, "a raw block has no '{% endraw %}'", line: startLine)
    }

    // MARK: - Code

    private mutating func code(closing: Unicode.Scalar, end: Token.Kind) throws(TemplateError) {
        let isBlock = end == .blockEnd
        let start = line
        var expected: [Token.Symbol] = []
        while position < source.count {
            if expected.isEmpty, takeEnd(closing: closing, isBlock: isBlock, end: end) { return }
            let next = source[position]
            if next.isPythonSpace {
                skipSpace()
            } else if next.isIdentifierStart {
                name()
            } else if ("0"..."9").contains(next) {
                try number()
            } else if next == "'" || next == "\"" {
                try string(quote: next)
            } else {
                try symbol(&expected)
            }
        }
        throw TemplateError(
            .syntax, "a tag has no closing '\(isBlock ? "%}" : "}}")'", line: start)
    }

    private mutating func takeEnd(closing: Unicode.Scalar, isBlock: Bool, end: Token.Kind) -> Bool {
        let first = source[position]
        let isSigned = first == "-" || (isBlock && first == "+")
        guard matches(closing, "}", at: position + (isSigned ? 1 : 0)) else { return false }
        add(end)
        position += isSigned ? 3 : 2
        if isBlock {
            afterClosing(sign: isSigned ? first : nil)
        } else {
            let start = position
            if isSigned { skipSpace() }
            atLineStart = position > start && source[position - 1] == "\n"
        }
        return true
    }

    private mutating func name() {
        let start = position
        while let next = scalar(at: position), next.isIdentifierPart { position += 1 }
        add(.name(text(start, position)))
    }

    private mutating func symbol(_ expected: inout [Token.Symbol]) throws(TemplateError) {
        let two = position + 1 < source.count ? text(position, position + 2) : ""
        let one = text(position, position + 1)
        guard let symbol = Token.Symbol(rawValue: two) ?? Token.Symbol(rawValue: one) else {
            throw TemplateError(.syntax, "found a character that means nothing here", line: line)
        }
        switch symbol {
        case .leftBrace: expected.append(.rightBrace)
        case .leftParenthesis: expected.append(.rightParenthesis)
        case .leftBracket: expected.append(.rightBracket)
        case .rightBrace, .rightParenthesis, .rightBracket:
            guard expected.popLast() == symbol else {
                throw TemplateError(
                    .syntax, "found '\(symbol.rawValue)' that closes nothing", line: line)
            }
        default: break
        }
        add(.symbol(symbol))
        position += symbol.rawValue.unicodeScalars.count
    }

    // MARK: - Literals

    /// Digits, single underscores between them allowed; the index behind them.
    private func digits(from index: Int, where isDigit: (Unicode.Scalar) -> Bool) -> Int {
        var index = index
        while let next = scalar(at: index) {
            if isDigit(next) {
                index += 1
            } else if next == "_", let after = scalar(at: index + 1), isDigit(after) {
                index += 2
            } else {
                break
            }
        }
        return index
    }

    private mutating func number() throws(TemplateError) {
        let isDecimal = { (scalar: Unicode.Scalar) in ("0"..."9").contains(scalar) }
        let start = position
        let whole = digits(from: start, where: isDecimal)
        var end = whole
        let followsDot = start > 0 && source[start - 1] == "."
        if !followsDot {
            if scalar(at: end) == ".", let next = scalar(at: end + 1), isDecimal(next) {
                end = digits(from: end + 1, where: isDecimal)
            }
            if let mark = scalar(at: end), mark == "e" || mark == "E" {
                var exponent = end + 1
                if let sign = scalar(at: exponent), sign == "+" || sign == "-" { exponent += 1 }
                if let next = scalar(at: exponent), isDecimal(next) {
                    end = digits(from: exponent, where: isDecimal)
                }
            }
        }
        if end > whole {
            position = end
            let spelled = text(start, end).filter { $0 != "_" }
            guard let value = Double(spelled) else {
                throw TemplateError(.syntax, "found a malformed number", line: line)
            }
            add(.float(value))
        } else {
            try integer(decimalEnd: whole)
        }
    }

    private mutating func integer(decimalEnd: Int) throws(TemplateError) {
        let start = position
        var radix = 10
        var first = start
        var end = decimalEnd
        if source[start] == "0" {
            switch scalar(at: start + 1) {
            case "x", "X": radix = 16
            case "o", "O": radix = 8
            case "b", "B": radix = 2
            default: break
            }
            if radix != 10 {
                first = start + 2
                end = digits(from: first) { Int(String($0), radix: radix) != nil }
            } else {
                end = digits(from: start) { $0 == "0" }
            }
        }
        guard let value = Int(text(first, end).filter { $0 != "_" }, radix: radix) else {
            throw TemplateError(
                .syntax, "found an integer that is malformed or beyond 64 bits", line: line)
        }
        position = end
        add(.integer(value))
    }

    private mutating func string(quote: Unicode.Scalar) throws(TemplateError) {
        let start = line
        position += 1
        var content = String.UnicodeScalarView()
        while let next = scalar(at: position) {
            position += 1
            if next == quote {
                tokens.append(Token(kind: .string(String(content)), line: start))
                return
            }
            if next == "\n" { line += 1 }
            if next == "\\" {
                try escape(into: &content)
            } else {
                content.append(next)
            }
        }
        throw TemplateError(.syntax, "a string has no closing quote", line: start)
    }

    /// One of Python's escapes; an unknown one stays as it is written.
    private mutating func escape(into content: inout String.UnicodeScalarView)
        throws(TemplateError)
    {
        guard let mark = scalar(at: position) else { return }
        position += 1
        switch mark {
        case "\n": line += 1
        case "\\", "'", "\"": content.append(mark)
        case "n": content.append("\n")
        case "t": content.append("\t")
        case "r": content.append("\r")
        case "a": content.append("\u{07}")
        case "b": content.append("\u{08}")
        case "f": content.append("\u{0C}")
        case "v": content.append("\u{0B}")
        case "x": content.append(try codePoint(digits: 2))
        case "u": content.append(try codePoint(digits: 4))
        case "U": content.append(try codePoint(digits: 8))
        case "N":
            throw TemplateError(
                .syntax, "'\\N{…}' is not supported: write the character itself", line: line)
        case "0"..."7":
            var value = mark.value - 48
            for _ in 0..<2 {
                guard let next = scalar(at: position), ("0"..."7").contains(next) else { break }
                value = value * 8 + next.value - 48
                position += 1
            }
            content.append(Unicode.Scalar(value) ?? "\u{FFFD}")
        default:
            content.append("\\")
            content.append(mark)
        }
    }

    private mutating func codePoint(digits count: Int) throws(TemplateError) -> Unicode.Scalar {
        var value = hexadecimal(count)
        // Two escapes that are a surrogate pair mean one character.
        if let high = value, (0xD800..<0xDC00).contains(high), matches("\\", "u", at: position) {
            let mark = position
            position += 2
            if let low = hexadecimal(4), (0xDC00..<0xE000).contains(low) {
                value = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)
            } else {
                position = mark
            }
        }
        guard let value, value <= 0x10FFFF else {
            throw TemplateError(.syntax, "found a malformed escape in a string", line: line)
        }
        return Unicode.Scalar(value) ?? "\u{FFFD}"
    }

    private mutating func hexadecimal(_ count: Int) -> UInt32? {
        guard source.count - position >= count else { return nil }
        var value: UInt32 = 0
        for index in position..<position + count {
            guard let digit = Character(source[index]).hexDigitValue, source[index].isASCII else {
                return nil
            }
            value = value << 4 | UInt32(digit)
        }
        position += count
        return value
    }
}

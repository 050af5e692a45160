// SPDX-License-Identifier: Apache-2.0
//
// The part of Oniguruma's syntax that tokenizer files use. What it does differently from other
// engines: `.` stops at line feeds only, `^` and `$` are at every line, `(?m:` lets `.` match all.

/// A parsed pattern.
indirect enum RegexNode {
    case empty
    case set(ScalarSet)
    case sequence([RegexNode])
    case alternatives([RegexNode])
    case repetition(RegexNode, minimum: Int, maximum: Int?, Greed)
    case look(RegexNode, isNegative: Bool)
    case atomic(RegexNode)
    case assertion(Assertion)

    enum Greed: Sendable {
        case greedy
        case lazy
        case possessive
    }

    enum Assertion: Sendable {
        case lineStart
        case lineEnd
        case textStart
        case textEnd
        /// At the end or before a final line feed.
        case textEndOrFinalBreak
        case wordBoundary
        case notWordBoundary
    }
}

/// Reads a pattern.
struct RegexParser {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0

    private struct Options {
        var ignoresCase = false
        var dotMatchesAll = false
    }

    private static let deepest = 64

    /// - Throws: ``TokenizerError`` naming what is not supported.
    static func parse(_ pattern: String) throws(TokenizerError) -> RegexNode {
        var parser = RegexParser(scalars: Array(pattern.unicodeScalars))
        let node = try parser.alternatives(Options())
        guard parser.position == parser.scalars.count else {
            throw parser.error("')' without '('")
        }
        return node
    }

    private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

    private func error(_ what: String) -> TokenizerError {
        TokenizerError(
            "regular expression: \(what) at character \(position); supported are classes, "
                + "\\p{..}, groups, alternatives, quantifiers, lookahead and anchors")
    }

    private var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private func peek(_ text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        return position + wanted.count <= scalars.count
            && scalars[position..<position + wanted.count].elementsEqual(wanted)
    }

    private mutating func skip(_ text: String) -> Bool {
        guard peek(text) else { return false }
        position += text.unicodeScalars.count
        return true
    }

    private mutating func alternatives(_ options: Options) throws(TokenizerError) -> RegexNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw error("groups nested too deep") }
        var options = options
        var branches: [RegexNode] = []
        var items: [RegexNode] = []
        while let scalar = current, scalar != ")" {
            if scalar == "|" {
                position += 1
                branches.append(.sequence(items))
                items = []
                continue
            }
            if let changed = try inlineOptions(options) {
                // As in Ruby, the rest of the group, alternatives and all, is one item.
                options = changed
                items.append(try alternatives(options))
                break
            }
            items.append(try quantified(options))
        }
        branches.append(.sequence(items))
        return branches.count == 1 ? branches[0] : .alternatives(branches)
    }

    /// `(?i)`: options for the rest of the group; nothing else is consumed.
    private mutating func inlineOptions(_ options: Options) throws(TokenizerError) -> Options? {
        let mark = position
        guard skip("(?"), let scalar = current, "imx-".unicodeScalars.contains(scalar) else {
            position = mark
            return nil
        }
        let changed = try optionLetters(options)
        guard skip(")") else {
            position = mark
            return nil
        }
        return changed
    }

    private mutating func optionLetters(_ options: Options) throws(TokenizerError) -> Options {
        var options = options
        var value = true
        while let scalar = current, scalar != ")", scalar != ":" {
            switch scalar {
            case "-": value = false
            case "i": options.ignoresCase = value
            case "m": options.dotMatchesAll = value
            default: throw error("unknown option in '(?'")
            }
            position += 1
        }
        return options
    }

    private mutating func quantified(_ options: Options) throws(TokenizerError) -> RegexNode {
        var node = try atom(options)
        var count = 0
        while let scalar = current {
            count += 1
            guard count <= 8 else { throw error("more than 8 quantifiers in a row") }
            var minimum = 0
            var maximum: Int?
            var isInterval = false
            switch scalar {
            case "*": position += 1
            case "+":
                minimum = 1
                position += 1
            case "?":
                maximum = 1
                position += 1
            case "{":
                guard let bounds = try interval() else { return node }
                (minimum, maximum) = bounds
                isInterval = true
            default: return node
            }
            var greed = RegexNode.Greed.greedy
            if skip("?") {
                greed = .lazy
            } else if !isInterval, skip("+") {
                greed = .possessive
            }
            node = .repetition(node, minimum: minimum, maximum: maximum, greed)
        }
        return node
    }

    /// `{m}`, `{m,}`, `{,n}`, `{m,n}`; nil, with nothing consumed, if the brace stands for itself.
    private mutating func interval() throws(TokenizerError) -> (Int, Int?)? {
        let mark = position
        position += 1
        let minimum = try number()
        var maximum = minimum
        let hasComma = skip(",")
        if hasComma { maximum = try number() }
        guard skip("}"), minimum != nil || maximum != nil else {
            position = mark
            return nil
        }
        if let minimum, let maximum, minimum > maximum {
            throw error("a quantifier with its bounds swapped")
        }
        return (minimum ?? 0, maximum)
    }

    private mutating func number() throws(TokenizerError) -> Int? {
        var value: Int?
        while let scalar = current, ("0"..."9").contains(scalar) {
            let next = (value ?? 0) * 10 + Int(scalar.value - 0x30)
            guard next <= 1000 else { throw error("a quantifier beyond 1000") }
            value = next
            position += 1
        }
        return value
    }

    private mutating func atom(_ options: Options) throws(TokenizerError) -> RegexNode {
        guard let scalar = current else { throw error("the pattern ends early") }
        switch scalar {
        case "*", "+", "?": throw error("a quantifier with nothing before it")
        case "(": return try group(options)
        case "[": return .set(try bracket(options))
        case ".":
            position += 1
            let all = ScalarSet([0...0x10FFFF])
            return .set(options.dotMatchesAll ? all : ScalarSet([0x0A...0x0A]).inverted)
        case "^":
            position += 1
            return .assertion(.lineStart)
        case "$":
            position += 1
            return .assertion(.lineEnd)
        case "\\":
            if let assertion = assertionEscape() { return .assertion(assertion) }
            let set = try escape(inBracket: false)
            return .set(options.ignoresCase ? set.caseFolded : set)
        default:
            position += 1
            let set = ScalarSet([scalar.value...scalar.value])
            return .set(options.ignoresCase ? set.caseFolded : set)
        }
    }

    private mutating func assertionEscape() -> RegexNode.Assertion? {
        let table: [(String, RegexNode.Assertion)] = [
            ("\\b", .wordBoundary), ("\\B", .notWordBoundary), ("\\A", .textStart),
            ("\\z", .textEnd), ("\\Z", .textEndOrFinalBreak),
        ]
        for (text, assertion) in table where skip(text) { return assertion }
        return nil
    }

    private mutating func group(_ options: Options) throws(TokenizerError) -> RegexNode {
        var options = options
        position += 1
        var wrap: (RegexNode) -> RegexNode = { $0 }
        if skip("?=") {
            wrap = { .look($0, isNegative: false) }
        } else if skip("?!") {
            wrap = { .look($0, isNegative: true) }
        } else if skip("?>") {
            wrap = { .atomic($0) }
        } else if peek("?<=") || peek("?<!") {
            throw error("lookbehind")
        } else if skip("?<") {
            while let scalar = current, scalar != ">" {
                guard scalar.properties.isAlphabetic || scalar == "_" || ("0"..."9") ~= scalar
                else { throw error("an unknown group") }
                position += 1
            }
            guard skip(">") else { throw error("a group's name without '>'") }
        } else if !skip("?:"), skip("?") {
            options = try optionLetters(options)
            guard skip(":") else { throw error("an unknown group") }
        }
        let node = try alternatives(options)
        guard skip(")") else { throw error("'(' without ')'") }
        return wrap(node)
    }

    // MARK: Classes

    /// `[..]` with ranges, nested classes and intersections.
    private mutating func bracket(_ options: Options) throws(TokenizerError) -> ScalarSet {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw error("classes nested too deep") }
        position += 1
        let isNegated = skip("^")
        var set = ScalarSet()
        var ranges: [ClosedRange<UInt32>] = []
        var intersected: ScalarSet?
        var isFirst = true
        while true {
            guard let scalar = current else { throw error("'[' without ']'") }
            if scalar == "]", !isFirst {
                position += 1
                break
            }
            isFirst = false
            if skip("&&") {
                let left = set.union(ScalarSet(ranges))
                intersected = intersected?.intersection(left) ?? left
                set = ScalarSet()
                ranges = []
                continue
            }
            if peek("[:"), let posix = try posixClass() {
                set = set.union(posix)
                continue
            }
            if scalar == "[" {
                set = set.union(try bracket(options))
                continue
            }
            let item = try bracketItem()
            guard let first = item.single else {
                set = set.union(item.set)
                if peek("-"), !peek("-]") { throw error("a class as the start of a range") }
                continue
            }
            guard peek("-"), !peek("-]"), !peek("-&&"), !peek("-[") else {
                ranges.append(first...first)
                continue
            }
            position += 1
            guard let last = try bracketItem().single else {
                throw error("a class as the end of a range")
            }
            guard first <= last else { throw error("a range with its ends swapped") }
            ranges.append(first...last)
        }
        set = set.union(ScalarSet(ranges))
        if let intersected { set = intersected.intersection(set) }
        if options.ignoresCase { set = set.caseFolded }
        return isNegated ? set.inverted : set
    }

    private mutating func bracketItem() throws(TokenizerError) -> (set: ScalarSet, single: UInt32?)
    {
        guard let scalar = current else { throw error("'[' without ']'") }
        guard scalar == "\\" else {
            position += 1
            return (ScalarSet(), scalar.value)
        }
        let set = try escape(inBracket: true)
        if set.ranges.count == 1, let range = set.ranges.first, range.count == 1 {
            return (set, range.lowerBound)
        }
        return (set, nil)
    }

    /// `[:alpha:]`, `[:^alpha:]`; nil if the bracket opens a nested class.
    private mutating func posixClass() throws(TokenizerError) -> ScalarSet? {
        let mark = position
        position += 2
        let isNegated = skip("^")
        var name = ""
        while let scalar = current, ("a"..."z") ~= scalar {
            name.unicodeScalars.append(scalar)
            position += 1
        }
        guard skip(":]") else {
            position = mark
            return nil
        }
        let set: ScalarSet?
        switch name {
        case "alpha": set = ScalarSet.named("L")?.union(ScalarSet.named("M") ?? ScalarSet())
        case "alnum":
            set = ["L", "M", "Nd"].compactMap(ScalarSet.named).reduce(ScalarSet()) { $0.union($1) }
        case "punct": set = ScalarSet.named("P")?.union(ScalarSet.named("S") ?? ScalarSet())
        case "space", "digit", "word", "xdigit", "cntrl", "ascii", "upper", "lower":
            set = ScalarSet.named(name)
        default: set = nil
        }
        guard let set else { throw error("an unknown POSIX class") }
        return isNegated ? set.inverted : set
    }

    /// What `\..` matches.
    private mutating func escape(inBracket: Bool) throws(TokenizerError) -> ScalarSet {
        position += 1
        guard let scalar = current else { throw error("the pattern ends with a backslash") }
        position += 1
        func single(_ value: UInt32) -> ScalarSet { ScalarSet([value...value]) }
        switch scalar {
        case "n": return single(0x0A)
        case "r": return single(0x0D)
        case "t": return single(0x09)
        case "f": return single(0x0C)
        case "v": return single(0x0B)
        case "a": return single(0x07)
        case "e": return single(0x1B)
        case "b" where inBracket: return single(0x08)
        case "s": return .whitespace
        case "S": return ScalarSet.whitespace.inverted
        case "w": return .word
        case "W": return ScalarSet.word.inverted
        case "d": return ScalarSet.named("Nd") ?? ScalarSet()
        case "D": return (ScalarSet.named("Nd") ?? ScalarSet()).inverted
        case "h": return .hexDigits
        case "H": return ScalarSet.hexDigits.inverted
        case "p", "P": return try property(isNegated: scalar == "P")
        case "x": return single(try hexadecimal(maximum: 2, mayHaveBraces: true))
        case "u": return single(try hexadecimal(maximum: 4, mayHaveBraces: false))
        default:
            // Letters and digits that are not listed mean something that is not supported.
            let isPlain =
                !(scalar.isASCII && (("0"..."9") ~= scalar || scalar.properties.isAlphabetic))
            guard isPlain else { throw error("an unknown escape") }
            return single(scalar.value)
        }
    }

    private mutating func property(isNegated: Bool) throws(TokenizerError) -> ScalarSet {
        guard skip("{") else { throw error("\\p without '{'") }
        let isInverted = skip("^") != isNegated
        var name = ""
        while let scalar = current, scalar != "}" {
            name.unicodeScalars.append(scalar)
            position += 1
        }
        guard skip("}"), let set = ScalarSet.named(name) else {
            throw error("an unknown property")
        }
        return isInverted ? set.inverted : set
    }

    private mutating func hexadecimal(maximum: Int, mayHaveBraces: Bool) throws(TokenizerError)
        -> UInt32
    {
        let hasBraces = mayHaveBraces && skip("{")
        var value: UInt32 = 0
        var count = 0
        while count < (hasBraces ? 8 : maximum), let scalar = current,
            let digit = Character(scalar).hexDigitValue
        {
            value = value << 4 | UInt32(digit)
            count += 1
            position += 1
        }
        guard count > 0, !hasBraces || skip("}"), value <= 0x10FFFF else {
            throw error("a bad hexadecimal escape")
        }
        return value
    }
}

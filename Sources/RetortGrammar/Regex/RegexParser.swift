// SPDX-License-Identifier: Apache-2.0
//
// The part of ECMA-262's regular expressions that describes regular languages. Without flags, but
// over Unicode scalar values as with `u`.

struct RegexParser {
    let scalars: [Unicode.Scalar]
    let limits: GrammarLimits
    var position = 0
    private var depth = 0

    init(_ pattern: String, limits: GrammarLimits) {
        scalars = Array(pattern.unicodeScalars)
        self.limits = limits
    }

    static func parse(_ pattern: String, limits: GrammarLimits) throws(GrammarError) -> RegexNode {
        guard pattern.utf8.count <= limits.sourceBytes else {
            throw GrammarError(.limit, "a pattern of more than \(limits.sourceBytes) bytes")
        }
        var parser = RegexParser(pattern, limits: limits)
        let node = try parser.alternatives()
        guard parser.position == parser.scalars.count else {
            throw parser.invalid("found ')' without its '('")
        }
        return node
    }

    var current: Unicode.Scalar? {
        position < scalars.count ? scalars[position] : nil
    }

    func invalid(_ reason: String) -> GrammarError {
        GrammarError(.invalid, "regular expression: \(reason) at character \(position + 1)")
    }

    func unsupported(_ what: String) -> GrammarError {
        GrammarError(
            .unsupported,
            "regular expression: \(what) at character \(position + 1) is not supported; "
                + "only what describes a regular language is")
    }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard current == scalar else { return false }
        position += 1
        return true
    }

    /// Takes `text` if it comes next.
    mutating func take(_ text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        guard scalars.count - position >= wanted.count,
            wanted.indices.allSatisfy({ scalars[position + $0] == wanted[$0] })
        else { return false }
        position += wanted.count
        return true
    }

    private mutating func alternatives() throws(GrammarError) -> RegexNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= limits.sourceDepth else {
            throw GrammarError(
                .limit, "regular expression: groups nested deeper than \(limits.sourceDepth)")
        }
        var nodes = [try sequence()]
        while take("|" as Unicode.Scalar) { nodes.append(try sequence()) }
        return nodes.count == 1 ? nodes[0] : .alternatives(nodes)
    }

    private mutating func sequence() throws(GrammarError) -> RegexNode {
        var nodes: [RegexNode] = []
        while let scalar = current, scalar != "|", scalar != ")" {
            nodes.append(try term())
        }
        switch nodes.count {
        case 0: return .empty
        case 1: return nodes[0]
        default: return .sequence(nodes)
        }
    }

    private mutating func term() throws(GrammarError) -> RegexNode {
        let node = try atom()
        guard let (minimum, maximum) = try quantifier() else { return node }
        switch node {
        case .start, .end: throw invalid("a quantifier follows '^' or '$'")
        default: break
        }
        // Laziness changes which match is found, not which texts match.
        _ = take("?" as Unicode.Scalar)
        let end = position
        if try quantifier() != nil {
            position = end
            throw invalid("a quantifier follows a quantifier")
        }
        return .repetition(node, minimum, maximum)
    }

    private mutating func quantifier() throws(GrammarError) -> (Int, Int?)? {
        switch current {
        case "*":
            position += 1
            return (0, nil)
        case "+":
            position += 1
            return (1, nil)
        case "?":
            position += 1
            return (0, 1)
        case "{":
            let start = position
            position += 1
            guard let minimum = try number() else {
                position = start
                return nil
            }
            var maximum: Int? = minimum
            if take("," as Unicode.Scalar) { maximum = try number() }
            guard take("}" as Unicode.Scalar) else {
                position = start
                return nil
            }
            if let maximum, maximum < minimum { throw invalid("{m,n} with m > n") }
            return (minimum, maximum)
        default: return nil
        }
    }

    private mutating func number() throws(GrammarError) -> Int? {
        var value: Int?
        while let scalar = current, ("0"..."9").contains(scalar) {
            let next = (value ?? 0) * 10 + Int(scalar.value - 48)
            guard next <= limits.nondeterministicStates else {
                throw GrammarError(.limit, "regular expression: a count above \(next / 10)")
            }
            value = next
            position += 1
        }
        return value
    }

    private mutating func atom() throws(GrammarError) -> RegexNode {
        guard let scalar = current else { throw invalid("the pattern ends early") }
        switch scalar {
        case "^":
            position += 1
            return .start
        case "$":
            position += 1
            return .end
        case "(": return try group()
        case "[": return .set(try characterClass())
        case "\\":
            position += 1
            return .set(try escape(inClass: false))
        case ".":
            position += 1
            return .set(ScalarSet([0x0A...0x0A, 0x0D...0x0D, 0x2028...0x2029]).inverted)
        case "*", "+", "?": throw invalid("a quantifier with nothing to repeat")
        case "{":
            let start = position
            if try quantifier() != nil {
                position = start
                throw invalid("a quantifier with nothing to repeat")
            }
            position += 1
            return .set(ScalarSet(scalar.value))
        default:
            position += 1
            return .set(ScalarSet(scalar.value))
        }
    }

    private mutating func group() throws(GrammarError) -> RegexNode {
        if ["(?=", "(?!", "(?<=", "(?<!"].contains(where: { take($0) }) {
            throw unsupported("a lookaround")
        }
        if take("(?:") {
            // Groups only group here: nothing is captured.
        } else if take("(?<") || take("(?P<") {
            while let scalar = current, scalar != ">" {
                guard
                    scalar.properties.isAlphabetic || scalar == "_" || scalar == "$"
                        || ("0"..."9").contains(scalar)
                else { throw invalid("a group's name has another character") }
                position += 1
            }
            guard take(">" as Unicode.Scalar) else { throw invalid("a group's name has no '>'") }
        } else if take("(?") {
            throw unsupported("a flag or an extension '(?…'")
        } else {
            position += 1
        }
        let node = try alternatives()
        guard take(")" as Unicode.Scalar) else { throw invalid("a group has no ')'") }
        return node
    }
}

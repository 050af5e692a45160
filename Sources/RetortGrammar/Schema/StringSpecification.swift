// SPDX-License-Identifier: Apache-2.0
//
// Strings as automata. What a pattern, a format or a list of other names says is about a string's
// content; its automaton is made over the content's UTF-8 and then respelled with JSON's escapes.

/// What a string must be.
struct StringSpecification: Hashable {
    var minimum = 0
    var maximum: Int?
    var patterns: Set<String> = []
    /// Patterns that the string must not match; for the names of an object's further members.
    var excludedPatterns: Set<String> = []
    /// Strings that it must not be.
    var excluded: Set<[UInt8]> = []
    var formats: Set<String> = []

    /// Whether only lengths matter, so that any spelling of a character will do.
    var isPlain: Bool {
        patterns.isEmpty && excludedPatterns.isEmpty && excluded.isEmpty && formats.isEmpty
    }

    /// The automaton of the JSON texts, quotes included.
    func automaton(limits: GrammarLimits) throws(GrammarError) -> Automaton {
        var nfa = NFA(limits: limits)
        let start = nfa.state()
        var current = nfa.byte(UInt8(ascii: "\""), from: start)
        if isPlain {
            current = try nfa.repeating(minimum, maximum, from: current) {
                $0.stringCharacter(from: $1)
            }
        } else {
            current = nfa.embedStringContent(try content(limits: limits), from: current)
        }
        current = nfa.byte(UInt8(ascii: "\""), from: current)
        return try nfa.determinized(from: start, accepting: current).trimmed()
    }

    /// The automaton over the content's UTF-8.
    func content(limits: GrammarLimits) throws(GrammarError) -> Automaton {
        var nfa = NFA(limits: limits)
        let start = nfa.state()
        let end = try nfa.repeating(minimum, maximum, from: start) { $0.scalars(.all, from: $1) }
        var result: Automaton?
        if minimum > 0 || maximum != nil {
            result = try nfa.determinized(from: start, accepting: end)
        }
        for format in formats.sorted() {
            guard let definition = StringFormat.named(format) else { continue }
            result = try Self.intersection(result, definition.automaton(limits), limits)
        }
        for pattern in patterns.sorted() {
            let node = try RegexParser.parse(pattern, limits: limits)
            result = try Self.intersection(
                result, node.automaton(.search, limits: limits), limits)
        }
        var content: Automaton
        if let result {
            content = result
        } else {
            content = try nfa.determinized(from: start, accepting: end)
        }
        for pattern in excludedPatterns.sorted() {
            let node = try RegexParser.parse(pattern, limits: limits)
            content = try content.subtracting(
                node.automaton(.search, limits: limits), limit: limits.states)
        }
        if !excluded.isEmpty {
            var names = NFA(limits: limits)
            let first = names.state()
            let last = names.state()
            for name in excluded {
                var current = first
                for byte in name { current = names.byte(byte, from: current) }
                names.empty(from: current, to: last)
            }
            content = try content.subtracting(
                names.determinized(from: first, accepting: last), limit: limits.states)
        }
        return content
    }

    private static func intersection(
        _ a: Automaton?, _ b: Automaton, _ limits: GrammarLimits
    ) throws(GrammarError) -> Automaton {
        guard let a else { return b }
        return try a.intersection(b, limit: limits.states)
    }
}

extension NFA {
    /// One character of a JSON string in any of its spellings.
    mutating func stringCharacter(from source: State) -> State {
        let target = state()
        var plain = ScalarSet([0x20...0x21, 0x23...0x5B])
        plain.formUnion(ScalarSet([0x5D...0x10FFFF]))
        scalars(plain, from: source, to: target)
        let backslash = byte(UInt8(ascii: "\\"), from: source)
        for letter in "\"\\/bfnrt".utf8 { add(.bytes(letter, letter), from: backslash, to: target) }
        let unit = byte(UInt8(ascii: "u"), from: backslash)
        let digits: [ClosedRange<UInt8>] = [0x30...0x39, 0x41...0x46, 0x61...0x66]
        // Not D8 to DF: those are halves of a pair.
        let below = bytes(
            [0x30...0x39, 0x41...0x43, 0x45...0x46, 0x61...0x63, 0x65...0x66], from: unit)
        let ofD = bytes([0x44...0x44, 0x64...0x64], from: unit)
        let second = state()
        for range in digits {
            add(.bytes(range.lowerBound, range.upperBound), from: below, to: second)
        }
        add(.bytes(0x30, 0x37), from: ofD, to: second)
        let third = bytes(digits, from: second)
        for range in digits {
            add(.bytes(range.lowerBound, range.upperBound), from: third, to: target)
        }
        // A high half and the low half that must follow it.
        var half = bytes([0x38...0x39, 0x41...0x42, 0x61...0x62], from: ofD)
        half = bytes(digits, from: bytes(digits, from: half))
        half = byte(UInt8(ascii: "u"), from: byte(UInt8(ascii: "\\"), from: half))
        half = bytes([0x44...0x44, 0x64...0x64], from: half)
        half = bytes([0x43...0x46, 0x63...0x66], from: half)
        half = bytes(digits, from: half)
        for range in digits {
            add(.bytes(range.lowerBound, range.upperBound), from: half, to: target)
        }
        return target
    }

    /// The content's automaton with what JSON must escape in its shortest escape.
    mutating func embedStringContent(_ content: Automaton, from source: State) -> State {
        let states = (0..<content.count).map { _ in state() }
        let exit = state()
        empty(from: source, to: states[0])
        for (index, state) in states.enumerated() {
            if content.accepting[index] { empty(from: state, to: exit) }
            for (range, target) in content.ranges(from: index) {
                embed(range, from: state, to: states[Int(target)])
            }
        }
        return exit
    }

    private mutating func embed(_ range: ClosedRange<UInt8>, from source: State, to target: State) {
        for part: ClosedRange<UInt8> in [0x20...0x21, 0x23...0x5B, 0x5D...0xFF]
        where part.overlaps(range) {
            let plain = part.clamped(to: range)
            add(.bytes(plain.lowerBound, plain.upperBound), from: source, to: target)
        }
        let escapes = range.filter { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C }
        guard !escapes.isEmpty else { return }
        let backslash = byte(UInt8(ascii: "\\"), from: source)
        for code in escapes {
            if let letter = Self.shortEscapes[code] {
                add(.bytes(letter, letter), from: backslash, to: target)
                continue
            }
            var current = literal("u00", from: backslash)
            current = byte(0x30 + code >> 4, from: current)
            let digit = code & 15
            if digit < 10 {
                add(.bytes(0x30 + digit, 0x30 + digit), from: current, to: target)
            } else {
                add(.bytes(0x37 + digit, 0x37 + digit), from: current, to: target)
                add(.bytes(0x57 + digit, 0x57 + digit), from: current, to: target)
            }
        }
    }

    static let shortEscapes: [UInt8: UInt8] = [
        0x08: 0x62, 0x09: 0x74, 0x0A: 0x6E, 0x0C: 0x66, 0x0D: 0x72, 0x22: 0x22, 0x5C: 0x5C,
    ]

    /// A string literal, quotes included.
    mutating func string(_ text: String, from source: State) -> State {
        var current = byte(UInt8(ascii: "\""), from: source)
        for code in text.utf8 {
            let target = state()
            embed(code...code, from: current, to: target)
            current = target
        }
        return byte(UInt8(ascii: "\""), from: current)
    }
}

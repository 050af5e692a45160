// SPDX-License-Identifier: Apache-2.0
//
// Turns a schema into rules. A rule is the automaton of one value; members and elements are calls
// of other rules, so that recursion and repeated parts cost no states. A rule is known by the set of
// schemas that its value must satisfy, which makes `allOf` and `$ref` a merge of sets.

import RetortJSON

struct SchemaCompiler {
    typealias Place = SchemaDocument.Place
    typealias State = NFA.State

    /// Where a model may put white space.
    let whitespace: GrammarWhitespace
    let limits: GrammarLimits
    var document: SchemaDocument
    /// The automata so far; nil while one is waiting to be made.
    private(set) var rules: [Automaton?] = []
    private var valueRules: [[Place]: Int32] = [:]
    private var stringRules: [StringSpecification: Int32] = [:]
    private var numberRules: [NumberSpecification: Int32] = [:]
    private var breakRule: Int32?
    private var waiting: [(rule: Int32, cases: [[Place]], path: String)] = []
    private var stateCount = 0
    /// The end state of the rule being built.
    var end: State = 0

    init(_ schema: JSONValue, whitespace: GrammarWhitespace, limits: GrammarLimits) {
        document = SchemaDocument(schema, limits: limits)
        self.whitespace = whitespace
        self.limits = limits
    }

    /// The rules of the whole schema and the one to start with.
    mutating func compile() throws(GrammarError) -> (rules: [Automaton], start: Int32) {
        let start = try rule(for: [try document.rootPlace()])
        while let next = waiting.popLast() {
            do throws(GrammarError) {
                try finish(next.rule, try automaton(next.cases))
            } catch {
                throw error.located(next.path)
            }
        }
        return (rules.compactMap { $0 }, start)
    }

    // MARK: Rules

    private mutating func reserve() -> Int32 {
        rules.append(nil)
        return Int32(rules.count - 1)
    }

    private mutating func finish(_ rule: Int32, _ automaton: Automaton) throws(GrammarError) {
        stateCount += automaton.count
        guard stateCount <= limits.states else {
            throw GrammarError(
                .limit, "the grammar needs more than \(limits.states) states; simplify the schema")
        }
        rules[Int(rule)] = automaton
    }

    /// The rule of a value that satisfies every one of `places`.
    mutating func rule(for places: [Place]) throws(GrammarError) -> Int32 {
        var key: [Place] = []
        for place in places {
            let place = try resolved(place)
            if document.values[place] != true, !key.contains(place) { key.append(place) }
        }
        key.sort()
        if let known = valueRules[key] { return known }
        let path = key.first.map { document.paths[$0] } ?? "$"
        let cases = try document.alternatives(key)
        if cases.count == 1, let first = cases.first,
            let scalar = try scalarRule(try shape(first))
        {
            valueRules[key] = scalar
            return scalar
        }
        let rule = reserve()
        valueRules[key] = rule
        waiting.append((rule, cases, path))
        return rule
    }

    /// Follows references that have nothing beside them.
    private mutating func resolved(_ place: Place) throws(GrammarError) -> Place {
        var place = place
        for _ in 0..<limits.sourceDepth {
            guard let object = document.values[place].objectValue, object["$ref"] != nil,
                object.keys.allSatisfy({
                    $0 == "$ref"
                        || !(SchemaDocument.assertions.contains($0)
                            || SchemaDocument.applicators.contains($0))
                }), let target = try document.target(of: place)
            else { return place }
            place = target
        }
        throw GrammarError(
            .invalid, "a chain of references without an end", path: document.paths[place])
    }

    func shape(_ places: [Place]) throws(GrammarError) -> ValueShape {
        var shape = ValueShape()
        for place in places { try shape.merge(place, of: document) }
        if !shape.types.contains(.fraction) { shape.numbers.isInteger = true }
        return shape
    }

    /// The rule of a shape that is one kind of scalar, so that it needs no rule around it.
    private mutating func scalarRule(_ shape: ValueShape) throws(GrammarError) -> Int32? {
        guard shape.values == nil else { return nil }
        switch shape.types {
        case .string: return try stringRule(shape)
        case .integer, .number: return try numberRule(shape)
        default: return nil
        }
    }

    private mutating func stringRule(_ shape: ValueShape) throws(GrammarError) -> Int32 {
        do throws(GrammarError) {
            return try rule(for: shape.strings)
        } catch {
            throw error.located(shape.stringPath ?? "$")
        }
    }

    mutating func rule(for strings: StringSpecification) throws(GrammarError) -> Int32 {
        if let known = stringRules[strings] { return known }
        let rule = reserve()
        stringRules[strings] = rule
        try finish(rule, try strings.automaton(limits: limits))
        return rule
    }

    private mutating func numberRule(_ shape: ValueShape) throws(GrammarError) -> Int32 {
        if let known = numberRules[shape.numbers] { return known }
        let rule = reserve()
        numberRules[shape.numbers] = rule
        do throws(GrammarError) {
            try finish(rule, try shape.numbers.automaton(limits: limits))
        } catch {
            throw error.located(shape.numberPath ?? "$")
        }
        return rule
    }

    // MARK: Bodies

    private mutating func automaton(_ cases: [[Place]]) throws(GrammarError) -> Automaton {
        var nfa = NFA(limits: limits)
        let start = nfa.state()
        end = nfa.state()
        for places in cases {
            let branch = nfa.state()
            nfa.empty(from: start, to: branch)
            try build(try shape(places), places, in: &nfa, from: branch)
            try nfa.checkSize()
        }
        return try nfa.determinized(from: start, accepting: end)
    }

    private mutating func build(
        _ shape: ValueShape, _ places: [Place], in nfa: inout NFA, from start: State
    ) throws(GrammarError) {
        if let (candidates, _) = shape.values {
            for value in candidates {
                var isAccepted = true
                for place in places where isAccepted {
                    isAccepted = try acceptsOwnKeywords(value, at: place)
                }
                guard isAccepted else { continue }
                nfa.empty(from: try literal(value, in: &nfa, from: start), to: end)
            }
            return
        }
        if shape.types.contains(.null) {
            nfa.empty(from: nfa.literal("null", from: start), to: end)
        }
        if shape.types.contains(.boolean) {
            nfa.empty(from: nfa.literal("true", from: start), to: end)
            nfa.empty(from: nfa.literal("false", from: start), to: end)
        }
        if shape.types.contains(.string) {
            nfa.add(.call(try stringRule(shape)), from: start, to: end)
        }
        if shape.types.contains(.integer) || shape.types.contains(.fraction) {
            nfa.add(.call(try numberRule(shape)), from: start, to: end)
        }
        if shape.types.contains(.array) {
            try buildArray(shape, in: &nfa, from: start)
        }
        if shape.types.contains(.object) {
            try buildObject(shape, in: &nfa, from: start)
        }
    }

    /// Whether a value satisfies a schema without its `$ref`, `allOf`, `anyOf` and `oneOf`: those
    /// are schemas of the alternative themselves.
    private mutating func acceptsOwnKeywords(_ value: JSONValue, at place: Place)
        throws(GrammarError) -> Bool
    {
        try document.accepts(value, at: place, ignoringApplicators: true)
    }

    private mutating func literal(_ value: JSONValue, in nfa: inout NFA, from source: State)
        throws(GrammarError) -> State
    {
        switch value {
        case .string(let text): return nfa.string(text, from: source)
        case .array(let elements):
            guard !elements.isEmpty else { return nfa.literal("[]", from: source) }
            var current = nfa.literal("[", from: source)
            for (index, element) in elements.enumerated() {
                current = try separator(index == 0 ? .opening : .comma, in: &nfa, from: current)
                current = try literal(element, in: &nfa, from: current)
            }
            current = try separator(.closing, in: &nfa, from: current)
            return nfa.literal("]", from: current)
        case .object(let object):
            guard !object.isEmpty else { return nfa.literal("{}", from: source) }
            var current = nfa.literal("{", from: source)
            for (index, member) in object.members.enumerated() {
                current = try separator(index == 0 ? .opening : .comma, in: &nfa, from: current)
                current = nfa.string(member.key, from: current)
                current = try separator(.colon, in: &nfa, from: current)
                current = try literal(member.value, in: &nfa, from: current)
            }
            current = try separator(.closing, in: &nfa, from: current)
            return nfa.literal("}", from: current)
        default: return nfa.literal(value.text(), from: source)
        }
    }

    // MARK: Punctuation

    enum Separator { case opening, comma, colon, closing }

    /// A comma or colon with the white space that may follow it, or the white space after an
    /// opening and before a closing bracket.
    mutating func separator(_ separator: Separator, in nfa: inout NFA, from source: State)
        throws(GrammarError) -> State
    {
        var current = source
        if separator == .comma { current = nfa.literal(",", from: current) }
        if separator == .colon { current = nfa.literal(":", from: current) }
        guard whitespace == .flexible else { return current }
        let target = nfa.state()
        nfa.empty(from: current, to: target)
        if separator == .comma || separator == .colon {
            nfa.add(.bytes(0x20, 0x20), from: current, to: target)
        }
        if separator != .colon {
            nfa.add(.call(try lineBreak()), from: current, to: target)
        }
        return target
    }

    /// A line feed and an indent of bounded depth.
    private mutating func lineBreak() throws(GrammarError) -> Int32 {
        if let breakRule { return breakRule }
        let rule = reserve()
        breakRule = rule
        var nfa = NFA(limits: limits)
        let start = nfa.state()
        let line = nfa.byte(0x0A, from: start)
        let end = nfa.state()
        let spaces = try nfa.repeating(0, GrammarWhitespace.longestIndent, from: line) {
            $0.byte(0x20, from: $1)
        }
        let tabs = try nfa.repeating(0, GrammarWhitespace.longestIndent / 4, from: line) {
            $0.byte(0x09, from: $1)
        }
        nfa.empty(from: spaces, to: end)
        nfa.empty(from: tabs, to: end)
        try finish(rule, try nfa.determinized(from: start, accepting: end))
        return rule
    }
}

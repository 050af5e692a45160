// SPDX-License-Identifier: Apache-2.0
//
// Members come in the order of the schema: first those of `properties`, then required ones that
// are not listed there, then further ones. Members that are not required may be left out.

import RetortJSON

extension SchemaCompiler {
    /// The members that an object may have.
    private struct Members {
        struct Named {
            let name: String
            let rule: Int32
            let isRequired: Bool
        }
        var named: [Named] = []
        /// Rules of the name and the value of members that the schema does not name.
        var further: [(name: Int32, value: Int32)] = []
        var minimum = 0
        var maximum = Int.max
    }

    /// A point in an object between two members.
    private struct Point: Hashable {
        /// Next named member.
        var index: Int
        var isFirst = true
        /// Members so far, where `maxProperties` is given.
        var count = 0
        /// Members so far that are different for sure, as far as `minProperties` asks.
        var sure = 0
        var hasFurther = false
    }

    mutating func buildObject(_ shape: ValueShape, in nfa: inout NFA, from start: State)
        throws(GrammarError)
    {
        let members = try members(shape.objects)
        guard members.minimum <= members.maximum else { return }
        let required = members.named.count(where: \.isRequired)
        guard required <= members.maximum else { return }
        // Names that the schema does not give could be equal, so that only one of them is sure to
        // add to the number of members.
        let sure = members.named.count + (members.further.isEmpty ? 0 : 1)
        if members.minimum > sure {
            guard !members.further.isEmpty else { return }
            throw GrammarError(
                .unsupported,
                "'minProperties' is supported up to the number of named members plus one",
                path: shape.objects.first { document.values[$0]["minProperties"] != nil }.map {
                    document.paths[$0] + ".minProperties"
                })
        }
        let opened = nfa.literal("{", from: start)
        let closing = try separator(.closing, in: &nfa, from: nfa.state(), keepingSource: true)
        nfa.empty(from: nfa.literal("}", from: closing.target), to: end)
        let first = try separator(.opening, in: &nfa, from: opened)
        if members.minimum == 0, required == 0 {
            nfa.empty(from: nfa.literal("}", from: opened), to: end)
        }

        var states: [Point: State] = [:]
        var work: [Point] = []
        func state(_ point: Point, in nfa: inout NFA) -> State {
            if let known = states[point] { return known }
            let new = nfa.state()
            states[point] = new
            work.append(point)
            return new
        }
        func advanced(_ point: Point, to index: Int, isFurther: Bool = false) -> Point {
            var next = point
            next.index = index
            next.isFirst = false
            if members.maximum != .max { next.count += 1 }
            if members.minimum > required {
                let isNew = !isFurther || !point.hasFurther
                next.sure = min(members.minimum, point.sure + (isNew ? 1 : 0))
                next.hasFurther = point.hasFurther || isFurther
            }
            return next
        }
        // What a member's own bytes are does not depend on the comma before it.
        var entries: [Point: State] = [:]
        nfa.empty(from: first, to: state(Point(index: 0), in: &nfa))
        while let point = work.popLast() {
            let source = states[point] ?? 0
            try nfa.checkSize()
            let isFull = members.maximum != .max && point.count >= members.maximum
            if point.index < members.named.count {
                let member = members.named[point.index]
                if !member.isRequired {
                    var next = point
                    next.index += 1
                    nfa.empty(from: source, to: state(next, in: &nfa))
                }
                if isFull { continue }
                let target = advanced(point, to: point.index + 1)
                var from = source
                if !point.isFirst { from = try separator(.comma, in: &nfa, from: from) }
                if let entry = entries[target] {
                    nfa.empty(from: from, to: entry)
                    continue
                }
                let entry = nfa.state()
                entries[target] = entry
                nfa.empty(from: from, to: entry)
                var current = nfa.string(member.name, from: entry)
                current = try separator(.colon, in: &nfa, from: current)
                nfa.add(.call(member.rule), from: current, to: state(target, in: &nfa))
                continue
            }
            if !point.isFirst, members.minimum <= required || point.sure >= members.minimum {
                nfa.empty(from: source, to: closing.source)
            }
            if isFull || members.further.isEmpty { continue }
            let target = advanced(point, to: point.index, isFurther: true)
            var from = source
            if !point.isFirst { from = try separator(.comma, in: &nfa, from: from) }
            for further in members.further {
                var current = nfa.call(further.name, from: from)
                current = try separator(.colon, in: &nfa, from: current)
                nfa.add(.call(further.value), from: current, to: state(target, in: &nfa))
            }
        }
    }

    private mutating func separator(
        _ kind: Separator, in nfa: inout NFA, from source: State, keepingSource: Bool
    ) throws(GrammarError) -> (source: State, target: State) {
        (source, try separator(kind, in: &nfa, from: source))
    }

    // MARK: Members

    private mutating func members(_ places: [Place]) throws(GrammarError) -> Members {
        var members = Members()
        var names: [String] = []
        var required: [String] = []
        var seen: Set<[UInt8]> = []
        var patterns: [String] = []
        for place in places {
            let schema = document.values[place]
            for name in try properties(place, "properties")
            where seen.insert(Array(name.utf8)).inserted {
                names.append(name)
            }
            for pattern in try properties(place, "patternProperties")
            where !patterns.contains(pattern) {
                patterns.append(pattern)
            }
            required += try requiredNames(place)
            if let bound = schema["minProperties"] {
                members.minimum = max(members.minimum, try count(bound, place, "minProperties"))
            }
            if let bound = schema["maxProperties"] {
                members.maximum = min(members.maximum, try count(bound, place, "maxProperties"))
            }
        }
        let requiredBytes = Set(required.map { Array($0.utf8) })
        for name in required where seen.insert(Array(name.utf8)).inserted { names.append(name) }
        for name in names {
            let schemas = try schemas(ofMember: name, places)
            members.named.append(
                Members.Named(
                    name: name, rule: try rule(for: schemas),
                    isRequired: requiredBytes.contains(Array(name.utf8))))
        }
        try addFurther(to: &members, places, patterns: patterns, names: seen)
        return members
    }

    /// Further members by which patterns their names match: the schemas differ.
    private mutating func addFurther(
        to members: inout Members, _ places: [Place], patterns: [String], names: Set<[UInt8]>
    ) throws(GrammarError) {
        guard patterns.count <= 4 else {
            throw GrammarError(
                .limit, "more than 4 patterns for one object",
                path: places.first.map { document.paths[$0] + ".patternProperties" })
        }
        for subset in 0..<(1 << patterns.count) {
            var name = StringSpecification(excluded: names)
            var matched: [String] = []
            for (index, pattern) in patterns.enumerated() {
                if subset >> index & 1 == 1 {
                    name.patterns.insert(pattern)
                    matched.append(pattern)
                } else {
                    name.excludedPatterns.insert(pattern)
                }
            }
            var schemas: [Place] = []
            for place in places {
                let own = document.values[place]["patternProperties"]?.objectValue?.keys ?? []
                let applied = own.filter { matched.contains($0) }
                for pattern in applied {
                    schemas.append(try document.child(place, "patternProperties", pattern))
                }
                if applied.isEmpty, document.values[place]["additionalProperties"] != nil {
                    schemas.append(try document.child(place, "additionalProperties"))
                }
            }
            if schemas.contains(where: { document.values[$0] == false }) { continue }
            let nameRule: Int32
            do throws(GrammarError) {
                nameRule = try rule(for: name)
            } catch {
                throw error.located(
                    places.first.map { document.paths[$0] + ".patternProperties" } ?? "$")
            }
            if rules[Int(nameRule)]?.isEmpty ?? true { continue }
            members.further.append((nameRule, try rule(for: schemas)))
        }
    }

    private mutating func schemas(ofMember name: String, _ places: [Place]) throws(GrammarError)
        -> [Place]
    {
        var result: [Place] = []
        for place in places {
            let schema = document.values[place]
            var isKnown = false
            if schema["properties"]?[name] != nil {
                isKnown = true
                result.append(try document.child(place, "properties", name))
            }
            for pattern in schema["patternProperties"]?.objectValue?.keys ?? []
            where try document.name(name, matches: pattern, at: place) {
                isKnown = true
                result.append(try document.child(place, "patternProperties", pattern))
            }
            if !isKnown, schema["additionalProperties"] != nil {
                result.append(try document.child(place, "additionalProperties"))
            }
        }
        return result
    }

    private func properties(_ place: Place, _ keyword: String) throws(GrammarError) -> [String] {
        guard let value = document.values[place][keyword] else { return [] }
        guard let object = value.objectValue else {
            throw GrammarError(
                .invalid, "expected an object of schemas",
                path: "\(document.paths[place]).\(keyword)")
        }
        return object.keys
    }

    private func requiredNames(_ place: Place) throws(GrammarError) -> [String] {
        guard let value = document.values[place]["required"] else { return [] }
        let path = document.paths[place] + ".required"
        guard let elements = value.arrayValue else {
            throw GrammarError(.invalid, "expected a list of names", path: path)
        }
        var names: [String] = []
        for element in elements {
            guard let name = element.stringValue else {
                throw GrammarError(.invalid, "expected a list of names", path: path)
            }
            names.append(name)
        }
        return names
    }

    private func count(_ value: JSONValue, _ place: Place, _ keyword: String) throws(GrammarError)
        -> Int
    {
        do throws(GrammarError) {
            return try ValueShape.count(value)
        } catch {
            throw error.located("\(document.paths[place]).\(keyword)")
        }
    }
}

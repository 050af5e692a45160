// SPDX-License-Identifier: Apache-2.0

import RetortJSON

extension SchemaCompiler {
    mutating func buildArray(_ shape: ValueShape, in nfa: inout NFA, from start: State)
        throws(GrammarError)
    {
        var minimum = 0
        var maximum = Int.max
        var prefixCount = 0
        var schemas: [(prefix: [Place], rest: Place?)] = []
        for place in shape.arrays {
            let schema = document.values[place]
            let path = document.paths[place]
            do throws(GrammarError) {
                if let bound = schema["minItems"] {
                    minimum = max(minimum, try ValueShape.count(bound))
                }
            } catch { throw error.located(path + ".minItems") }
            do throws(GrammarError) {
                if let bound = schema["maxItems"] {
                    maximum = min(maximum, try ValueShape.count(bound))
                }
            } catch { throw error.located(path + ".maxItems") }
            let elements = try document.elements(at: place)
            prefixCount = max(prefixCount, elements.prefix.count)
            schemas.append(elements)
        }
        guard minimum <= maximum else { return }

        // A state for every count that makes a difference; after the last one the array loops.
        let distinct = max(prefixCount, minimum)
        let last = maximum == .max ? distinct : maximum
        guard last <= limits.nondeterministicStates / 8 else {
            throw GrammarError(
                .limit, "arrays are counted up to \(limits.nondeterministicStates / 8) elements",
                path: shape.arrays.first.map { document.paths[$0] })
        }
        func rule(_ compiler: inout SchemaCompiler, _ index: Int) throws(GrammarError) -> Int32 {
            try compiler.rule(
                for: schemas.compactMap {
                    index < $0.prefix.count ? $0.prefix[index] : $0.rest
                })
        }
        var current = nfa.literal("[", from: start)
        if minimum == 0 { nfa.empty(from: nfa.literal("]", from: current), to: end) }
        var closing = nfa.state()
        let close = closing
        closing = try separator(.closing, in: &nfa, from: closing)
        nfa.empty(from: nfa.literal("]", from: closing), to: end)
        for index in 0..<last {
            current = try separator(index == 0 ? .opening : .comma, in: &nfa, from: current)
            current = nfa.call(try rule(&self, min(index, distinct)), from: current)
            if index + 1 >= minimum { nfa.empty(from: current, to: close) }
            try nfa.checkSize()
        }
        guard maximum == .max else { return }
        let more = try rule(&self, distinct)
        let loop = nfa.state()
        if last == 0 {
            let first = try separator(.opening, in: &nfa, from: current)
            nfa.add(.call(more), from: first, to: loop)
        } else {
            nfa.empty(from: current, to: loop)
        }
        nfa.empty(from: loop, to: close)
        let again = try separator(.comma, in: &nfa, from: loop)
        nfa.add(.call(more), from: again, to: loop)
    }
}

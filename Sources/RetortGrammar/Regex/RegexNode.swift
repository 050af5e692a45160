// SPDX-License-Identifier: Apache-2.0

/// A parsed regular expression.
indirect enum RegexNode {
    case empty
    case set(ScalarSet)
    case sequence([RegexNode])
    case alternatives([RegexNode])
    case repetition(RegexNode, Int, Int?)
    case start
    case end

    /// Whether every match begins at the text's start, as far as that is plain to see.
    var isAnchoredAtStart: Bool {
        switch self {
        case .start: return true
        case .sequence(let nodes): return nodes.first?.isAnchoredAtStart ?? false
        case .alternatives(let nodes): return nodes.allSatisfy(\.isAnchoredAtStart)
        case .repetition(let node, let minimum, _): return minimum > 0 && node.isAnchoredAtStart
        default: return false
        }
    }

    var isAnchoredAtEnd: Bool {
        switch self {
        case .end: return true
        case .sequence(let nodes): return nodes.last?.isAnchoredAtEnd ?? false
        case .alternatives(let nodes): return nodes.allSatisfy(\.isAnchoredAtEnd)
        case .repetition(let node, let minimum, _): return minimum > 0 && node.isAnchoredAtEnd
        default: return false
        }
    }
}

/// How a pattern is applied to a text.
enum RegexMatch: Hashable {
    /// The whole text matches.
    case full
    /// Some part of it does, as JSON Schema's `pattern` has it.
    case search
}

extension RegexNode {
    /// The automaton over the UTF-8 of the texts that match.
    func automaton(_ match: RegexMatch, limits: GrammarLimits) throws(GrammarError) -> Automaton {
        var nfa = NFA(limits: limits)
        let start = nfa.state()
        var current = start
        let anything: (inout NFA, NFA.State) -> NFA.State = { $0.scalars(.all, from: $1) }
        if match == .search, !isAnchoredAtStart {
            current = try nfa.repeating(0, nil, from: current, anything)
        }
        current = try build(in: &nfa, from: current)
        if match == .search, !isAnchoredAtEnd {
            current = try nfa.repeating(0, nil, from: current, anything)
        }
        return try nfa.determinized(from: start, accepting: current).trimmed()
    }

    private func build(in nfa: inout NFA, from source: NFA.State) throws(GrammarError) -> NFA.State
    {
        switch self {
        case .empty: return source
        case .set(let set): return nfa.scalars(set, from: source)
        case .start, .end:
            let target = nfa.state()
            if case .start = self {
                nfa.add(.start, from: source, to: target)
            } else {
                nfa.add(.end, from: source, to: target)
            }
            return target
        case .sequence(let nodes):
            var current = source
            for node in nodes { current = try node.build(in: &nfa, from: current) }
            return current
        case .alternatives(let nodes):
            let target = nfa.state()
            for node in nodes {
                let branch = nfa.state()
                nfa.empty(from: source, to: branch)
                nfa.empty(from: try node.build(in: &nfa, from: branch), to: target)
                try nfa.checkSize()
            }
            return target
        case .repetition(let node, let minimum, let maximum):
            return try nfa.repeating(minimum, maximum, from: source) {
                (nfa, state) throws(GrammarError) in try node.build(in: &nfa, from: state)
            }
        }
    }
}

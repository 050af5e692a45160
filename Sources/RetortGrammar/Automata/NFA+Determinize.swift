// SPDX-License-Identifier: Apache-2.0
//
// Subset construction. A call of a rule is a letter like a byte, so that calls of one rule from
// several alternatives become one call that returns to all of them.

extension NFA {
    /// The deterministic automaton that starts in `start` and accepts in `accept`.
    func determinized(from start: State, accepting accept: State) throws(GrammarError) -> Automaton
    {
        var construction = SubsetConstruction(nfa: self, accept: accept)
        return try construction.run(from: start)
    }
}

private struct SubsetConstruction {
    let nfa: NFA
    let accept: NFA.State
    let classes: ByteClasses
    /// The last sweep that saw a state, to visit each once.
    private var marks: [Int32]
    private var sweep: Int32 = 0
    private var stack: [NFA.State] = []
    private var subsets: [[NFA.State]] = []
    private var ids: [[NFA.State]: Int32] = [:]
    private var automaton: Automaton

    init(nfa: NFA, accept: NFA.State) {
        self.nfa = nfa
        self.accept = accept
        var classes = ByteClasses.Builder()
        for edge in nfa.edges {
            if case .bytes(let low, let high) = edge.label { classes.add(low...high) }
        }
        self.classes = classes.classes
        marks = Array(repeating: 0, count: nfa.heads.count)
        automaton = Automaton(classes: self.classes)
    }

    mutating func run(from start: NFA.State) throws(GrammarError) -> Automaton {
        // The start has a subset of its own, not entered in `ids`: only there a text starts.
        _ = append(closure(of: [start], atStart: true), isStart: true)
        var next = 0
        var targets: [[NFA.State]] = Array(repeating: [], count: classes.count)
        while next < subsets.count {
            var calls: [Int32: [NFA.State]] = [:]
            var order: [Int32] = []
            for state in subsets[next] {
                var index = nfa.heads[Int(state)]
                while index >= 0 {
                    let edge = nfa.edges[Int(index)]
                    index = edge.next
                    switch edge.label {
                    case .bytes(let low, let high):
                        for letter in classes[low]...classes[high] {
                            targets[Int(letter)].append(edge.target)
                        }
                    case .call(let rule):
                        if calls[rule] == nil { order.append(rule) }
                        calls[rule, default: []].append(edge.target)
                    default: break
                    }
                }
            }
            var previous: (kernel: [NFA.State], id: Int32)?
            for letter in 0..<classes.count where !targets[letter].isEmpty {
                if let previous, previous.kernel == targets[letter] {
                    automaton.set(next, letter, previous.id)
                } else {
                    let id = subset(targets[letter])
                    automaton.set(next, letter, id)
                    previous = (targets[letter], id)
                }
                targets[letter].removeAll(keepingCapacity: true)
            }
            automaton.calls[next] = order.sorted().map {
                Automaton.Call(rule: $0, target: subset(calls[$0] ?? []))
            }
            guard subsets.count <= nfa.limits.states else {
                throw GrammarError(
                    .limit, "needs more than \(nfa.limits.states) automaton states; simplify it")
            }
            next += 1
        }
        return automaton
    }

    private mutating func subset(_ kernel: [NFA.State]) -> Int32 {
        let states = closure(of: kernel, atStart: false)
        if let id = ids[states] { return id }
        let id = append(states, isStart: false)
        ids[states] = id
        return id
    }

    private mutating func append(_ states: [NFA.State], isStart: Bool) -> Int32 {
        subsets.append(states)
        return automaton.append(accepting: accepts(states, atStart: isStart))
    }

    /// The states reached without a byte, those that matter for what follows, sorted.
    private mutating func closure(of kernel: [NFA.State], atStart: Bool) -> [NFA.State] {
        sweep += 1
        stack.removeAll(keepingCapacity: true)
        var result: [NFA.State] = []
        for state in kernel { visit(state) }
        while let state = stack.popLast() {
            var matters = state == accept
            var index = nfa.heads[Int(state)]
            while index >= 0 {
                let edge = nfa.edges[Int(index)]
                index = edge.next
                switch edge.label {
                case .empty: visit(edge.target)
                case .start: if atStart { visit(edge.target) }
                case .bytes, .call, .end: matters = true
                }
            }
            if matters { result.append(state) }
        }
        result.sort()
        return result
    }

    private mutating func visit(_ state: NFA.State) {
        guard marks[Int(state)] != sweep else { return }
        marks[Int(state)] = sweep
        stack.append(state)
    }

    /// Whether a text may end in these states: the assertion that it ends here holds.
    private mutating func accepts(_ states: [NFA.State], atStart: Bool) -> Bool {
        sweep += 1
        stack.removeAll(keepingCapacity: true)
        for state in states { visit(state) }
        while let state = stack.popLast() {
            if state == accept { return true }
            var index = nfa.heads[Int(state)]
            while index >= 0 {
                let edge = nfa.edges[Int(index)]
                index = edge.next
                switch edge.label {
                case .empty, .end: visit(edge.target)
                case .start: if atStart { visit(edge.target) }
                case .bytes, .call: break
                }
            }
        }
        return false
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// All rules of a grammar in one table. States from which no text can be completed are left out, so
// that whoever walks the table never meets a dead end.

/// The linked automata of a grammar's rules.
struct RuleNetwork: Sendable {
    struct Call: Sendable {
        /// The first state of the called rule.
        let entry: Int32
        /// The state after it.
        let exit: Int32
    }

    let classes: ByteClasses
    let start: Int32
    /// The next state for [state, class of byte], -1 for none.
    private(set) var table: [Int32] = []
    /// Whether a rule may end in a state.
    private(set) var accepting: [Bool] = []
    /// Whether a state has any byte.
    private(set) var hasBytes: [Bool] = []
    /// The calls of state s are calls[firstCall[s]..<firstCall[s + 1]].
    private(set) var calls: [Call] = []
    private(set) var firstCall: [Int32] = [0]
    /// How many further rules a text needs to be inside of at once to be completed from a state.
    private(set) var depth: [Int32] = []
    /// Bytes on some edge.
    let usedBytes: [Bool]
    let limits: GrammarLimits

    var count: Int { accepting.count }

    func next(_ state: Int32, class letter: Int) -> Int32 {
        table[Int(state) * classes.count + letter]
    }

    func hasCalls(_ state: Int32) -> Bool {
        firstCall[Int(state)] < firstCall[Int(state) + 1]
    }

    init(_ rules: [Automaton], start: Int32, limits: GrammarLimits) throws(GrammarError) {
        var offsets: [Int32] = []
        var builder = ByteClasses.Builder()
        var total: Int32 = 0
        for rule in rules {
            offsets.append(total)
            total += Int32(rule.count)
            builder.add(rule.classes)
        }
        let classes = builder.classes
        let letters = classes.representatives
        guard Int(total) <= limits.states, Int(total) * classes.count <= 1 << 25 else {
            throw GrammarError(
                .limit, "the grammar needs more than \(limits.states) states; simplify it")
        }
        var all = Unlinked()
        for (index, rule) in rules.enumerated() {
            for state in 0..<rule.count {
                for byte in letters {
                    let target = rule.next(Int32(state), byte)
                    all.table.append(target < 0 ? -1 : target + offsets[index])
                }
                all.accepting.append(rule.accepting[state])
                all.calls.append(
                    rule.calls[state].map {
                        Call(entry: offsets[Int($0.rule)], exit: $0.target + offsets[index])
                    })
            }
        }
        try self.init(
            all, classes, from: offsets[Int(start)], limits,
            orElse: "no text satisfies it")
    }

    /// The part of this network whose texts have only these bytes.
    func restricted(to allowed: [Bool]) throws(GrammarError) -> RuleNetwork {
        var builder = ByteClasses.Builder()
        builder.add(classes)
        for byte in UInt8.min...UInt8.max where !allowed[Int(byte)] { builder.add(byte...byte) }
        let finer = builder.classes
        let letters = finer.representatives
        var all = Unlinked()
        for state in 0..<count {
            for byte in letters {
                let target = next(Int32(state), class: Int(classes[byte]))
                all.table.append(allowed[Int(byte)] ? target : -1)
            }
            all.accepting.append(accepting[state])
            all.calls.append(Array(calls[Int(firstCall[state])..<Int(firstCall[state + 1])]))
        }
        return try RuleNetwork(
            all, finer, from: start, limits,
            orElse: "the vocabulary cannot spell any text that satisfies it")
    }

    private init(
        _ all: Unlinked, _ classes: ByteClasses, from origin: Int32, _ limits: GrammarLimits,
        orElse complaint: String
    ) throws(GrammarError) {
        self.classes = classes
        self.limits = limits
        let letterCount = classes.count
        let depths = all.depths(letterCount)
        guard depths[Int(origin)] >= 0, Int(depths[Int(origin)]) <= limits.documentDepth else {
            throw GrammarError(.unsatisfiable, complaint)
        }
        let (order, numbers) = all.reachable(from: origin, depths, letterCount)
        var used = [Bool](repeating: false, count: letterCount)
        for old in order {
            var isBusy = false
            for letter in 0..<letterCount {
                let target = all.table[Int(old) * letterCount + letter]
                let isUseful = target >= 0 && depths[Int(target)] >= 0
                table.append(isUseful ? numbers[Int(target)] : -1)
                if isUseful {
                    isBusy = true
                    used[letter] = true
                }
            }
            accepting.append(all.accepting[Int(old)])
            hasBytes.append(isBusy)
            depth.append(depths[Int(old)])
            for call in all.calls[Int(old)]
            where depths[Int(call.entry)] >= 0 && depths[Int(call.exit)] >= 0 {
                calls.append(
                    Call(entry: numbers[Int(call.entry)], exit: numbers[Int(call.exit)]))
            }
            firstCall.append(Int32(calls.count))
        }
        start = numbers[Int(origin)]
        usedBytes = (0..<256).map { used[Int(classes.map[$0])] }
    }
}

/// The table before useless states are left out.
private struct Unlinked {
    var table: [Int32] = []
    var accepting: [Bool] = []
    var calls: [[RuleNetwork.Call]] = []

    /// For every state the least number of rules that must be open at once to complete a text from
    /// there, -1 where none can be completed. States are settled in the order of their depth.
    func depths(_ letterCount: Int) -> [Int32] {
        let count = accepting.count
        var sources: [[Int32]] = Array(repeating: [], count: count)
        var callers: [[(owner: Int32, call: RuleNetwork.Call)]] = Array(repeating: [], count: count)
        for state in 0..<count {
            for letter in 0..<letterCount {
                let target = table[state * letterCount + letter]
                if target >= 0, sources[Int(target)].last != Int32(state) {
                    sources[Int(target)].append(Int32(state))
                }
            }
            for call in calls[state] {
                callers[Int(call.entry)].append((Int32(state), call))
                callers[Int(call.exit)].append((Int32(state), call))
            }
        }
        var depths = [Int32](repeating: -1, count: count)
        var level: [Int32] = (0..<count).filter { accepting[$0] }.map { Int32($0) }
        var following: [Int32] = []
        var depth: Int32 = 0
        while !level.isEmpty {
            while let state = level.popLast() {
                guard depths[Int(state)] < 0 else { continue }
                depths[Int(state)] = depth
                level += sources[Int(state)].filter { depths[Int($0)] < 0 }
                for (owner, call) in callers[Int(state)] where depths[Int(owner)] < 0 {
                    let entry = depths[Int(call.entry)]
                    let exit = depths[Int(call.exit)]
                    guard entry >= 0, exit >= 0 else { continue }
                    if max(entry + 1, exit) <= depth {
                        level.append(owner)
                    } else {
                        following.append(owner)
                    }
                }
            }
            depth += 1
            swap(&level, &following)
        }
        return depths
    }

    /// The states that a text can pass through, and their new numbers.
    func reachable(from start: Int32, _ depths: [Int32], _ letterCount: Int) -> ([Int32], [Int32]) {
        var numbers = [Int32](repeating: -1, count: accepting.count)
        var order: [Int32] = []
        func visit(_ state: Int32) {
            guard numbers[Int(state)] < 0 else { return }
            numbers[Int(state)] = Int32(order.count)
            order.append(state)
        }
        visit(start)
        var index = 0
        while index < order.count {
            let state = Int(order[index])
            index += 1
            for letter in 0..<letterCount {
                let target = table[state * letterCount + letter]
                if target >= 0, depths[Int(target)] >= 0 { visit(target) }
            }
            for call in calls[state] where depths[Int(call.entry)] >= 0 {
                guard depths[Int(call.exit)] >= 0 else { continue }
                visit(call.entry)
                visit(call.exit)
            }
        }
        return (order, numbers)
    }
}

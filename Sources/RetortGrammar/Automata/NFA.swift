// SPDX-License-Identifier: Apache-2.0
//
// A nondeterministic automaton over bytes that is built left to right: every building function
// takes the state to start from and returns the state where the piece ends.

/// A nondeterministic automaton with empty edges, ranges of bytes, calls of other rules, and the
/// assertions that a text starts or ends here.
struct NFA {
    typealias State = Int32

    struct Edge {
        enum Label: Equatable {
            case empty
            case start
            case end
            case bytes(UInt8, UInt8)
            case call(Int32)
        }
        let label: Label
        let target: State
        /// The next edge of the same state, -1 for none.
        let next: Int32
    }

    private(set) var edges: [Edge] = []
    /// First edge of each state, -1 for none.
    private(set) var heads: [Int32] = []
    let limits: GrammarLimits

    init(limits: GrammarLimits) { self.limits = limits }

    mutating func state() -> State {
        heads.append(-1)
        return State(heads.count - 1)
    }

    mutating func add(_ label: Edge.Label, from source: State, to target: State) {
        edges.append(Edge(label: label, target: target, next: heads[Int(source)]))
        heads[Int(source)] = Int32(edges.count - 1)
    }

    mutating func empty(from source: State, to target: State) {
        add(.empty, from: source, to: target)
    }

    func checkSize() throws(GrammarError) {
        guard heads.count <= limits.nondeterministicStates else {
            throw GrammarError(
                .limit,
                "needs more than \(limits.nondeterministicStates) automaton states; "
                    + "lower its counts (maxLength, maxItems, {m,n})")
        }
    }

    // MARK: Pieces

    mutating func byte(_ byte: UInt8, from source: State) -> State {
        let target = state()
        add(.bytes(byte, byte), from: source, to: target)
        return target
    }

    mutating func bytes(_ ranges: [ClosedRange<UInt8>], from source: State) -> State {
        let target = state()
        for range in ranges {
            add(.bytes(range.lowerBound, range.upperBound), from: source, to: target)
        }
        return target
    }

    mutating func literal(_ text: String, from source: State) -> State {
        var current = source
        for byte in text.utf8 { current = self.byte(byte, from: current) }
        return current
    }

    mutating func call(_ rule: Int32, from source: State) -> State {
        let target = state()
        add(.call(rule), from: source, to: target)
        return target
    }

    mutating func scalars(_ set: ScalarSet, from source: State) -> State {
        let target = state()
        scalars(set, from: source, to: target)
        return target
    }

    mutating func scalars(_ set: ScalarSet, from source: State, to target: State) {
        for sequence in set.byteSequences {
            var current = source
            for (index, range) in sequence.enumerated() {
                let next = index == sequence.count - 1 ? target : state()
                add(.bytes(range.lowerBound, range.upperBound), from: current, to: next)
                current = next
            }
        }
    }

    /// `piece` between `minimum` and `maximum` times, or any number where that is nil.
    mutating func repeating(
        _ minimum: Int, _ maximum: Int?, from source: State,
        _ piece: (inout NFA, State) throws(GrammarError) -> State
    ) throws(GrammarError) -> State {
        var current = source
        for _ in 0..<minimum {
            current = try piece(&self, current)
            try checkSize()
        }
        guard let maximum else {
            // A state of its own, so that the loop does not pass through what came before.
            let loop = state()
            empty(from: current, to: loop)
            empty(from: try piece(&self, loop), to: loop)
            let exit = state()
            empty(from: loop, to: exit)
            return exit
        }
        let exit = state()
        for _ in minimum..<max(minimum, maximum) {
            empty(from: current, to: exit)
            current = try piece(&self, current)
            try checkSize()
        }
        empty(from: current, to: exit)
        return exit
    }

    /// A copy of an automaton without calls.
    mutating func embed(_ automaton: Automaton, from source: State) -> State {
        let base = State(heads.count)
        heads.append(contentsOf: repeatElement(-1, count: automaton.count))
        let exit = state()
        empty(from: source, to: base)
        for index in 0..<automaton.count {
            for (range, target) in automaton.ranges(from: index) {
                add(
                    .bytes(range.lowerBound, range.upperBound), from: base + State(index),
                    to: base + State(target))
            }
            if automaton.accepting[index] { empty(from: base + State(index), to: exit) }
        }
        return exit
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The states of a grammar's pushdown automaton, made when they are first reached and numbered. A
// state is a set of positions: a place in a rule and the stack of places to return to. Equal stacks
// are one node, equal sets of positions one state, so that a state is a number and a step that was
// taken before is one look-up.

struct StateArena {
    /// A number for a set of positions; valid in the arena that made it.
    typealias State = Int32

    static let dead: State = 0
    fileprivate static let unknown: State = -1

    /// One position: a state of the network and the stack below it.
    struct Position {
        var place: Int32
        var stack: Int32

        fileprivate var key: UInt64 {
            UInt64(UInt32(bitPattern: place)) << 32 | UInt64(UInt32(bitPattern: stack))
        }
    }

    /// A stack's top and the stack below; stack 0 is empty.
    private struct Node {
        let exit: Int32
        let below: Int32
        let depth: Int32
    }

    private struct Entry {
        var first: Int32
        var count: Int32
        /// Whether the whole text may end here.
        var isFinal: Bool
        /// The depth that its positions need, at the deepest.
        var reach: Int32
        /// The one state that every byte of plain text leads to; dead if there is no such state.
        var afterPlain: State = StateArena.unknown
    }

    let network: RuleNetwork
    private let letters: Int
    /// Classes of the bytes of plain text.
    private let plainClasses: [Int]
    private var nodes = [Node(exit: -1, below: -1, depth: 0)]
    private var nodeIDs: [UInt64: Int32] = [:]
    private var entries: [Entry] = []
    private var positions: [Position] = []
    /// Steps already taken: [state, class of byte].
    private var steps: [State] = []
    private var single: [UInt64: State] = [:]
    private var sets: [[UInt64]: State] = [:]
    private var kernel: [UInt64] = []
    private(set) var start: State = 0

    init(_ network: RuleNetwork) {
        self.network = network
        letters = network.classes.count
        plainClasses = Set(TokenTrie.plainBytes.map { Int(network.classes[$0]) }).sorted()
        entries.append(Entry(first: 0, count: 0, isFinal: false, reach: 0))
        steps.append(contentsOf: repeatElement(Self.dead, count: letters))
        kernel = [Position(place: network.start, stack: 0).key]
        start = state(ofKernel: ())
    }

    /// States so far.
    var count: Int { entries.count }

    func isFinal(_ state: State) -> Bool { entries[Int(state)].isFinal }

    /// The deepest stack that completing a text from here needs.
    func reach(_ state: State) -> Int32 { entries[Int(state)].reach }

    /// The positions of a state that can read a byte.
    func positionRange(_ state: State) -> Range<Int> {
        let entry = entries[Int(state)]
        return Int(entry.first)..<Int(entry.first + entry.count)
    }

    func position(_ index: Int) -> Position { positions[index] }

    func depth(ofStack stack: Int32) -> Int32 { nodes[Int(stack)].depth }

    mutating func next(_ state: State, _ byte: UInt8) -> State {
        next(state, class: Int(network.classes[byte]))
    }

    mutating func next(_ state: State, class letter: Int) -> State {
        let index = Int(state) * letters + letter
        let known = steps[index]
        if known != Self.unknown { return known }
        let target = step(state, letter)
        steps[index] = target
        return target
    }

    /// Whether any `count` bytes of plain text can follow, on the way to which no text ends: then the
    /// deepest stack on the way, else nil. Spares a walk through most words of a vocabulary.
    mutating func reachOfPlainText(_ count: Int32, from state: State) -> Int32? {
        var current = state
        var reach: Int32 = 0
        for _ in 0..<count {
            if entries[Int(current)].isFinal { return nil }
            if entries[Int(current)].afterPlain == Self.unknown {
                entries[Int(current)].afterPlain = commonSuccessor(current)
            }
            let next = entries[Int(current)].afterPlain
            if next == Self.dead { return nil }
            reach = max(reach, entries[Int(next)].reach)
            if next == current { break }
            current = next
        }
        return reach
    }

    private mutating func commonSuccessor(_ state: State) -> State {
        var result: State?
        for letter in plainClasses {
            let target = next(state, class: letter)
            if target == Self.dead || (result ?? target) != target { return Self.dead }
            result = target
        }
        return result ?? Self.dead
    }

    private mutating func step(_ state: State, _ letter: Int) -> State {
        kernel.removeAll(keepingCapacity: true)
        for index in positionRange(state) {
            let position = positions[index]
            let target = network.next(position.place, class: letter)
            guard target >= 0, fits(target, on: position.stack) else { continue }
            kernel.append(Position(place: target, stack: position.stack).key)
        }
        return self.state(ofKernel: ())
    }

    /// Whether a text can still be completed from a place without exceeding the depth.
    private func fits(_ place: Int32, on stack: Int32) -> Bool {
        Int(nodes[Int(stack)].depth + network.depth[Int(place)]) <= network.limits.documentDepth
    }

    /// The state of one position without what it leads to by itself. Masks are made of those.
    mutating func isolated(_ place: Int32) -> State {
        append([Position(place: place, stack: 0)], isFinal: false, reach: 0)
    }

    /// The state after the rule on top of a stack has ended.
    mutating func returned(from stack: Int32) -> State {
        let node = nodes[Int(stack)]
        kernel.removeAll(keepingCapacity: true)
        kernel.append(Position(place: node.exit, stack: node.below).key)
        return state(ofKernel: ())
    }

    // MARK: Making states

    private mutating func state(ofKernel: Void) -> State {
        switch kernel.count {
        case 0: return Self.dead
        case 1:
            if let known = single[kernel[0]] { return known }
            let key = kernel[0]
            let state = closure()
            single[key] = state
            return state
        default:
            kernel.sort()
            if let known = sets[kernel] { return known }
            let key = kernel
            let state = closure()
            sets[key] = state
            return state
        }
    }

    /// Adds to the kernel's positions those of the rules that they call and return to.
    private mutating func closure() -> State {
        var result: [Position] = []
        var isFinal = false
        var reach: Int32 = 0
        var seen = kernel
        var index = 0
        while index < seen.count {
            let key = seen[index]
            index += 1
            let position = Position(
                place: Int32(truncatingIfNeeded: key >> 32), stack: Int32(truncatingIfNeeded: key))
            let place = Int(position.place)
            let depth = nodes[Int(position.stack)].depth
            reach = max(reach, depth + network.depth[place])
            if network.hasBytes[place] { result.append(position) }
            for call in Int(network.firstCall[place])..<Int(network.firstCall[place + 1]) {
                let call = network.calls[call]
                guard fits(call.exit, on: position.stack),
                    Int(depth + 1 + network.depth[Int(call.entry)]) <= network.limits.documentDepth
                else { continue }
                let stack = push(call.exit, on: position.stack)
                insert(Position(place: call.entry, stack: stack), into: &seen)
            }
            guard network.accepting[place] else { continue }
            if position.stack == 0 {
                isFinal = true
            } else {
                let node = nodes[Int(position.stack)]
                insert(Position(place: node.exit, stack: node.below), into: &seen)
            }
        }
        return append(result, isFinal: isFinal, reach: reach)
    }

    private func insert(_ position: Position, into seen: inout [UInt64]) {
        if !seen.contains(position.key) { seen.append(position.key) }
    }

    private mutating func append(_ added: [Position], isFinal: Bool, reach: Int32) -> State {
        entries.append(
            Entry(
                first: Int32(positions.count), count: Int32(added.count), isFinal: isFinal,
                reach: reach))
        positions.append(contentsOf: added)
        steps.append(contentsOf: repeatElement(Self.unknown, count: letters))
        return State(entries.count - 1)
    }

    private mutating func push(_ exit: Int32, on below: Int32) -> Int32 {
        let key = Position(place: exit, stack: below).key
        if let known = nodeIDs[key] { return known }
        nodes.append(Node(exit: exit, below: below, depth: nodes[Int(below)].depth + 1))
        nodeIDs[key] = Int32(nodes.count - 1)
        return Int32(nodes.count - 1)
    }
}

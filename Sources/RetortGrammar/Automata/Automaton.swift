// SPDX-License-Identifier: Apache-2.0

/// A deterministic automaton over bytes and calls of other rules. State 0 is the start.
struct Automaton: Sendable {
    struct Call: Sendable, Equatable {
        let rule: Int32
        /// The state after the rule has matched.
        var target: Int32
    }

    let classes: ByteClasses
    /// The next state for [state, class of byte], -1 for none.
    private(set) var table: [Int32] = []
    private(set) var accepting: [Bool] = []
    var calls: [[Call]] = []

    init(classes: ByteClasses) { self.classes = classes }

    var count: Int { accepting.count }

    mutating func append(accepting: Bool) -> Int32 {
        self.accepting.append(accepting)
        calls.append([])
        table.append(contentsOf: repeatElement(-1, count: classes.count))
        return Int32(self.accepting.count - 1)
    }

    mutating func set(_ state: Int, _ letter: Int, _ target: Int32) {
        table[state * classes.count + letter] = target
    }

    func next(_ state: Int32, _ byte: UInt8) -> Int32 {
        state < 0 ? -1 : table[Int(state) * classes.count + Int(classes[byte])]
    }

    /// Whether it accepts a text; for automata without calls.
    func accepts(_ text: some Sequence<UInt8>) -> Bool {
        var state: Int32 = 0
        for byte in text {
            state = next(state, byte)
            if state < 0 { return false }
        }
        return accepting[Int(state)]
    }

    /// The edges of a state with neighbouring bytes joined.
    func ranges(from state: Int) -> [(ClosedRange<UInt8>, Int32)] {
        var result: [(ClosedRange<UInt8>, Int32)] = []
        for byte in UInt8.min...UInt8.max {
            let target = next(Int32(state), byte)
            guard target >= 0 else { continue }
            if let last = result.last, last.1 == target, last.0.upperBound == byte - 1 {
                result[result.count - 1].0 = last.0.lowerBound...byte
            } else {
                result.append((byte...byte, target))
            }
        }
        return result
    }

    /// The automaton of everything that can be told by a step function over plain values.
    static func exploring<Value: Hashable>(
        _ start: Value, alphabet: [UInt8], limit: Int, step: (Value, UInt8) -> Value?,
        accepts: (Value) -> Bool
    ) throws(GrammarError) -> Automaton {
        var builder = ByteClasses.Builder()
        for byte in alphabet { builder.add(byte...byte) }
        var automaton = Automaton(classes: builder.classes)
        var ids = [start: automaton.append(accepting: accepts(start))]
        var values = [start]
        var index = 0
        while index < values.count {
            for byte in alphabet {
                guard let value = step(values[index], byte) else { continue }
                let id: Int32
                if let known = ids[value] {
                    id = known
                } else {
                    id = automaton.append(accepting: accepts(value))
                    ids[value] = id
                    values.append(value)
                }
                automaton.set(index, Int(automaton.classes[byte]), id)
            }
            guard values.count <= limit else {
                throw GrammarError(.limit, "needs more than \(limit) automaton states; simplify it")
            }
            index += 1
        }
        return automaton
    }
}

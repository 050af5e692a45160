// SPDX-License-Identifier: Apache-2.0

extension Automaton {
    /// What both accept. Neither may have calls.
    func intersection(_ other: Automaton, limit: Int) throws(GrammarError) -> Automaton {
        try product(with: other, limit: limit, dropsSecond: false) { $0 && $1 }
    }

    /// What this accepts and `other` does not. Neither may have calls.
    func subtracting(_ other: Automaton, limit: Int) throws(GrammarError) -> Automaton {
        try product(with: other, limit: limit, dropsSecond: true) { $0 && !$1 }
    }

    private func product(
        with other: Automaton, limit: Int, dropsSecond: Bool, accepts: (Bool, Bool) -> Bool
    ) throws(GrammarError) -> Automaton {
        let classes = classes.refined(by: other.classes)
        let letters = classes.representatives
        var result = Automaton(classes: classes)
        var ids: [UInt64: Int32] = [:]
        var pairs: [(Int32, Int32)] = []
        func id(_ a: Int32, _ b: Int32) -> Int32 {
            let key = UInt64(UInt32(bitPattern: a)) << 32 | UInt64(UInt32(bitPattern: b))
            if let known = ids[key] { return known }
            let second = b >= 0 && other.accepting[Int(b)]
            let new = result.append(accepting: accepts(accepting[Int(a)], second))
            ids[key] = new
            pairs.append((a, b))
            return new
        }
        _ = id(0, 0)
        var index = 0
        while index < pairs.count {
            let (a, b) = pairs[index]
            for (letter, byte) in letters.enumerated() {
                let nextA = next(a, byte)
                let nextB = other.next(b, byte)
                guard nextA >= 0, dropsSecond || nextB >= 0 else { continue }
                result.set(index, letter, id(nextA, nextB))
            }
            guard pairs.count <= limit else {
                throw GrammarError(.limit, "needs more than \(limit) automaton states; simplify it")
            }
            index += 1
        }
        return result.trimmed()
    }

    var isEmpty: Bool { !accepting.contains(true) }

    /// Without the states from which nothing is accepted. The start stays.
    func trimmed() -> Automaton {
        var sources: [[Int32]] = Array(repeating: [], count: count)
        for state in 0..<count {
            for letter in 0..<classes.count {
                let target = table[state * classes.count + letter]
                if target >= 0, sources[Int(target)].last != Int32(state) {
                    sources[Int(target)].append(Int32(state))
                }
            }
        }
        var useful = accepting
        var work = (0..<count).filter { accepting[$0] }.map { Int32($0) }
        while let state = work.popLast() {
            for source in sources[Int(state)] where !useful[Int(source)] {
                useful[Int(source)] = true
                work.append(source)
            }
        }
        guard useful.contains(false) else { return self }
        var result = Automaton(classes: classes)
        var ids = [Int32](repeating: -1, count: count)
        for state in 0..<count where useful[state] || state == 0 {
            ids[state] = result.append(accepting: accepting[state])
        }
        for state in 0..<count where ids[state] >= 0 {
            for letter in 0..<classes.count {
                let target = table[state * classes.count + letter]
                guard target >= 0, ids[Int(target)] >= 0 else { continue }
                result.set(Int(ids[state]), letter, ids[Int(target)])
            }
        }
        return result
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Memory of a matcher, kept between pieces, and the steps that an encoding may still take.
final class RegexScratch {
    /// A state to go back to.
    struct Choice {
        var instruction: Int
        var position: Int
        /// For a loop: the shortest end; steps back one scalar at a time. For a register: its value.
        var limit: Int
        var kind: Kind

        enum Kind {
            case state
            case loop
            case register
        }
    }

    var choices: [Choice] = []
    var registers: [Int] = []
    /// Keeps a hostile pattern from taking exponential time.
    var steps = 0
}

/// Finds the matches of a program in a piece of valid UTF-8.
struct RegexMatcher {
    private let program: RegexProgram
    private let text: UnsafePointer<UInt8>
    private let start: Int
    private let end: Int
    private let scratch: RegexScratch

    init(
        _ program: RegexProgram, _ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int,
        _ scratch: RegexScratch
    ) {
        self.program = program
        self.text = text
        self.start = start
        self.end = end
        self.scratch = scratch
        if scratch.registers.count < program.registerCount {
            scratch.registers = [Int](repeating: -1, count: program.registerCount)
        }
    }

    /// Steps granted per byte of a text; past them the rest of it has no match.
    static let stepsPerByte = 1000

    /// Calls `body` with each match from left to right. As in Oniguruma's iterator, an empty match
    /// just behind another one does not count.
    func forEachMatch(_ body: (_ start: Int, _ end: Int) -> Void) {
        var position = start
        var lastEnd = -1
        while position <= end {
            guard let (matchStart, matchEnd) = first(from: position) else { return }
            if matchStart == matchEnd, matchEnd == lastEnd {
                position = next(position)
                continue
            }
            body(matchStart, matchEnd)
            lastEnd = matchEnd
            position = matchEnd
        }
    }

    private func next(_ position: Int) -> Int {
        position < end ? position + decodeScalar(text, position).length : position + 1
    }

    private func first(from position: Int) -> (Int, Int)? {
        var position = position
        while position <= end {
            if let matchEnd = run(0, position) { return (position, matchEnd) }
            if scratch.steps <= 0 { return nil }
            position = next(position)
        }
        return nil
    }

    /// Runs up to `.accept`; the end of the match, or nil. Leaves no choices behind.
    private func run(_ entry: Int, _ from: Int) -> Int? {
        let base = scratch.choices.count
        defer { scratch.choices.removeLast(scratch.choices.count - base) }
        var instruction = entry
        var position = from
        while true {
            scratch.steps -= 1
            if scratch.steps <= 0 { return nil }
            var isMatching = true
            switch program.instructions[instruction] {
            case .accept: return position
            case .set(let index):
                if position < end {
                    let (scalar, length) = decodeScalar(text, position)
                    isMatching = program.sets[index].contains(scalar)
                    position += length
                } else {
                    isMatching = false
                }
                instruction += 1
            case .loop(let index, let minimum, let maximum, let isPossessive):
                isMatching = loop(
                    index, minimum, maximum, isPossessive, &position, next: instruction + 1)
                instruction += 1
            case .fork(let preferred, let other):
                scratch.choices.append(
                    .init(instruction: other, position: position, limit: 0, kind: .state))
                instruction = preferred
            case .jump(let target): instruction = target
            case .mark(let register):
                scratch.choices.append(
                    .init(
                        instruction: register, position: 0, limit: scratch.registers[register],
                        kind: .register))
                scratch.registers[register] = position
                instruction += 1
            case .jumpIfMoved(let target, let register):
                instruction =
                    position != scratch.registers[register] ? target : instruction + 1
            case .look(let next, let isNegative):
                isMatching = (run(instruction + 1, position) != nil) != isNegative
                instruction = next
            case .atomic(let next):
                if let matchEnd = run(instruction + 1, position) {
                    position = matchEnd
                } else {
                    isMatching = false
                }
                instruction = next
            case .assertion(let assertion):
                isMatching = holds(assertion, position)
                instruction += 1
            }
            if isMatching { continue }
            guard let choice = backtrack(to: base) else { return nil }
            instruction = choice.instruction
            position = choice.position
        }
    }

    private func loop(
        _ index: Int, _ minimum: Int, _ maximum: Int, _ isPossessive: Bool, _ position: inout Int,
        next: Int
    ) -> Bool {
        let set = program.sets[index]
        var count = 0
        var limit = position
        while count < maximum, position < end {
            let (scalar, length) = decodeScalar(text, position)
            guard set.contains(scalar) else { break }
            position += length
            count += 1
            if count == minimum { limit = position }
        }
        scratch.steps -= count
        guard count >= minimum else { return false }
        if !isPossessive, position > limit {
            scratch.choices.append(
                .init(instruction: next, position: position, limit: limit, kind: .loop))
        }
        return true
    }

    private func backtrack(to base: Int) -> RegexScratch.Choice? {
        while scratch.choices.count > base {
            let last = scratch.choices.count - 1
            var choice = scratch.choices[last]
            switch choice.kind {
            case .state:
                scratch.choices.removeLast()
                return choice
            case .register:
                scratch.registers[choice.instruction] = choice.limit
                scratch.choices.removeLast()
            case .loop:
                repeat { choice.position -= 1 } while text[choice.position] & 0xC0 == 0x80
                if choice.position > choice.limit {
                    scratch.choices[last].position = choice.position
                } else {
                    scratch.choices.removeLast()
                }
                return choice
            }
        }
        return nil
    }

    private func holds(_ assertion: RegexNode.Assertion, _ position: Int) -> Bool {
        switch assertion {
        case .textStart: return position == start
        case .textEnd: return position == end
        case .textEndOrFinalBreak:
            return position == end || (position == end - 1 && text[position] == 0x0A)
        case .lineStart:
            return position == start || (position < end && text[position - 1] == 0x0A)
        case .lineEnd: return position == end || text[position] == 0x0A
        case .wordBoundary: return isWord(before: position) != isWord(at: position)
        case .notWordBoundary: return isWord(before: position) == isWord(at: position)
        }
    }

    private func isWord(at position: Int) -> Bool {
        position < end && ScalarSet.word.contains(decodeScalar(text, position).scalar)
    }

    private func isWord(before position: Int) -> Bool {
        guard position > start else { return false }
        var previous = position - 1
        while previous > start, text[previous] & 0xC0 == 0x80 { previous -= 1 }
        return isWord(at: previous)
    }
}

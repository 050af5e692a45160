// SPDX-License-Identifier: Apache-2.0
//
// The JSON numbers of a range as an automaton. It reads the digits, compares them with both bounds
// on the way and keeps the remainder of the divisor, so that every bound is exact.

/// What a number must be.
struct NumberSpecification: Hashable {
    struct Bound: Hashable {
        var value: Decimal
        var isExclusive: Bool
    }

    var isInteger = false
    var minimum: Bound?
    var maximum: Bound?
    var multiples: [Decimal] = []

    /// Most digits before and after the point, so that no model can write digits for ever.
    static let wholeDigits = 20
    static let fractionDigits = 20
    /// Largest remainder that an automaton keeps.
    static let largestDivisor = 1000

    mutating func raise(to bound: Bound) {
        guard let old = minimum else {
            minimum = bound
            return
        }
        if old.value < bound.value || (old.value == bound.value && bound.isExclusive) {
            minimum = bound
        }
    }

    mutating func lower(to bound: Bound) {
        guard let old = maximum else {
            maximum = bound
            return
        }
        if bound.value < old.value || (old.value == bound.value && bound.isExclusive) {
            maximum = bound
        }
    }

    func automaton(limits: GrammarLimits) throws(GrammarError) -> Automaton {
        let divisor = try divisor()
        let reader = NumberReader(
            specification: self, divisor: divisor.map { $0.value } ?? 1,
            divisorPlaces: divisor?.places)
        return try Automaton.exploring(
            NumberReader.State(), alphabet: Array("+-.0123456789Ee".utf8), limit: limits.states,
            step: reader.next, accepts: reader.accepts
        ).trimmed()
    }

    /// The least common multiple of what must divide the number, in units of 10^-places.
    private func divisor() throws(GrammarError) -> (value: Int, places: Int)? {
        guard !multiples.isEmpty else { return nil }
        let places = multiples.map(\.fraction.count).max() ?? 0
        var result = 1
        for multiple in multiples {
            guard !multiple.isNegative, !multiple.isZero else {
                throw GrammarError(.invalid, "'multipleOf' must be above 0")
            }
            guard let value = multiple.scaled(places) else {
                throw GrammarError(.unsupported, "this 'multipleOf' has too many digits")
            }
            let (product, overflow) = (result / Self.divisor(result, value))
                .multipliedReportingOverflow(by: value)
            guard !overflow, product <= Self.largestDivisor else {
                throw GrammarError(
                    .unsupported,
                    "'multipleOf' is supported up to \(Self.largestDivisor) units of its last digit"
                )
            }
            result = product
        }
        return (result, places)
    }

    private static func divisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : divisor(b, a % b) }
}

/// Reads the text of a number byte by byte.
private struct NumberReader {
    let specification: NumberSpecification
    let divisor: Int
    let divisorPlaces: Int?
    let wholeLimit: Int

    /// How the digits so far compare with those of a bound.
    enum Comparison: Hashable { case less, equal, greater }

    enum Phase: Hashable {
        case start, sign, zero, whole, point, fraction, exponentMark, exponentSign, exponent
    }

    struct State: Hashable {
        var phase = Phase.start
        var isNegative = false
        /// Digits since the phase's beginning.
        var digits = 0
        var minimum = Comparison.equal
        var maximum = Comparison.equal
        /// Of the digits so far, in units of their last one.
        var remainder = 0
        /// Whether any digit was not 0.
        var isNonzero = false
    }

    init(specification: NumberSpecification, divisor: Int, divisorPlaces: Int?) {
        self.specification = specification
        self.divisor = divisor
        self.divisorPlaces = divisorPlaces
        wholeLimit = max(
            NumberSpecification.wholeDigits, specification.minimum?.value.whole.count ?? 0,
            specification.maximum?.value.whole.count ?? 0)
    }

    private var isPlain: Bool {
        specification.minimum == nil && specification.maximum == nil && divisorPlaces == nil
    }

    func next(_ state: State, _ byte: UInt8) -> State? {
        var state = state
        switch byte {
        case UInt8(ascii: "-") where state.phase == .start:
            state.phase = .sign
            state.isNegative = true
        case UInt8(ascii: "-"), UInt8(ascii: "+"):
            guard state.phase == .exponentMark else { return nil }
            state.phase = .exponentSign
        case UInt8(ascii: "."):
            guard !specification.isInteger, state.phase == .zero || state.phase == .whole else {
                return nil
            }
            endWhole(&state)
            state.digits = 0
            state.phase = .point
        case UInt8(ascii: "e"), UInt8(ascii: "E"):
            // A range of numbers with exponents is no regular language of moderate size.
            guard !specification.isInteger, isPlain,
                [.zero, .whole, .fraction].contains(state.phase)
            else { return nil }
            state = State(phase: .exponentMark)
        default: return digit(byte - 48, state)
        }
        return state
    }

    private func digit(_ digit: UInt8, _ state: State) -> State? {
        var state = state
        switch state.phase {
        case .start, .sign:
            // An integer's zero has no sign: JSON has two spellings, one is enough.
            if digit == 0, state.isNegative, specification.isInteger { return nil }
            state.phase = digit == 0 ? .zero : .whole
            if digit != 0 { readWhole(digit, &state) }
        case .whole:
            guard state.digits < wholeLimit else { return nil }
            readWhole(digit, &state)
        case .zero: return nil
        case .point, .fraction:
            let longest = max(
                NumberSpecification.fractionDigits,
                specification.minimum?.value.fraction.count ?? 0,
                specification.maximum?.value.fraction.count ?? 0)
            guard state.digits < longest else { return nil }
            state.phase = .fraction
            readFraction(digit, &state)
        case .exponentMark, .exponentSign, .exponent:
            if state.phase != .exponent { state.digits = 0 }
            guard state.digits < 2 else { return nil }
            state.phase = .exponent
            state.digits += 1
            return state
        }
        if digit != 0, !isPlain { state.isNonzero = true }
        return state
    }

    private func readWhole(_ digit: UInt8, _ state: inout State) {
        func compare(_ comparison: inout Comparison, _ bound: NumberSpecification.Bound?) {
            guard let whole = bound?.value.whole, comparison == .equal, state.digits < whole.count
            else { return }
            if digit != whole[state.digits] {
                comparison = digit < whole[state.digits] ? .less : .greater
            }
        }
        compare(&state.minimum, specification.minimum)
        compare(&state.maximum, specification.maximum)
        state.remainder = (state.remainder * 10 + Int(digit)) % divisor
        state.digits += 1
    }

    /// Once the whole digits are over, their number decides before they do.
    private func endWhole(_ state: inout State) {
        func settle(_ comparison: inout Comparison, _ bound: NumberSpecification.Bound?) {
            guard let count = bound?.value.whole.count, state.digits != count else { return }
            comparison = state.digits < count ? .less : .greater
        }
        if state.phase == .zero { state.digits = 0 }
        settle(&state.minimum, specification.minimum)
        settle(&state.maximum, specification.maximum)
    }

    private func readFraction(_ digit: UInt8, _ state: inout State) {
        func compare(_ comparison: inout Comparison, _ bound: NumberSpecification.Bound?) {
            guard let fraction = bound?.value.fraction, comparison == .equal else { return }
            let wanted = state.digits < fraction.count ? fraction[state.digits] : 0
            if digit != wanted { comparison = digit < wanted ? .less : .greater }
        }
        compare(&state.minimum, specification.minimum)
        compare(&state.maximum, specification.maximum)
        if let places = divisorPlaces {
            if state.digits < places {
                state.remainder = (state.remainder * 10 + Int(digit)) % divisor
            } else if digit != 0 {
                // A digit beyond the divisor's last place: never a multiple.
                state.remainder = -1
            }
        }
        state.digits += 1
    }

    func accepts(_ state: State) -> Bool {
        var state = state
        switch state.phase {
        case .exponent: return true
        case .zero, .whole:
            endWhole(&state)
            state.digits = 0
        case .fraction: break
        default: return false
        }
        func settled(_ comparison: Comparison, _ bound: NumberSpecification.Bound) -> Comparison {
            comparison == .equal && state.digits < bound.value.fraction.count ? .less : comparison
        }
        let isNegative = state.isNegative && state.isNonzero
        if let bound = specification.minimum {
            let order = order(isNegative, settled(state.minimum, bound), bound.value)
            if order == .less || (order == .equal && bound.isExclusive) { return false }
        }
        if let bound = specification.maximum {
            let order = order(isNegative, settled(state.maximum, bound), bound.value)
            if order == .greater || (order == .equal && bound.isExclusive) { return false }
        }
        guard let places = divisorPlaces else { return true }
        if state.remainder < 0 { return false }
        var remainder = state.remainder
        for _ in 0..<max(0, places - state.digits) { remainder = remainder * 10 % divisor }
        return remainder == 0
    }

    /// The number against a bound, from the comparison of their magnitudes.
    private func order(_ isNegative: Bool, _ magnitude: Comparison, _ bound: Decimal) -> Comparison
    {
        if isNegative != bound.isNegative { return isNegative ? .less : .greater }
        guard isNegative else { return magnitude }
        switch magnitude {
        case .less: return .greater
        case .equal: return .equal
        case .greater: return .less
        }
    }
}

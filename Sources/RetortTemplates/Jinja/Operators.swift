// SPDX-License-Identifier: Apache-2.0
//
// Python's arithmetic. Integers have 64 bits: an overflow is an error.

extension Interpreter {
    func compute(_ operation: ArithmeticOperator, _ left: Value, _ right: Value)
        throws(TemplateError) -> Value
    {
        if case .undefined(let undefined) = left { throw undefined.error }
        // A format string takes an undefined value and prints nothing for it.
        if case .modulo = operation, case .string(let format) = left {
            return try string(try PercentFormat.format(format, right, self))
        }
        if case .undefined(let undefined) = right { throw undefined.error }
        if let a = left.number, let b = right.number { return try Self.compute(operation, a, b) }
        switch (operation, left, right) {
        case (.add, .string(let a), .string(let b)):
            try checkSize(a.utf8.count + b.utf8.count)
            return try string(a + b)
        case (.add, .list(let a), .list(let b)):
            try charge(a.items.count + b.items.count)
            return try .list(a.items + b.items)
        case (.add, .tuple(let a), .tuple(let b)):
            try charge(a.items.count + b.items.count)
            return try .tuple(a.items + b.items)
        case (.multiply, _, _):
            if let count = right.index { return try repeated(left, count) }
            if let count = left.index { return try repeated(right, count) }
        default: break
        }
        throw .runtime(
            "cannot compute \(left.kind) \(Self.symbol(of: operation)) \(right.kind)"
                + (operation == .add ? ": '~' joins anything as text" : ""))
    }

    private static func symbol(of operation: ArithmeticOperator) -> String {
        switch operation {
        case .add: return "+"
        case .subtract: return "-"
        case .multiply: return "*"
        case .divide: return "/"
        case .floorDivide: return "//"
        case .modulo: return "%"
        case .power: return "**"
        }
    }

    private func repeated(_ value: Value, _ count: Int) throws(TemplateError) -> Value {
        let count = max(0, count)
        switch value {
        case .string(let text):
            let (size, overflow) = text.utf8.count.multipliedReportingOverflow(by: count)
            try checkSize(overflow ? .max : size)
            var bytes: [UInt8] = []
            bytes.reserveCapacity(size)
            if text.utf8.count == 1, let byte = text.utf8.first {
                bytes.append(contentsOf: repeatElement(byte, count: count))
            } else if size > 0 {
                let unit = Array(text.utf8)
                for _ in 0..<count { bytes.append(contentsOf: unit) }
            }
            return try string(String(bytes: bytes))
        case .list(let list): return try .list(try repeated(list.items, count))
        case .tuple(let tuple): return try .tuple(try repeated(tuple.items, count))
        default: throw .runtime("cannot repeat \(value.kind)")
        }
    }

    private func repeated(_ items: [Value], _ count: Int) throws(TemplateError) -> [Value] {
        let (size, overflow) = items.count.multipliedReportingOverflow(by: count)
        guard !overflow, size < Extent.maximumWeight else {
            throw .limit("a list would be longer than \(Extent.maximumWeight) items")
        }
        try charge(size)
        var result: [Value] = []
        guard size > 0 else { return result }
        result.reserveCapacity(size)
        for _ in 0..<count { result += items }
        return result
    }

    // MARK: - Numbers

    private static func compute(_ operation: ArithmeticOperator, _ left: Number, _ right: Number)
        throws(TemplateError) -> Value
    {
        if case .integer(let a) = left, case .integer(let b) = right {
            return try compute(operation, a, b)
        }
        let (a, b) = (left.double, right.double)
        switch operation {
        case .add: return .float(a + b)
        case .subtract: return .float(a - b)
        case .multiply: return .float(a * b)
        case .divide:
            guard b != 0 else { throw divisionByZero }
            return .float(a / b)
        case .floorDivide:
            guard b != 0 else { throw divisionByZero }
            let modulo = floorModulo(a, b)
            let quotient = (a - modulo) / b
            return .float(quotient == 0 ? (a / b < 0 ? -0.0 : 0.0) : quotient.rounded())
        case .modulo:
            guard b != 0 else { throw divisionByZero }
            return .float(floorModulo(a, b))
        case .power: return try .float(power(a, b))
        }
    }

    /// The remainder that has the divisor's sign.
    private static func floorModulo(_ a: Double, _ b: Double) -> Double {
        let remainder = a.truncatingRemainder(dividingBy: b)
        if remainder == 0 { return b < 0 ? -0.0 : 0.0 }
        return (remainder < 0) != (b < 0) ? remainder + b : remainder
    }

    private static var divisionByZero: TemplateError { .runtime("division by zero") }

    private static var overflowed: TemplateError {
        .runtime("an integer does not fit in 64 bits")
    }

    private static func compute(_ operation: ArithmeticOperator, _ a: Int, _ b: Int)
        throws(TemplateError) -> Value
    {
        let (value, overflow): (Int, Bool)
        switch operation {
        case .add: (value, overflow) = a.addingReportingOverflow(b)
        case .subtract: (value, overflow) = a.subtractingReportingOverflow(b)
        case .multiply: (value, overflow) = a.multipliedReportingOverflow(by: b)
        case .divide:
            guard b != 0 else { throw divisionByZero }
            return .float(Double(a) / Double(b))
        case .floorDivide:
            guard b != 0 else { throw divisionByZero }
            let (quotient, tooBig) = a.dividedReportingOverflow(by: b)
            let isExact = tooBig || a % b == 0
            (value, overflow) = (isExact || (a < 0) == (b < 0) ? quotient : quotient - 1, tooBig)
        case .modulo:
            guard b != 0 else { throw divisionByZero }
            let (remainder, _) = a.remainderReportingOverflow(dividingBy: b)
            let isWrongSign = remainder != 0 && (remainder < 0) != (b < 0)
            (value, overflow) = (isWrongSign ? remainder + b : remainder, false)
        case .power: return try power(a, b)
        }
        guard !overflow else { throw overflowed }
        return .integer(value)
    }

    private static func power(_ base: Int, _ exponent: Int) throws(TemplateError) -> Value {
        guard exponent >= 0 else { return try .float(power(Double(base), Double(exponent))) }
        if base == 0 || base == 1 { return .integer(exponent == 0 ? 1 : base) }
        if base == -1 { return .integer(exponent % 2 == 0 ? 1 : -1) }
        guard exponent < 64 else { throw overflowed }
        var result = 1
        for _ in 0..<exponent {
            let (next, overflow) = result.multipliedReportingOverflow(by: base)
            guard !overflow else { throw overflowed }
            result = next
        }
        return .integer(result)
    }

    private static func power(_ base: Double, _ exponent: Double) throws(TemplateError) -> Double {
        if base == 0, exponent < 0 {
            throw .runtime("zero cannot be raised to a negative power")
        }
        let result = CMath.power(base, exponent)
        if result.isNaN, !base.isNaN, !exponent.isNaN {
            throw .runtime("a negative number cannot be raised to a fraction")
        }
        if result.isInfinite, base.isFinite, exponent.isFinite {
            throw .runtime("a power is too big for a float")
        }
        return result
    }
}

extension Value {
    func negated() throws(TemplateError) -> Value {
        switch self {
        case .float(let number): return .float(-number)
        case .undefined(let undefined): throw undefined.error
        default:
            guard let index else { throw .runtime("cannot negate \(kind)") }
            let (value, overflow) = (0).subtractingReportingOverflow(index)
            guard !overflow else { throw .runtime("an integer does not fit in 64 bits") }
            return .integer(value)
        }
    }

    func withPlus() throws(TemplateError) -> Value {
        switch self {
        case .float: return self
        case .undefined(let undefined): throw undefined.error
        default:
            guard let index else { throw .runtime("'+' needs a number, found \(kind)") }
            return .integer(index)
        }
    }

    /// Python's `<=`.
    func precedes(_ other: Value, orEquals: Bool) throws(TemplateError) -> Bool {
        if try precedes(other) { return true }
        return orEquals && equals(other)
    }
}

// SPDX-License-Identifier: Apache-2.0

extension Filters {
    @Sendable static func absolute(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        try arguments.none(of: "abs")
        if case .float(let number) = value { return .float(number.magnitude) }
        guard let number = value.index else {
            throw .runtime("'abs' needs a number, found \(value.kind)")
        }
        return number < 0 ? try Value.integer(number).negated() : .integer(number)
    }

    @Sendable static func integer(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        let values = try arguments.bound(to: ["default", "base"], of: "int")
        let fallback = values[0] ?? .integer(0)
        switch value {
        case .undefined(let undefined): throw undefined.error
        case .integer: return value
        case .bool(let flag): return .integer(flag ? 1 : 0)
        case .float(let number): return try truncated(number) ?? fallback
        case .string(let text):
            let base = try values[1]?.integerArgument(of: "int") ?? 10
            if let number = number(text, base: base) { return .integer(number) }
            guard let number = double(text) else { return fallback }
            return number.isFinite ? try truncated(number) ?? fallback : fallback
        default: return fallback
        }
    }

    /// The integer part; nil for NaN.
    private static func truncated(_ number: Double) throws(TemplateError) -> Value? {
        if number.isNaN { return nil }
        guard let integer = Int(exactly: number.rounded(.towardZero)) else {
            throw .runtime("'int' gives an integer that does not fit in 64 bits")
        }
        return .integer(integer)
    }

    /// Digits with single underscores between them removed; nil if they are elsewhere.
    private static func withoutUnderscores(_ text: String) -> String? {
        var previous: Unicode.Scalar = "_"
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar == "_" {
                guard previous.isASCIIDigit || previous.isASCIILetter else { return nil }
            } else {
                result.append(scalar)
            }
            previous = scalar
        }
        return previous == "_" ? nil : String(result)
    }

    /// Python's `int(text, base)`.
    private static func number(_ text: String, base: Int) -> Int? {
        var digits = text.stripped()
        var isNegative = false
        if digits.startsWith("-") || digits.startsWith("+") {
            isNegative = digits.startsWith("-")
            digits = String(digits.unicodeScalars.dropFirst())
        }
        var radix = base
        let prefixes = [("0x", 16), ("0o", 8), ("0b", 2)]
        for (prefix, value) in prefixes where digits.pythonLower.startsWith(prefix) {
            guard base == value || base == 0 else { continue }
            radix = value
            digits = String(digits.unicodeScalars.dropFirst(2))
            if digits.startsWith("_") { digits = String(digits.unicodeScalars.dropFirst()) }
        }
        if radix == 0 { radix = 10 }
        guard (2...36).contains(radix), let plain = withoutUnderscores(digits),
            plain.unicodeScalars.allSatisfy({ $0.isASCIIDigit || $0.isASCIILetter })
        else { return nil }
        return Int((isNegative ? "-" : "") + plain, radix: radix)
    }

    /// Python's `float(text)`.
    private static func double(_ text: String) -> Double? {
        let stripped = text.stripped().pythonLower
        let allowed = Set("0123456789+-.e_".unicodeScalars)
        guard stripped.unicodeScalars.allSatisfy({ allowed.contains($0) }) else {
            switch stripped {
            case "inf", "+inf", "infinity", "+infinity": return .infinity
            case "-inf", "-infinity": return -.infinity
            case "nan", "+nan", "-nan": return .nan
            default: return nil
            }
        }
        guard stripped.utf8.contains(UInt8(ascii: "_")) else { return Double(stripped) }
        // Underscores stand between digits only.
        let scalars = stripped.scalars
        for index in scalars.indices where scalars[index] == "_" {
            guard index > 0, index + 1 < scalars.count, scalars[index - 1].isASCIIDigit,
                scalars[index + 1].isASCIIDigit
            else { return nil }
        }
        return Double(stripped.replacing("_", with: ""))
    }

    @Sendable static func float(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        let fallback = try arguments.bound(to: ["default"], of: "float")[0] ?? .float(0)
        if case .undefined(let undefined) = value { throw undefined.error }
        if let number = value.number { return .float(number.double) }
        guard case .string(let text) = value, let number = double(text) else { return fallback }
        return .float(number)
    }

    @Sendable static func round(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        let values = try arguments.bound(to: ["precision", "method"], of: "round")
        let method = try values[1]?.stringArgument(of: "round") ?? "common"
        guard ["common", "ceil", "floor"].contains(method) else {
            throw .runtime("'round' knows the methods 'common', 'ceil' and 'floor'")
        }
        let precision = try values[0]?.integerArgument(of: "round") ?? 0
        if case .undefined(let undefined) = value { throw undefined.error }
        guard let number = value.number else {
            throw .runtime("'round' needs a number, found \(value.kind)")
        }
        if method == "common" { return try rounded(number, precision) }
        let scale = CMath.power(10, Double(precision))
        let scaled = number.double * scale
        guard scaled.isFinite, scale > 0 else { throw .runtime("'round' cannot round this number") }
        return .float(scaled.rounded(method == "ceil" ? .up : .down) / scale)
    }

    /// Python's `round`: half to even, decided on the exact value.
    private static func rounded(_ number: Number, _ precision: Int) throws(TemplateError) -> Value {
        switch number {
        case .integer(let integer):
            guard precision < 0 else { return .integer(integer) }
            guard precision > -19 else { return .integer(0) }
            var scale = 1
            for _ in 0..<(-precision) { scale *= 10 }
            var quotient = integer / scale
            let remainder = (integer % scale).magnitude
            let half = UInt(scale) / 2
            if remainder > half || (remainder == half && quotient % 2 != 0) {
                quotient += integer < 0 ? -1 : 1
            }
            let (value, overflow) = quotient.multipliedReportingOverflow(by: scale)
            guard !overflow else { throw .runtime("an integer does not fit in 64 bits") }
            return .integer(value)
        case .float(let double):
            guard double.isFinite else { return .float(double) }
            if precision >= 0 {
                if precision > 340 { return .float(double) }
                let text = CMath.text(of: double, .fixed, precision: precision)
                return .float(Double(text) ?? double)
            }
            guard precision > -309 else { return .float(double < 0 ? -0.0 : 0.0) }
            let scale = CMath.power(10, Double(-precision))
            return .float((double / scale).rounded(.toNearestOrEven) * scale)
        }
    }

    @Sendable static func fileSize(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        let isBinary = try arguments.bound(to: ["binary"], of: "filesizeformat")[0]?.isTrue ?? false
        let converted: Double?
        if case .string(let text) = value {
            converted = double(text)
        } else {
            converted = value.number?.double
        }
        guard let size = converted, !size.isNaN else {
            throw .runtime("'filesizeformat' needs a number, found \(value.kind)")
        }
        let base: Double = isBinary ? 1024 : 1000
        if size == 1 { return .string("1 Byte") }
        if size < base {
            guard let whole = Int(exactly: size.rounded(.towardZero)) else {
                throw .runtime("'filesizeformat' needs a finite number")
            }
            return .string("\(whole) Bytes")
        }
        let names =
            isBinary
            ? ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"]
            : ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"]
        var unit = base
        var name = names[0]
        for next in names {
            name = next
            unit *= base
            if size < unit { break }
        }
        return .string(CMath.text(of: base * size / unit, .fixed, precision: 1) + " " + name)
    }
}

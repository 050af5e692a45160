// SPDX-License-Identifier: Apache-2.0
//
// Python's `format % values`.

enum PercentFormat {
    static func format(_ format: String, _ values: Value, _ interpreter: Interpreter)
        throws(TemplateError) -> String
    {
        var formatter = Formatter(format: format.scalars, values, interpreter)
        try interpreter.charge(bytes: format.utf8.count)
        return try formatter.run()
    }

    private struct Specification {
        var isLeft = false
        var hasPlus = false
        var hasBlank = false
        var isAlternate = false
        var hasZeros = false
        var width = 0
        var precision: Int?
    }

    private struct Formatter {
        let format: [Unicode.Scalar]
        let interpreter: Interpreter
        let mapping: Value?
        let values: [Value]
        var used = 0
        var position = 0
        var output = ""

        init(format: [Unicode.Scalar], _ values: Value, _ interpreter: Interpreter) {
            self.format = format
            self.interpreter = interpreter
            switch values {
            case .tuple(let tuple):
                self.values = tuple.items
                mapping = nil
            case .dict, .list, .range, .undefined:
                self.values = [values]
                mapping = values
            default:
                self.values = [values]
                mapping = nil
            }
        }

        mutating func run() throws(TemplateError) -> String {
            while position < format.count {
                let scalar = format[position]
                position += 1
                if scalar == "%" {
                    try directive()
                    try interpreter.checkSize(output.utf8.count)
                } else {
                    output.unicodeScalars.append(scalar)
                }
            }
            guard used >= values.count || mapping != nil else {
                throw .runtime("a format string uses fewer values than it was given")
            }
            return output
        }

        private mutating func next() throws(TemplateError) -> Unicode.Scalar {
            guard position < format.count else {
                throw .runtime("a format string ends within a directive")
            }
            position += 1
            return format[position - 1]
        }

        private mutating func take() throws(TemplateError) -> Value {
            guard used < values.count else {
                throw .runtime("a format string needs more values than it was given")
            }
            used += 1
            return values[used - 1]
        }

        private mutating func directive() throws(TemplateError) {
            var specification = Specification()
            var named: Value?
            var scalar = try next()
            if scalar == "(" {
                named = try value(named: try key())
                scalar = try next()
            }
            flags: while true {
                switch scalar {
                case "-": specification.isLeft = true
                case "+": specification.hasPlus = true
                case " ": specification.hasBlank = true
                case "#": specification.isAlternate = true
                case "0": specification.hasZeros = true
                default: break flags
                }
                scalar = try next()
            }
            if let width = try number(&scalar) {
                specification.width = abs(width)
                if width < 0 { specification.isLeft = true }
            }
            if scalar == "." {
                scalar = try next()
                specification.precision = max(0, try number(&scalar) ?? 0)
            }
            while scalar == "h" || scalar == "l" || scalar == "L" { scalar = try next() }
            if scalar == "%" {
                output += "%"
                return
            }
            if named == nil { named = try take() }
            output += try text(of: named ?? .none, scalar, specification)
        }

        /// A key in parentheses, which may nest.
        private mutating func key() throws(TemplateError) -> String {
            let start = position
            var depth = 1
            while depth > 0 {
                let scalar = try next()
                if scalar == "(" { depth += 1 }
                if scalar == ")" { depth -= 1 }
            }
            return String(scalars: format[start..<position - 1])
        }

        private func value(named name: String) throws(TemplateError) -> Value {
            guard case .dict(let dict)? = mapping else {
                throw .runtime("a format string with names needs a dict")
            }
            guard let value = dict[text: name] else {
                throw .runtime("a format string names a value that is not there")
            }
            return value
        }

        /// Digits or `*`; leaves the code point behind them in `scalar`.
        private mutating func number(_ scalar: inout Unicode.Scalar) throws(TemplateError) -> Int? {
            if scalar == "*" {
                let number = try take().integerArgument(of: "%")
                try interpreter.checkSize(number == .min ? .max : abs(number))
                scalar = try next()
                return number
            }
            var number: Int?
            while scalar.isASCIIDigit {
                let value = (number ?? 0) * 10 + Int(scalar.value - 48)
                try interpreter.checkSize(value)
                number = value
                scalar = try next()
            }
            return number
        }

        private func text(
            of value: Value, _ conversion: Unicode.Scalar, _ specification: Specification
        ) throws(TemplateError) -> String {
            switch conversion {
            case "s", "r", "a":
                let text =
                    conversion == "s"
                    ? try value.text(interpreter) : try value.representation(interpreter)
                let cut = specification.precision.map { String(scalars: text.scalars.prefix($0)) }
                return padded(cut ?? text, specification)
            case "c": return padded(try character(value), specification)
            case "d", "i", "u", "x", "X", "o":
                return try integer(value, conversion, specification)
            case "e", "E", "f", "F", "g", "G": return try float(value, conversion, specification)
            default: throw .runtime("a format string has an unknown directive")
            }
        }

        private func character(_ value: Value) throws(TemplateError) -> String {
            if case .string(let text) = value, text.length == 1 { return text }
            guard let code = value.index.flatMap({ UInt32(exactly: $0) }),
                let scalar = Unicode.Scalar(code)
            else { throw .runtime("'%c' needs one character or its number") }
            return String(scalar)
        }

        private func integer(
            _ value: Value, _ conversion: Unicode.Scalar, _ specification: Specification
        ) throws(TemplateError) -> String {
            let isDecimal = ["d", "i", "u"].contains(conversion)
            var number = value.index
            if isDecimal, case .float(let double) = value {
                number = Int(exactly: double.rounded(.towardZero))
            }
            guard let number else { throw .runtime("'%d' needs a number, found \(value.kind)") }
            let radix = isDecimal ? 10 : conversion == "o" ? 8 : 16
            var digits = String(number.magnitude, radix: radix, uppercase: conversion == "X")
            let missing = (specification.precision ?? 0) - digits.utf8.count
            if missing > 0 { digits = String(repeating: "0", count: missing) + digits }
            let prefix = specification.isAlternate && !isDecimal ? "0\(conversion)" : ""
            return signed(digits, isNegative: number < 0, prefix: prefix, specification)
        }

        private func float(
            _ value: Value, _ conversion: Unicode.Scalar, _ specification: Specification
        ) throws(TemplateError) -> String {
            if case .undefined(let undefined) = value { throw undefined.error }
            guard let number = value.number?.double else {
                throw .runtime("'%\(conversion)' needs a number, found \(value.kind)")
            }
            let isUpper = ["E", "F", "G"].contains(conversion)
            guard number.isFinite else {
                let name = number.isNaN ? "nan" : "inf"
                var blank = specification
                blank.hasZeros = false
                return signed(
                    isUpper ? name.pythonUpper : name, isNegative: number < 0, prefix: "", blank)
            }
            let notation: CMath.Notation
            switch conversion {
            case "e", "E": notation = .exponent
            case "g", "G": notation = .general
            default: notation = .fixed
            }
            let precision = specification.precision ?? 6
            try interpreter.charge(1 + precision / 4)
            guard precision <= CMath.maximumPrecision else {
                throw .limit("a format string asks for more than \(CMath.maximumPrecision) digits")
            }
            let digits = CMath.text(
                of: number.magnitude, notation, precision: precision,
                keepsPoint: specification.isAlternate)
            return signed(
                isUpper ? digits.pythonUpper : digits, isNegative: number.sign == .minus,
                prefix: "", specification)
        }

        private func signed(
            _ digits: String, isNegative: Bool, prefix: String, _ specification: Specification
        ) -> String {
            let sign =
                isNegative ? "-" : specification.hasPlus ? "+" : specification.hasBlank ? " " : ""
            let missing =
                specification.width - sign.utf8.count - prefix.utf8.count - digits.utf8.count
            if specification.hasZeros, !specification.isLeft, missing > 0 {
                return sign + prefix + String(repeating: "0", count: missing) + digits
            }
            return padded(sign + prefix + digits, specification)
        }

        private func padded(_ text: String, _ specification: Specification) -> String {
            let missing = specification.width - text.length
            guard missing > 0 else { return text }
            let blanks = String(repeating: " ", count: missing)
            return specification.isLeft ? text + blanks : blanks + text
        }
    }
}

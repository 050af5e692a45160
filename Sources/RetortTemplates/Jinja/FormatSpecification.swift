// SPDX-License-Identifier: Apache-2.0

/// Python's mini-language: `[[fill]align][sign][#][0][width][,][.precision][type]`.
struct FormatSpecification {
    private let interpreter: Interpreter
    private var fill: Unicode.Scalar = " "
    private var alignment: Unicode.Scalar?
    private var sign: Unicode.Scalar = "-"
    private var isAlternate = false
    private var width = 0
    private var grouping: Unicode.Scalar?
    private var precision: Int?
    private var type: Unicode.Scalar?
    private let isEmpty: Bool

    init(_ text: [Unicode.Scalar], _ interpreter: Interpreter) throws(TemplateError) {
        self.interpreter = interpreter
        isEmpty = text.isEmpty
        let alignments: [Unicode.Scalar] = ["<", ">", "=", "^"]
        var rest = text[...]
        if rest.count > 1, alignments.contains(rest[1]) {
            fill = rest[0]
            alignment = rest[1]
            rest = rest.dropFirst(2)
        } else if let first = rest.first, alignments.contains(first) {
            alignment = first
            rest = rest.dropFirst()
        }
        if let first = rest.first, ["+", "-", " "].contains(first) {
            sign = first
            rest = rest.dropFirst()
        }
        if rest.first == "#" {
            isAlternate = true
            rest = rest.dropFirst()
        }
        if rest.first == "0" {
            if alignment == nil {
                fill = "0"
                alignment = "="
            }
            rest = rest.dropFirst()
        }
        width = try Self.number(&rest, interpreter) ?? 0
        if let first = rest.first, first == "," || first == "_" {
            grouping = first
            rest = rest.dropFirst()
        }
        if rest.first == "." {
            rest = rest.dropFirst()
            precision = try Self.number(&rest, interpreter)
            guard precision != nil else { throw Self.malformed }
        }
        type = rest.popFirst()
        guard rest.isEmpty else { throw Self.malformed }
    }

    private static var malformed: TemplateError {
        .runtime("a format string has a malformed specification")
    }

    private static func number(_ rest: inout ArraySlice<Unicode.Scalar>, _ interpreter: Interpreter)
        throws(TemplateError) -> Int?
    {
        var number: Int?
        while let first = rest.first, first.isASCIIDigit {
            let value = (number ?? 0) * 10 + Int(first.value - 48)
            try interpreter.checkSize(value)
            number = value
            rest = rest.dropFirst()
        }
        return number
    }

    func text(of value: Value) throws(TemplateError) -> String {
        switch value {
        case .string(let text): return try string(text)
        case .bool(let flag) where type == nil || type == "s":
            if isEmpty { return flag ? "True" : "False" }
            return try number(.integer(flag ? 1 : 0))
        case .integer(let number): return try self.number(.integer(number))
        case .float(let number): return try self.number(.float(number))
        case .bool(let flag): return try number(.integer(flag ? 1 : 0))
        default:
            guard isEmpty else {
                throw .runtime("a format specification does not fit \(value.kind)")
            }
            return try value.text(interpreter)
        }
    }

    private func string(_ text: String) throws(TemplateError) -> String {
        guard type == nil || type == "s", sign == "-", !isAlternate, grouping == nil else {
            throw .runtime("a format specification does not fit a string")
        }
        // A leading zero only fills, for strings; '=' is not allowed.
        guard alignment != "=" || fill == "0" else {
            throw .runtime("a format specification does not fit a string")
        }
        let cut = precision.map { String(scalars: text.scalars.prefix($0)) } ?? text
        return padded(cut, sign: "", alignment: alignment == "=" ? "<" : alignment ?? "<")
    }

    private func number(_ number: Number) throws(TemplateError) -> String {
        let digits: String
        let isNegative: Bool
        if case .integer(let integer) = number,
            type.map({ "bcdoxXn".unicodeScalars.contains($0) }) ?? true
        {
            guard precision == nil else {
                throw .runtime("a format specification gives an integer a precision")
            }
            isNegative = integer < 0
            digits = try self.digits(of: integer)
        } else {
            let double = number.double
            isNegative = double.sign == .minus && !double.isNaN
            digits = grouped(try self.digits(of: double), every: 3)
        }
        let mark = isNegative ? "-" : sign == "-" ? "" : String(sign)
        return padded(digits, sign: mark, alignment: alignment ?? ">")
    }

    private func digits(of number: Int) throws(TemplateError) -> String {
        let magnitude = number.magnitude
        switch type {
        case "b": return (isAlternate ? "0b" : "") + grouped(String(magnitude, radix: 2), every: 4)
        case "o": return (isAlternate ? "0o" : "") + grouped(String(magnitude, radix: 8), every: 4)
        case "x": return (isAlternate ? "0x" : "") + grouped(String(magnitude, radix: 16), every: 4)
        case "X":
            let digits = String(magnitude, radix: 16, uppercase: true)
            return (isAlternate ? "0X" : "") + grouped(digits, every: 4)
        case "c":
            guard let scalar = UInt32(exactly: number).flatMap(Unicode.Scalar.init) else {
                throw .runtime("'c' needs the number of a character")
            }
            return String(scalar)
        default: return grouped(String(magnitude), every: 3)
        }
    }

    private func digits(of number: Double) throws(TemplateError) -> String {
        let isUpper = type.map { ["E", "F", "G"].contains($0) } ?? false
        if !number.isFinite {
            let name = number.isNaN ? "nan" : "inf"
            return (isUpper ? name.pythonUpper : name) + (type == "%" ? "%" : "")
        }
        let magnitude = number.magnitude
        let digits = min(precision ?? 6, CMath.maximumPrecision)
        try interpreter.charge(1 + digits / 4)
        let text: String
        switch type {
        case "f", "F":
            text = CMath.text(of: magnitude, .fixed, precision: digits, keepsPoint: isAlternate)
        case "e", "E":
            text = CMath.text(of: magnitude, .exponent, precision: digits, keepsPoint: isAlternate)
        case "g", "G", "n":
            text = CMath.text(of: magnitude, .general, precision: digits, keepsPoint: isAlternate)
        case "%": text = CMath.text(of: magnitude * 100, .fixed, precision: digits) + "%"
        case nil:
            guard let precision else { return Value.text(of: magnitude) }
            return Self.withPoint(magnitude, precision: precision)
        default: throw .runtime("a format specification does not fit a number")
        }
        return isUpper ? text.pythonUpper : text
    }

    /// Like `general`, but with at least one digit behind the point, as Python has without a type.
    private static func withPoint(_ number: Double, precision: Int) -> String {
        let digits = max(1, min(precision, CMath.maximumPrecision))
        let scientific = CMath.text(of: number, .exponent, precision: digits - 1)
        let exponent = scientific.split(by: "e", limit: -1).last.flatMap { Int($0) } ?? 0
        let text = CMath.text(of: number, .general, precision: digits)
        if exponent >= digits - 1, exponent < digits, !text.containsText("e") {
            // The point would be the last thing written: Python turns to the exponent instead.
            return scientific
        }
        return text.containsText(".") || text.containsText("e") ? text : text + ".0"
    }

    /// Digits before the point in groups.
    private func grouped(_ digits: String, every count: Int) -> String {
        guard let grouping else { return digits }
        let whole = digits.unicodeScalars.prefix {
            $0.isASCIIDigit || $0.isASCIILetter && count == 4
        }
        var result: [Unicode.Scalar] = []
        for (index, scalar) in whole.reversed().enumerated() {
            if index > 0, index % count == 0 { result.append(grouping) }
            result.append(scalar)
        }
        return String(scalars: result.reversed())
            + String(scalars: digits.unicodeScalars.dropFirst(whole.count))
    }

    private func padded(_ text: String, sign: String, alignment: Unicode.Scalar) -> String {
        let missing = width - text.length - sign.utf8.count
        guard missing > 0 else { return sign + text }
        let filler = { (count: Int) in String(scalars: repeatElement(fill, count: count)) }
        switch alignment {
        case "<": return sign + text + filler(missing)
        case "^": return filler(missing / 2) + sign + text + filler(missing - missing / 2)
        case "=": return sign + filler(missing) + text
        default: return filler(missing) + sign + text
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// An expression that a model wrote: numbers, + - * / and parentheses, and nothing else.
struct CountdownExpression: Equatable {
    /// The numbers in the order of the text.
    private(set) var numbers: [Int] = []
    /// Nil where it divides by 0.
    private(set) var value: Rational?
    /// What stands behind `=`, if that is there.
    private(set) var claim: Int?

    /// Longest text and deepest nesting: far above what six numbers need.
    private static let mostBytes = 1000
    private static let mostDepth = 50
    /// Digits of a number.
    private static let mostDigits = 9

    private static let signs: [(text: String, sign: UInt8)] = [
        ("\\times", UInt8(ascii: "*")), ("\\cdot", UInt8(ascii: "*")), ("\\div", UInt8(ascii: "/")),
        ("\\left", UInt8(ascii: " ")), ("\\right", UInt8(ascii: " ")), ("×", UInt8(ascii: "*")),
        ("÷", UInt8(ascii: "/")), ("\u{2212}", UInt8(ascii: "-")), ("·", UInt8(ascii: "*")),
    ]

    /// Nil for a text that is no expression.
    init?(_ text: String) {
        guard text.utf8.count <= Self.mostBytes, let bytes = Self.plain(text) else { return nil }
        var parser = Parser(bytes: bytes)
        guard let value = parser.sum(depth: 0) else { return nil }
        self.value = value.number
        numbers = parser.numbers
        if parser.take(UInt8(ascii: "=")) {
            guard let claim = parser.number() else { return nil }
            self.claim = claim
        }
        guard parser.isAtEnd else { return nil }
    }

    /// The signs of print and of LaTeX as those of a keyboard; nil if anything else stands there.
    private static func plain(_ text: String) -> [UInt8]? {
        let bytes = Array(text.utf8)
        let allowed = Set("0123456789+-*/()= \t\r\n".utf8)
        var result: [UInt8] = []
        var position = 0
        scan: while position < bytes.count {
            if allowed.contains(bytes[position]) {
                result.append(bytes[position])
                position += 1
                continue
            }
            for (text, sign) in signs where bytes[position...].starts(with: text.utf8) {
                result.append(sign)
                position += text.utf8.count
                continue scan
            }
            return nil
        }
        return result
    }

    /// A value, or a division by 0, which is an expression nevertheless.
    private struct Value {
        var number: Rational?
    }

    /// Recursive descent; each rule returns nil for what is no expression.
    private struct Parser {
        let bytes: [UInt8]
        var position = 0
        var numbers: [Int] = []

        init(bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool {
            mutating get {
                skipSpaces()
                return position == bytes.count
            }
        }

        private mutating func skipSpaces() {
            while position < bytes.count, " \t\r\n".utf8.contains(bytes[position]) { position += 1 }
        }

        mutating func take(_ byte: UInt8) -> Bool {
            skipSpaces()
            guard position < bytes.count, bytes[position] == byte else { return false }
            position += 1
            return true
        }

        mutating func sum(depth: Int) -> Value? {
            guard var value = product(depth: depth) else { return nil }
            while true {
                let isSum = take(UInt8(ascii: "+"))
                guard isSum || take(UInt8(ascii: "-")) else { return value }
                guard let next = product(depth: depth) else { return nil }
                value = Self.combine(value, next) { isSum ? $0 + $1 : $0 - $1 }
            }
        }

        private mutating func product(depth: Int) -> Value? {
            guard var value = operand(depth: depth) else { return nil }
            while true {
                let isProduct = take(UInt8(ascii: "*"))
                guard isProduct || take(UInt8(ascii: "/")) else { return value }
                guard let next = operand(depth: depth) else { return nil }
                value = Self.combine(value, next) {
                    isProduct ? $0 * $1 : Rational.divide($0, by: $1)
                }
            }
        }

        private mutating func operand(depth: Int) -> Value? {
            if take(UInt8(ascii: "(")) {
                guard depth < CountdownExpression.mostDepth, let value = sum(depth: depth + 1),
                    take(UInt8(ascii: ")"))
                else { return nil }
                return value
            }
            guard let number = number() else { return nil }
            numbers.append(number)
            return Value(number: Rational(number))
        }

        /// Digits alone: no sign, no leading zeros.
        mutating func number() -> Int? {
            skipSpaces()
            let start = position
            while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
            let digits = bytes[start..<position]
            guard (1...CountdownExpression.mostDigits).contains(digits.count),
                digits.count == 1 || digits.first != 0x30
            else { return nil }
            return Int(String(decoding: digits, as: UTF8.self))
        }

        private static func combine(
            _ a: Value, _ b: Value, _ operation: (Rational, Rational) -> Rational?
        ) -> Value {
            guard let a = a.number, let b = b.number else { return Value(number: nil) }
            return Value(number: operation(a, b))
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// A strict JSON reader (RFC 8259) over bytes, made for documents of megabytes (tokenizer.json) and
// for hostile ones: nesting is limited, UTF-8 is validated, nothing is read past the end.

extension JSONValue {
    /// What a reader accepts beside RFC 8259.
    public struct ReadingOptions: Sendable {
        /// Accept `NaN`, `Infinity` and `-Infinity`, which Python's `json` writes.
        public var allowsNonFiniteNumbers: Bool
        /// Deepest nesting of arrays and objects.
        public var maximumDepth: Int

        public init(allowsNonFiniteNumbers: Bool = false, maximumDepth: Int = 256) {
            self.allowsNonFiniteNumbers = allowsNonFiniteNumbers
            self.maximumDepth = maximumDepth
        }
    }

    /// Reads one document; anything but white space after it is an error.
    /// - Throws: ``JSONError`` with the byte offset.
    public init(parsing bytes: some Sequence<UInt8>, options: ReadingOptions = .init())
        throws(JSONError)
    {
        let fast = bytes.withContiguousStorageIfAvailable { Self.result(of: $0, options) }
        let result = fast ?? Array(bytes).withUnsafeBufferPointer { Self.result(of: $0, options) }
        self = try result.get()
    }

    /// Reads one document from a string.
    public init(parsing text: String, options: ReadingOptions = .init()) throws(JSONError) {
        try self.init(parsing: text.utf8, options: options)
    }

    private static func result(
        of bytes: UnsafeBufferPointer<UInt8>, _ options: ReadingOptions
    ) -> Result<JSONValue, JSONError> {
        var parser = JSONParser(bytes: bytes, options: options)
        do throws(JSONError) {
            return .success(try parser.document())
        } catch {
            return .failure(error)
        }
    }
}

/// The reader's state: a position in the bytes of a document that outlives it.
struct JSONParser {
    let bytes: UnsafeBufferPointer<UInt8>
    let options: JSONValue.ReadingOptions
    var position = 0

    init(bytes: UnsafeBufferPointer<UInt8>, options: JSONValue.ReadingOptions) {
        self.bytes = bytes
        self.options = options
    }

    mutating func document() throws(JSONError) -> JSONValue {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        skipWhitespace()
        let value = try value(depth: 0)
        skipWhitespace()
        guard position == bytes.count else {
            throw JSONError("found more after the document's end", at: position)
        }
        return value
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        guard depth <= options.maximumDepth else {
            throw JSONError("nested deeper than \(options.maximumDepth)", at: position)
        }
        guard let byte = current else { throw JSONError("the document ends early", at: position) }
        switch byte {
        case UInt8(ascii: "{"): return .object(try object(depth: depth))
        case UInt8(ascii: "["): return .array(try array(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "N") where options.allowsNonFiniteNumbers:
            return try literal("NaN", .double(.nan))
        case UInt8(ascii: "I") where options.allowsNonFiniteNumbers:
            return try literal("Infinity", .double(.infinity))
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw JSONError("found a byte that starts no value", at: position)
        }
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONError)
        -> JSONValue
    {
        let count = word.utf8CodeUnitCount
        let matches =
            bytes.count - position >= count
            && (0..<count).allSatisfy { bytes[position + $0] == word.utf8Start[$0] }
        guard matches else { throw JSONError("found a word that is no value", at: position) }
        position += count
        return value
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
        position += 1
        var members: [JSONObject.Member] = []
        skipWhitespace()
        if current == UInt8(ascii: "}") {
            position += 1
            return JSONObject()
        }
        while true {
            skipWhitespace()
            guard current == UInt8(ascii: "\"") else {
                throw JSONError("expected a member's name in quotes", at: position)
            }
            let key = try string()
            skipWhitespace()
            guard current == UInt8(ascii: ":") else {
                throw JSONError("expected ':' after a member's name", at: position)
            }
            position += 1
            skipWhitespace()
            members.append(.init(key: key, value: try value(depth: depth + 1)))
            skipWhitespace()
            switch current {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "}"):
                position += 1
                return JSONObject(members: members)
            default: throw JSONError("expected ',' or '}' in an object", at: position)
            }
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> [JSONValue] {
        position += 1
        var elements: [JSONValue] = []
        skipWhitespace()
        if current == UInt8(ascii: "]") {
            position += 1
            return []
        }
        while true {
            skipWhitespace()
            elements.append(try value(depth: depth + 1))
            skipWhitespace()
            switch current {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "]"):
                position += 1
                return elements
            default: throw JSONError("expected ',' or ']' in an array", at: position)
            }
        }
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        if current == UInt8(ascii: "-") { position += 1 }
        if options.allowsNonFiniteNumbers, current == UInt8(ascii: "I") {
            return try literal("Infinity", .double(-.infinity))
        }
        guard let first = current, isDigit(first) else {
            throw JSONError("expected a digit", at: position)
        }
        if first == UInt8(ascii: "0") {
            position += 1
        } else {
            skipDigits()
        }
        var isInteger = true
        if current == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            guard let digit = current, isDigit(digit) else {
                throw JSONError("expected a digit after the point", at: position)
            }
            skipDigits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            isInteger = false
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            guard let digit = current, isDigit(digit) else {
                throw JSONError("expected a digit in the exponent", at: position)
            }
            skipDigits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text) else { throw JSONError("not a number", at: start) }
        return .double(value)
    }

    private func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    private mutating func skipDigits() {
        while let byte = current, isDigit(byte) { position += 1 }
    }

    private mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        // Most strings have no escape: find the end, validate, done.
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                let text = try validated(bytes[start..<position], at: start)
                position += 1
                return text
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
            guard byte >= 0x20 else {
                throw JSONError("found a control character in a string", at: position)
            }
            position += 1
        }
        throw JSONError("a string has no closing quote", at: start)
    }

    private func validated(_ slice: Slice<UnsafeBufferPointer<UInt8>>, at offset: Int)
        throws(JSONError) -> String
    {
        guard let text = String(validating: UnsafeBufferPointer(rebasing: slice), as: UTF8.self)
        else { throw JSONError("a string is not valid UTF-8", at: offset) }
        return text
    }

    private mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var content = Array(bytes[start..<position])
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw JSONError("a string is not valid UTF-8", at: start)
                }
                return text
            case UInt8(ascii: "\\"):
                position += 1
                try appendEscape(to: &content)
            case ..<0x20:
                throw JSONError("found a control character in a string", at: position)
            default:
                content.append(byte)
                position += 1
            }
        }
        throw JSONError("a string has no closing quote", at: start)
    }

    private mutating func appendEscape(to content: inout [UInt8]) throws(JSONError) {
        guard let byte = current else { throw JSONError("the document ends early", at: position) }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"):
            content.append(contentsOf: Array(String(try unicodeEscape()).utf8))
        default: throw JSONError("unknown escape in a string", at: position - 1)
        }
    }

    /// A scalar from `XXXX` or a surrogate pair; half a pair becomes U+FFFD, as most readers do.
    private mutating func unicodeEscape() throws(JSONError) -> Unicode.Scalar {
        let unit = try hexUnit()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        let isHigh = unit < 0xDC00
        let hasPair =
            isHigh && bytes.count - position >= 6 && bytes[position] == UInt8(ascii: "\\")
            && bytes[position + 1] == UInt8(ascii: "u")
        guard hasPair else { return "\u{FFFD}" }
        let mark = position
        position += 2
        let low = try hexUnit()
        guard low >= 0xDC00, low <= 0xDFFF else {
            position = mark
            return "\u{FFFD}"
        }
        return Unicode.Scalar(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)) ?? "\u{FFFD}"
    }

    private mutating func hexUnit() throws(JSONError) -> UInt32 {
        guard bytes.count - position >= 4 else {
            throw JSONError("a \\u escape needs four hexadecimal digits", at: position)
        }
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
                throw JSONError("a \\u escape needs four hexadecimal digits", at: position)
            }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }
}

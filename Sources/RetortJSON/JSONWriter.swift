// SPDX-License-Identifier: Apache-2.0
//
// Writes JSON. The separators can be set because Python's `json.dumps` (what `tojson` in chat
// templates calls) puts a space after ',' and ':' and compact writers do not.

extension JSONValue {
    /// How a document is laid out.
    public struct WritingStyle: Sendable {
        public var itemSeparator: String
        public var keySeparator: String
        /// Spaces per level, one member a line; nil for one line.
        public var indent: Int?
        public var sortsKeys: Bool
        /// Escape everything outside ASCII.
        public var asciiOnly: Bool

        public init(
            itemSeparator: String = ",", keySeparator: String = ":", indent: Int? = nil,
            sortsKeys: Bool = false, asciiOnly: Bool = false
        ) {
            self.itemSeparator = itemSeparator
            self.keySeparator = keySeparator
            self.indent = indent
            self.sortsKeys = sortsKeys
            self.asciiOnly = asciiOnly
        }

        /// No white space.
        public static let compact = WritingStyle()
        /// Two spaces a level.
        public static let pretty = WritingStyle(keySeparator: ": ", indent: 2)
        /// As Python's `json.dumps(value, ensure_ascii=False)`.
        public static let python = WritingStyle(itemSeparator: ", ", keySeparator: ": ")
    }

    /// The document as text. Numbers that JSON lacks are written as Python does: `NaN`, `Infinity`.
    public func text(_ style: WritingStyle = .compact) -> String {
        var writer = JSONWriter(style: style)
        writer.write(self, level: 0)
        return String(decoding: writer.output, as: UTF8.self)
    }
}

private struct JSONWriter {
    let style: JSONValue.WritingStyle
    var output: [UInt8] = []

    init(style: JSONValue.WritingStyle) { self.style = style }

    mutating func write(_ value: JSONValue, level: Int) {
        switch value {
        case .null: append("null")
        case .bool(let flag): append(flag ? "true" : "false")
        case .integer(let number): append(String(number))
        case .double(let number): append(Self.text(of: number))
        case .string(let text): write(text)
        case .array(let elements):
            writeItems(elements.count, open: "[", close: "]", level: level) { writer, index in
                writer.write(elements[index], level: level + 1)
            }
        case .object(let object):
            let members =
                style.sortsKeys
                ? object.members.sorted {
                    $0.key.unicodeScalars.lexicographicallyPrecedes($1.key.unicodeScalars)
                }
                : object.members
            writeItems(members.count, open: "{", close: "}", level: level) { writer, index in
                writer.write(members[index].key)
                writer.append(writer.style.keySeparator)
                writer.write(members[index].value, level: level + 1)
            }
        }
    }

    private mutating func writeItems(
        _ count: Int, open: String, close: String, level: Int,
        _ item: (inout JSONWriter, Int) -> Void
    ) {
        append(open)
        for index in 0..<count {
            if index > 0 {
                // Python drops the trailing space of the separator when it breaks lines.
                append(style.indent == nil ? style.itemSeparator : ",")
            }
            breakLine(level + 1)
            item(&self, index)
        }
        if count > 0 { breakLine(level) }
        append(close)
    }

    private mutating func breakLine(_ level: Int) {
        guard let indent = style.indent else { return }
        output.append(0x0A)
        output.append(contentsOf: repeatElement(0x20, count: indent * level))
    }

    private mutating func append(_ text: String) { output.append(contentsOf: text.utf8) }

    private mutating func write(_ text: String) {
        output.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": append("\\\"")
            case "\\": append("\\\\")
            case "\n": append("\\n")
            case "\r": append("\\r")
            case "\t": append("\\t")
            case "\u{08}": append("\\b")
            case "\u{0C}": append("\\f")
            case ..<" ": appendEscaped(UInt16(scalar.value))
            case "\u{7F}"... where style.asciiOnly:
                if scalar.value == 0x7F {
                    output.append(0x7F)
                } else {
                    for unit in String(scalar).utf16 { appendEscaped(unit) }
                }
            default:
                output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        output.append(UInt8(ascii: "\""))
    }

    private mutating func appendEscaped(_ unit: UInt16) {
        let hex = String(unit, radix: 16)
        append("\\u" + String(repeating: "0", count: 4 - hex.count) + hex)
    }

    /// Python's `repr` of a float: the shortest digits that read back the same.
    private static func text(of number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Infinity" : "Infinity" }
        let magnitude = number.magnitude
        // Swift writes an exponent from 2^54 on, Python from 1e16 on.
        if magnitude >= 0x1p54, magnitude < 1e16 { return "\(Int64(number)).0" }
        return "\(number)"
    }
}

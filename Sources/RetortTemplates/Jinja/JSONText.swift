// SPDX-License-Identifier: Apache-2.0
//
// `tojson` as transformers defines it: Python's `json.dumps`, by default without ASCII escapes.

import RetortJSON

struct JSONText {
    let interpreter: Interpreter
    var itemSeparator: String
    var keySeparator: String
    /// What one level of nesting is indented by; nil for one line.
    var indent: String?
    var asciiOnly: Bool
    var sortsKeys: Bool
    private var output = ""

    init(
        _ interpreter: Interpreter, itemSeparator: String, keySeparator: String, indent: String?,
        asciiOnly: Bool, sortsKeys: Bool
    ) {
        self.interpreter = interpreter
        self.itemSeparator = itemSeparator
        self.keySeparator = keySeparator
        self.indent = indent
        self.asciiOnly = asciiOnly
        self.sortsKeys = sortsKeys
    }

    static func text(of value: Value, _ arguments: CallArguments, _ interpreter: Interpreter)
        throws(TemplateError) -> Value
    {
        let values = try arguments.bound(
            to: ["ensure_ascii", "indent", "separators", "sort_keys"], of: "tojson")
        var indent: String?
        if let width = values[1].given {
            if case .string(let text) = width {
                indent = text
            } else {
                let count = max(0, try width.integerArgument(of: "tojson"))
                try interpreter.checkSize(count)
                indent = String(repeating: " ", count: count)
            }
        }
        var separators = (item: indent == nil ? ", " : ",", key: ": ")
        if let given = values[2].given {
            let parts = try interpreter.items(of: given)
            guard parts.count == 2 else { throw .runtime("'tojson' needs two separators") }
            separators = (
                try parts[0].stringArgument(of: "tojson"), try parts[1].stringArgument(of: "tojson")
            )
        }
        var writer = JSONText(
            interpreter, itemSeparator: separators.item, keySeparator: separators.key,
            indent: indent, asciiOnly: values[0]?.isTrue ?? false,
            sortsKeys: values[3]?.isTrue ?? false)
        try writer.write(value, level: 0)
        return try interpreter.string(writer.output)
    }

    private mutating func write(_ value: Value, level: Int) throws(TemplateError) {
        switch value {
        case .none: output += "null"
        case .bool(let flag): output += flag ? "true" : "false"
        case .integer(let number): output += String(number)
        case .float(let number): output += JSONValue.double(number).text()
        case .string(let text):
            try interpreter.charge(codePoints: text.utf8.count)
            output += quoted(text)
        case .list(let list), .tuple(let list):
            try open("[", isEmpty: list.items.isEmpty, "]", level) {
                (writer) throws(TemplateError) in
                for (index, item) in list.items.enumerated() {
                    if index > 0 { try writer.separate(level + 1) }
                    try writer.write(item, level: level + 1)
                }
            }
        case .dict(let dict):
            let entries = try entries(of: dict)
            try open("{", isEmpty: entries.isEmpty, "}", level) { (writer) throws(TemplateError) in
                for (index, entry) in entries.enumerated() {
                    if index > 0 { try writer.separate(level + 1) }
                    writer.output += writer.quoted(try writer.key(entry.key)) + writer.keySeparator
                    try writer.write(entry.value, level: level + 1)
                }
            }
        case .undefined(let undefined): throw undefined.error
        default: throw .runtime("\(value.kind) cannot be written as JSON")
        }
        try interpreter.charge(1)
        try interpreter.checkSize(output.utf8.count)
    }

    private mutating func open(
        _ open: String, isEmpty: Bool, _ close: String, _ level: Int,
        _ content: (inout JSONText) throws(TemplateError) -> Void
    ) throws(TemplateError) {
        output += open
        if !isEmpty {
            try breakLine(level + 1)
            try content(&self)
            try breakLine(level)
        }
        output += close
    }

    private mutating func separate(_ level: Int) throws(TemplateError) {
        output += itemSeparator
        try breakLine(level)
    }

    private mutating func breakLine(_ level: Int) throws(TemplateError) {
        guard let indent else { return }
        let (size, overflow) = indent.utf8.count.multipliedReportingOverflow(by: level)
        try interpreter.checkSize(overflow ? .max : size)
        output += "\n"
        for _ in 0..<level { output += indent }
    }

    private func quoted(_ text: String) -> String {
        JSONValue.string(text).text(.init(asciiOnly: asciiOnly))
    }

    private func entries(of dict: DictStorage) throws(TemplateError) -> [DictStorage.Entry] {
        guard sortsKeys else { return dict.entries }
        return try dict.entries.stablySorted { (a, b) throws(TemplateError) in
            try a.key.precedes(b.key)
        }
    }

    private func key(_ key: Value) throws(TemplateError) -> String {
        switch key {
        case .string(let text): return text
        case .bool(let flag): return flag ? "true" : "false"
        case .none: return "null"
        case .integer(let number): return String(number)
        case .float(let number): return JSONValue.double(number).text()
        default: throw .runtime("\(key.kind) cannot be a key in JSON")
        }
    }
}

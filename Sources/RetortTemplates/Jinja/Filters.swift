// SPDX-License-Identifier: Apache-2.0
//
// Jinja's filters. Here are the table, those about any value and what the others share.

enum Filters {
    typealias Function =
        @Sendable (Value, CallArguments, Interpreter) throws(TemplateError) -> Value

    static func apply(
        _ name: String, to value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        guard let function = table[name] else { throw .runtime("there is no filter '\(name)'") }
        return try function(value, arguments, interpreter)
    }

    static let table: [String: Function] = [
        "abs": absolute, "attr": attribute, "batch": batch,
        "capitalize": mapped(\.pythonCapitalized),
        "center": center, "count": length, "d": fallback, "default": fallback,
        "dictsort": dictSort, "e": escape, "escape": escape, "filesizeformat": fileSize,
        "first": first, "float": float, "forceescape": escape, "format": format,
        "groupby": groupBy, "indent": indent, "int": integer, "items": items, "join": join,
        "last": last, "length": length, "list": list, "lower": mapped(\.pythonLower), "map": map,
        "max": { (value, arguments, interpreter) throws(TemplateError) in
            try extreme(value, arguments, interpreter, isMaximum: true)
        },
        "min": { (value, arguments, interpreter) throws(TemplateError) in
            try extreme(value, arguments, interpreter, isMaximum: false)
        },
        "pprint": PrettyPrinter.text,
        "reject": { (value, arguments, interpreter) throws(TemplateError) in
            try select(value, arguments, interpreter, keeps: false, byAttribute: false)
        },
        "rejectattr": { (value, arguments, interpreter) throws(TemplateError) in
            try select(value, arguments, interpreter, keeps: false, byAttribute: true)
        },
        "replace": replace, "reverse": reverse, "round": round, "safe": string,
        "select": { (value, arguments, interpreter) throws(TemplateError) in
            try select(value, arguments, interpreter, keeps: true, byAttribute: false)
        },
        "selectattr": { (value, arguments, interpreter) throws(TemplateError) in
            try select(value, arguments, interpreter, keeps: true, byAttribute: true)
        },
        "slice": slice, "sort": sort, "string": string, "striptags": stripTags, "sum": sum,
        "title": title, "tojson": JSONText.text, "trim": trim, "truncate": truncate,
        "unique": unique, "upper": mapped(\.pythonUpper), "urlencode": urlEncode,
        "wordcount": wordCount, "wordwrap": wordWrap, "xmlattr": xmlAttributes,
    ]

    /// A filter without arguments from text to text.
    private static func mapped(_ transform: @escaping @Sendable (String) -> String) -> Function {
        { (value, arguments, interpreter) throws(TemplateError) in
            try arguments.none(of: "a filter")
            let text = try value.text(interpreter)
            try interpreter.charge(codePoints: text.utf8.count)
            return try interpreter.string(transform(text))
        }
    }

    // MARK: - Any value

    @Sendable static func fallback(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        let values = try arguments.bound(to: ["default_value", "boolean"], of: "default")
        let isMissing = value.isUndefined || (values[1]?.isTrue == true && !value.isTrue)
        return isMissing ? values[0] ?? .string("") : value
    }

    @Sendable static func length(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        try arguments.none(of: "length")
        return .integer(try interpreter.length(of: value))
    }

    @Sendable static func string(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        try arguments.none(of: "string")
        return .string(try value.text(interpreter))
    }

    /// Only what Python has as an attribute, never an item.
    @Sendable static func attribute(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        let given = try arguments.bound(to: ["name"], required: 1, of: "attr")[0] ?? .none
        let name = try given.stringArgument(of: "attr")
        if case .undefined(let undefined) = value { throw undefined.error }
        return try interpreter.nativeAttribute(name, of: value)
            ?? .undefined(Undefined(.attribute(name, ofKind: value.kind)))
    }

    // MARK: - Shared

    /// The path of an attribute argument: `a.b.0` or one integer.
    static func path(_ attribute: Value?) throws(TemplateError) -> [Value] {
        guard let attribute = attribute.given else { return [] }
        guard case .string(let text) = attribute else { return [attribute] }
        return text.split(by: ".", limit: -1).map { part in
            let isNumber = !part.isEmpty && part.unicodeScalars.allSatisfy(\.isASCIIDigit)
            return isNumber ? Int(part).map { .integer($0) } ?? .string(part) : .string(part)
        }
    }

    /// What the path leads to; `missing` in place of each undefined step.
    static func follow(
        _ path: [Value], from item: Value, _ interpreter: Interpreter, missing: Value? = nil
    ) throws(TemplateError) -> Value {
        var value = item
        for part in path {
            value = try interpreter.item(part, of: value)
            if let missing, value.isUndefined { value = missing }
        }
        return value
    }

    /// A string in lower case unless case matters; other values as they are.
    static func folded(_ value: Value, _ isCaseSensitive: Bool) -> Value {
        guard !isCaseSensitive, case .string(let text) = value else { return value }
        return .string(text.pythonLower)
    }

    /// Counts the comparison of two values.
    static func precedes(_ a: Value, _ b: Value, _ interpreter: Interpreter) throws(TemplateError)
        -> Bool
    {
        try interpreter.charge(min(a.extent.weight, b.extent.weight))
        return try a.precedes(b)
    }
}

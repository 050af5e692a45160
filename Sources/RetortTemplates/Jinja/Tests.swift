// SPDX-License-Identifier: Apache-2.0

/// What may follow `is`.
enum Tests {
    /// Tests that are comparisons with their argument.
    private static let comparisons: [String: ComparisonOperator] = [
        "==": .equal, "eq": .equal, "equalto": .equal, "!=": .notEqual, "ne": .notEqual,
        ">": .greater, "gt": .greater, "greaterthan": .greater, ">=": .greaterOrEqual,
        "ge": .greaterOrEqual, "<": .less, "lt": .less, "lessthan": .less, "<=": .lessOrEqual,
        "le": .lessOrEqual,
    ]

    private static let withArgument: Set<String> = ["divisibleby", "sameas", "in"]

    private static let withoutArgument: Set<String> = [
        "boolean", "callable", "defined", "escaped", "even", "false", "filter", "float", "integer",
        "iterable", "lower", "mapping", "none", "number", "odd", "sequence", "string", "test",
        "true", "undefined", "upper",
    ]

    static func exists(_ name: String) -> Bool {
        withoutArgument.contains(name) || withArgument.contains(name) || comparisons[name] != nil
    }

    static func apply(
        _ name: String, to value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Bool {
        if withoutArgument.contains(name) {
            try arguments.none(of: name)
            return try test(value, name, interpreter)
        }
        if let comparison = comparisons[name] {
            let other = try arguments.positionalOnly(1...1, of: name)[0]
            return try interpreter.compare(comparison, value, other)
        }
        switch name {
        case "divisibleby":
            let divisor = try arguments.bound(to: ["num"], required: 1, of: name)[0] ?? .none
            return try interpreter.compute(.modulo, value, divisor).equals(.integer(0))
        case "sameas":
            let other = try arguments.bound(to: ["other"], required: 1, of: name)[0] ?? .none
            return value.isSame(as: other)
        case "in":
            let sequence = try arguments.bound(to: ["seq"], required: 1, of: name)[0] ?? .none
            return try sequence.contains(value, interpreter)
        default: throw .runtime("there is no test '\(name)'")
        }
    }

    private static func test(_ value: Value, _ name: String, _ interpreter: Interpreter)
        throws(TemplateError) -> Bool
    {
        switch name {
        case "odd":
            return try interpreter.compute(.modulo, value, .integer(2)).equals(.integer(1))
        case "even":
            return try interpreter.compute(.modulo, value, .integer(2)).equals(.integer(0))
        case "lower": return try value.text(interpreter).isCased(upper: false)
        case "upper": return try value.text(interpreter).isCased(upper: true)
        case "filter", "test":
            _ = try HashKey(checking: value)
            guard case .string(let text) = value else { return false }
            return name == "filter" ? Filters.table[text] != nil : exists(text)
        case "number": return value.number != nil
        case "undefined": return value.isUndefined
        case "defined": return !value.isUndefined
        case "none": return value.isNone
        default: return isKind(value, name)
        }
    }

    private static func isKind(_ value: Value, _ name: String) -> Bool {
        switch (name, value) {
        case ("boolean", .bool), ("true", .bool(true)), ("false", .bool(false)),
            ("integer", .integer), ("float", .float), ("string", .string), ("mapping", .dict):
            return true
        case ("sequence", .string), ("sequence", .list), ("sequence", .tuple),
            ("sequence", .dict), ("sequence", .range), ("sequence", .undefined):
            return true
        case ("iterable", .string), ("iterable", .list), ("iterable", .tuple),
            ("iterable", .dict), ("iterable", .range), ("iterable", .undefined),
            ("iterable", .view), ("iterable", .iterator), ("iterable", .loop):
            return true
        case ("callable", .undefined), ("callable", .loop), ("callable", .macro),
            ("callable", .function), ("callable", .method), ("callable", .joiner):
            return true
        default: return false
        }
    }
}

extension Value {
    var isUndefined: Bool {
        if case .undefined = self { return true }
        return false
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Python's `pprint.pformat` for containers; long strings are not broken.
enum PrettyPrinter {
    private static let width = 80

    @Sendable static func text(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        try arguments.none(of: "pprint")
        return try interpreter.string(
            try text(of: value, indent: 0, allowance: 0, interpreter))
    }

    /// - Parameters:
    ///   - indent: The column where the text starts.
    ///   - allowance: Columns that closing brackets behind it will take.
    private static func text(
        of value: Value, indent: Int, allowance: Int, _ interpreter: Interpreter
    ) throws(TemplateError) -> String {
        let line = try value.representation(interpreter, sortsKeys: true)
        if line.length <= width - indent - allowance { return line }
        switch value {
        case .list(let list):
            return try lines(list.items, "[", "]", indent, allowance, interpreter)
        case .tuple(let tuple):
            return try lines(
                tuple.items, "(", tuple.items.count == 1 ? ",)" : ")", indent, allowance,
                interpreter)
        case .dict(let dict):
            let entries = try dict.entries.stablySorted { (a, b) throws(TemplateError) in
                try a.key.precedes(b.key)
            }
            var result = "{"
            for (index, entry) in entries.enumerated() {
                let isLast = index == entries.count - 1
                let key = try entry.key.representation(interpreter) + ": "
                result += key
                result += try text(
                    of: entry.value, indent: indent + 1 + key.length,
                    allowance: isLast ? allowance + 1 : 1, interpreter)
                if !isLast { result += ",\n" + String(repeating: " ", count: indent + 1) }
                try interpreter.checkSize(result.utf8.count)
            }
            return result + "}"
        default: return line
        }
    }

    private static func lines(
        _ items: [Value], _ open: String, _ close: String, _ indent: Int, _ allowance: Int,
        _ interpreter: Interpreter
    ) throws(TemplateError) -> String {
        var result = open
        for (index, item) in items.enumerated() {
            let isLast = index == items.count - 1
            result += try text(
                of: item, indent: indent + 1, allowance: isLast ? allowance + close.utf8.count : 1,
                interpreter)
            if !isLast { result += ",\n" + String(repeating: " ", count: indent + 1) }
            try interpreter.checkSize(result.utf8.count)
        }
        return result + close
    }
}

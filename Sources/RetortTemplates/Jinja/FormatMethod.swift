// SPDX-License-Identifier: Apache-2.0
//
// Python's `str.format`: fields in braces with attributes, conversions and format specifications.

struct FormatMethod {
    private let interpreter: Interpreter
    private let arguments: CallArguments
    /// Numbered by themselves (`{}`) or by the template (`{0}`); never both.
    private var nextIndex = 0
    private var numbersItself: Bool?

    private init(_ arguments: CallArguments, _ interpreter: Interpreter) {
        self.arguments = arguments
        self.interpreter = interpreter
    }

    static func format(_ format: String, _ arguments: CallArguments, _ interpreter: Interpreter)
        throws(TemplateError) -> String
    {
        var method = FormatMethod(arguments, interpreter)
        try interpreter.charge(bytes: format.utf8.count)
        return try method.expanded(format.scalars, depth: 2)
    }

    /// - Parameter depth: How many levels of fields may still nest: a specification may hold fields.
    private mutating func expanded(_ format: [Unicode.Scalar], depth: Int) throws(TemplateError)
        -> String
    {
        guard depth > 0 else { throw .runtime("fields of a format string nest too deep") }
        var output = ""
        var index = 0
        while index < format.count {
            let scalar = format[index]
            let isDoubled = index + 1 < format.count && format[index + 1] == scalar
            if scalar == "{" || scalar == "}", isDoubled {
                output.unicodeScalars.append(scalar)
                index += 2
            } else if scalar == "{" {
                var end = index + 1
                var open = 1
                while end < format.count {
                    if format[end] == "{" { open += 1 }
                    if format[end] == "}" { open -= 1 }
                    if open == 0 { break }
                    end += 1
                }
                guard open == 0 else { throw .runtime("a format string has a '{' without '}'") }
                output += try field(Array(format[index + 1..<end]), depth: depth)
                try interpreter.checkSize(output.utf8.count)
                index = end + 1
            } else if scalar == "}" {
                throw .runtime("a format string has a '}' without '{'")
            } else {
                output.unicodeScalars.append(scalar)
                index += 1
            }
        }
        return output
    }

    /// `name!conversion:specification`
    private mutating func field(_ field: [Unicode.Scalar], depth: Int) throws(TemplateError)
        -> String
    {
        var brackets = 0
        let nameEnd =
            field.firstIndex { scalar in
                if scalar == "[" { brackets += 1 }
                if scalar == "]" { brackets -= 1 }
                return brackets <= 0 && (scalar == "!" || scalar == ":")
            } ?? field.count
        let name = field[..<nameEnd]
        guard !name.contains("{"), !name.contains("}") else {
            throw .runtime("a format string has a '{' in a field's name")
        }
        var value = try self.value(of: Array(name))
        var rest = field[nameEnd...]
        if rest.first == "!" {
            rest = rest.dropFirst()
            switch rest.popFirst() {
            case "r", "a": value = .string(try value.representation(interpreter))
            case "s": value = .string(try value.text(interpreter))
            default: throw .runtime("a format string has an unknown conversion")
            }
        }
        if let mark = rest.popFirst(), mark != ":" {
            throw .runtime("a format string needs ':' before a specification")
        }
        let specification = try expanded(Array(rest), depth: depth - (rest.isEmpty ? 0 : 1))
        return try FormatSpecification(specification.scalars, interpreter).text(of: value)
    }

    private mutating func value(of name: [Unicode.Scalar]) throws(TemplateError) -> Value {
        let firstEnd = name.firstIndex { $0 == "." || $0 == "[" } ?? name.count
        var value = try argument(String(scalars: name[..<firstEnd]))
        var rest = name[firstEnd...]
        while let mark = rest.popFirst() {
            if mark == "." {
                let part = rest.prefix { $0 != "." && $0 != "[" }
                guard !part.isEmpty else { throw Self.malformedName }
                rest = rest.dropFirst(part.count)
                value = try interpreter.attribute(String(scalars: part), of: value)
            } else if mark == "[" {
                let part = rest.prefix { $0 != "]" }
                guard !part.isEmpty, part.count < rest.count else { throw Self.malformedName }
                rest = rest.dropFirst(part.count + 1)
                let key = String(scalars: part)
                let index = part.allSatisfy(\.isASCIIDigit) ? Int(key) : nil
                value = try interpreter.item(index.map { .integer($0) } ?? .string(key), of: value)
            } else {
                throw Self.malformedName
            }
        }
        return value
    }

    private static var malformedName: TemplateError {
        .runtime("a format string has a malformed field name")
    }

    private mutating func argument(_ name: String) throws(TemplateError) -> Value {
        let isNumber = name.unicodeScalars.allSatisfy(\.isASCIIDigit)
        guard isNumber else {
            guard let keyword = arguments.keywords.first(where: { $0.name.sameText(as: name) })
            else { throw .runtime("a format string names a value that is not there") }
            return keyword.value
        }
        guard numbersItself ?? name.isEmpty == name.isEmpty else {
            throw .runtime("a format string numbers some of its fields and not others")
        }
        numbersItself = name.isEmpty
        let index = name.isEmpty ? nextIndex : Int(name) ?? .max
        nextIndex += 1
        guard index < arguments.positional.count else {
            throw .runtime("a format string needs more values than it was given")
        }
        return arguments.positional[index]
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Values as text: Python's `str` and `repr`.

import RetortJSON

extension Value {
    /// Python's `str`: what `{{ value }}` prints.
    func text(_ interpreter: Interpreter) throws(TemplateError) -> String {
        switch self {
        case .string(let text): return text
        case .undefined: return ""
        default: return try representation(interpreter)
        }
    }

    /// Python's `repr`.
    func representation(_ interpreter: Interpreter, sortsKeys: Bool = false) throws(TemplateError)
        -> String
    {
        var writer = RepresentationWriter(interpreter: interpreter, sortsKeys: sortsKeys)
        try writer.write(self, depth: 0)
        return writer.output
    }

    /// Python's `repr` of a float: the shortest digits that read back the same.
    static func text(of number: Double) -> String {
        if number.isNaN { return "nan" }
        if number.isInfinite { return number < 0 ? "-inf" : "inf" }
        return JSONValue.double(number).text()
    }

    /// Python's `repr` of a string.
    static func quoted(_ text: String) -> String {
        let quote: Unicode.Scalar =
            text.utf8.contains(UInt8(ascii: "'")) && !text.utf8.contains(UInt8(ascii: "\""))
            ? "\"" : "'"
        var result = TextBuilder(capacity: text.utf8.count + 2)
        result.append(quote)
        for scalar in text.unicodeScalars {
            switch scalar {
            case quote, "\\":
                result.append("\\" as Unicode.Scalar)
                result.append(scalar)
            case "\n": result.append("\\n")
            case "\r": result.append("\\r")
            case "\t": result.append("\\t")
            default:
                if scalar.isPythonPrintable {
                    result.append(scalar)
                } else {
                    let (mark, width) =
                        scalar.value <= 0xFF
                        ? ("\\x", 2) : scalar.value <= 0xFFFF ? ("\\u", 4) : ("\\U", 8)
                    let digits = String(scalar.value, radix: 16)
                    result.append(mark)
                    result.append(
                        String(repeating: "0", count: max(0, width - digits.utf8.count)))
                    result.append(digits)
                }
            }
        }
        result.append(quote)
        return result.text
    }
}

private struct RepresentationWriter {
    let interpreter: Interpreter
    let sortsKeys: Bool
    var output = ""

    /// - Parameter depth: Counted because a namespace may contain itself.
    mutating func write(_ value: Value, depth: Int) throws(TemplateError) {
        guard depth <= Extent.maximumDepth else { throw Extent.tooDeep }
        let start = output.utf8.count
        switch value {
        case .undefined: output += "Undefined"
        case .none: output += "None"
        case .bool(let flag): output += flag ? "True" : "False"
        case .integer(let number): output += String(number)
        case .float(let number): output += Value.text(of: number)
        case .string(let text): output += Value.quoted(text)
        case .list(let list): try write(list.items, "[", "]", depth)
        case .tuple(let tuple):
            try write(tuple.items, "(", tuple.items.count == 1 ? ",)" : ")", depth)
        case .dict(let dict): try write(dict, depth)
        case .range(let range):
            output += "range(\(range.start), \(range.stop)"
            output += range.step == 1 ? ")" : ", \(range.step))"
        case .view(let view):
            output += "dict_\(view.part.rawValue)("
            try write(try view.items(), "[", "]", depth)
            output += ")"
        case .namespace(let namespace):
            output += "<Namespace {"
            for (index, attribute) in namespace.attributes.enumerated() {
                if index > 0 { output += ", " }
                output += Value.quoted(attribute.name) + ": "
                try write(attribute.value, depth: depth + 1)
            }
            output += "}>"
        case .loop(let loop):
            output += "<LoopContext \(loop.index0 + 1)/\(try loop.length(interpreter))>"
        case .macro(let macro): output += "<Macro \(Value.quoted(macro.definition.name))>"
        case .iterator: output += "<generator object>"
        case .function(let function): output += "<function \(function.rawValue)>"
        case .method(let method): output += "<built-in method \(method.name)>"
        case .cycler: output += "<Cycler>"
        case .joiner: output += "<Joiner>"
        }
        try interpreter.charge(codePoints: output.utf8.count - start)
        try interpreter.checkSize(output.utf8.count)
    }

    private mutating func write(_ items: [Value], _ open: String, _ close: String, _ depth: Int)
        throws(TemplateError)
    {
        output += open
        for (index, item) in items.enumerated() {
            if index > 0 { output += ", " }
            try write(item, depth: depth + 1)
        }
        output += close
    }

    private mutating func write(_ dict: DictStorage, _ depth: Int) throws(TemplateError) {
        output += "{"
        for (index, entry) in try entries(of: dict).enumerated() {
            if index > 0 { output += ", " }
            try write(entry.key, depth: depth + 1)
            output += ": "
            try write(entry.value, depth: depth + 1)
        }
        output += "}"
    }

    private func entries(of dict: DictStorage) throws(TemplateError) -> [DictStorage.Entry] {
        guard sortsKeys else { return dict.entries }
        return try dict.entries.stablySorted { (a, b) throws(TemplateError) in
            try a.key.precedes(b.key)
        }
    }
}

extension Array {
    /// A stable merge sort, because the order of values can be an error.
    func stablySorted(_ precedes: (Element, Element) throws(TemplateError) -> Bool)
        throws(TemplateError) -> [Element]
    {
        guard count > 1 else { return self }
        var source = self
        var target = self
        var width = 1
        while width < count {
            var start = 0
            while start < count {
                let middle = Swift.min(start + width, count)
                let end = Swift.min(start + 2 * width, count)
                var left = start
                var right = middle
                for index in start..<end {
                    if right >= end {
                        target[index] = source[left]
                        left += 1
                    } else if left >= middle {
                        target[index] = source[right]
                        right += 1
                    } else if try precedes(source[right], source[left]) {
                        target[index] = source[right]
                        right += 1
                    } else {
                        target[index] = source[left]
                        left += 1
                    }
                }
                start = end
            }
            swap(&source, &target)
            width *= 2
        }
        return source
    }
}

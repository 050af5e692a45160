// SPDX-License-Identifier: Apache-2.0
//
// What Python finds as an attribute of a value. Methods win over keys for `value.name`, so a dict
// with a key "items" must be asked with `['items']`.

extension Interpreter {
    private static let dictMethods: Set<String> = ["get", "items", "keys", "values", "copy"]
    private static let listMethods: Set<String> = ["index", "count", "copy"]
    private static let tupleMethods: Set<String> = ["index", "count"]
    /// Methods that change their value, which the sandbox forbids.
    private static let forbidden: (dict: Set<String>, list: Set<String>) = (
        ["clear", "pop", "popitem", "setdefault", "update"],
        ["append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"]
    )

    /// The attribute, or nil where Python has none.
    func nativeAttribute(_ name: String, of value: Value) throws(TemplateError) -> Value? {
        func method(_ names: Set<String>) throws(TemplateError) -> Value? {
            names.contains(name) ? .method(try BoundMethod(value, name)) : nil
        }
        func unsafe(_ names: Set<String>) -> Value? {
            guard names.contains(name) else { return nil }
            return .undefined(hint: "'\(name)' would change \(value.kind), which is not allowed")
        }
        if name.startsWith("__"), name.endsWith("__") {
            return .undefined(hint: "access to '\(name)' is not allowed")
        }
        switch value {
        case .string: return try method(StringMethods.names)
        case .dict: return try method(Self.dictMethods) ?? unsafe(Self.forbidden.dict)
        case .list: return try method(Self.listMethods) ?? unsafe(Self.forbidden.list)
        case .tuple(let tuple):
            if tuple.isGroup, name == "grouper" { return tuple.items.first }
            if tuple.isGroup, name == "list" { return tuple.items.last }
            return try method(Self.tupleMethods)
        case .range(let range):
            switch name {
            case "start": return .integer(range.start)
            case "stop": return .integer(range.stop)
            case "step": return .integer(range.step)
            default: return try method(Self.tupleMethods)
            }
        case .namespace(let namespace): return namespace[name]
        case .loop(let loop): return try loop.attribute(name, self)
        case .cycler(let cycler):
            return name == "current" ? cycler.current : try method(["next", "reset"])
        case .macro(let macro) where name == "name": return .string(macro.definition.name)
        case .function(.dict): return try method(["fromkeys"])
        case .float: return try method(["is_integer"])
        default: return nil
        }
    }

    func call(_ method: BoundMethod, _ arguments: CallArguments) throws(TemplateError) -> Value {
        let name = method.name
        switch method.receiver {
        case .string(let text):
            if StringMethods.cheap.contains(name) {
                try charge(bytes: text.utf8.count)
            } else {
                try charge(codePoints: text.utf8.count)
            }
            return try StringMethods.call(name, on: text, arguments, self)
        case .dict(let dict): return try call(name, on: dict, arguments)
        case .loop(let loop):
            let values = try arguments.positionalOnly(0...1000, of: "loop.\(name)")
            if name == "cycle" { return try loop.cycle(values) }
            for value in values { try charge(value.extent.weight) }
            return .bool(loop.changed(values))
        case .cycler(let cycler):
            try arguments.none(of: name)
            if name == "next" { return cycler.next() }
            cycler.position = 0
            return .none
        case .function:
            let values = try arguments.positionalOnly(1...2, of: "dict.fromkeys")
            var builder = DictBuilder()
            let shared = values.count == 2 ? values[1] : .none
            for key in try items(of: values[0]) { try builder.set(key, shared) }
            return try builder.dict()
        case .float(let number): return .bool(number.isFinite && number.rounded() == number)
        default:
            if name == "copy" { return method.receiver }
            return try search(name, in: method.receiver, arguments)
        }
    }

    private func call(_ name: String, on dict: DictStorage, _ arguments: CallArguments)
        throws(TemplateError) -> Value
    {
        switch name {
        case "get":
            let values = try arguments.positionalOnly(1...2, of: name)
            return try dict.value(for: values[0]) ?? (values.count == 2 ? values[1] : .none)
        case "copy":
            try arguments.none(of: name)
            return .dict(dict)
        default:
            try arguments.none(of: name)
            guard let part = DictView.Part(rawValue: name) else { return .none }
            return .view(try DictView(dict, part))
        }
    }

    /// `index` and `count` of a sequence.
    private func search(_ name: String, in sequence: Value, _ arguments: CallArguments)
        throws(TemplateError) -> Value
    {
        let values = try arguments.positionalOnly(1...(name == "index" ? 3 : 1), of: name)
        let items = try self.items(of: sequence)
        try charge(sequence.extent.weight)
        if name == "count" {
            return .integer(items.reduce(0) { $0 + ($1.equals(values[0]) ? 1 : 0) })
        }
        func bound(_ position: Int, _ fallback: Int) throws(TemplateError) -> Int {
            guard values.count > position else { return fallback }
            let index = try values[position].integerArgument(of: name)
            return max(0, min(index < 0 ? index &+ items.count : index, items.count))
        }
        let start = try bound(1, 0)
        let end = try bound(2, items.count)
        if start < end, let index = items[start..<end].firstIndex(where: { $0.equals(values[0]) }) {
            return .integer(index)
        }
        throw .runtime("'index' did not find the value in \(sequence.kind)")
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Walks a parsed template. One interpreter renders once; steps, nesting and sizes are counted so
// that every template ends, with text or with an error.

import RetortJSON

final class Interpreter {
    let template: Template
    let limits: ChatTemplate.Limits
    let now: CalendarTime
    /// The caller's variables and Jinja's functions, by `NameID`.
    private var globals: [Value?]
    private let root = Scope(parent: nil)
    private var steps: Int
    var depth = 0
    /// The line of the statement that runs, for errors.
    var line = 1
    /// What is written; a macro or a captured block swaps it for its own.
    var output: [UInt8] = []
    /// How many captures are open: at 0 `output` is the rendered text.
    var capturing = 0
    /// Byte ranges of `{% generation %}` blocks in the rendered text.
    var generations: [Range<Int>] = []
    /// Everything that can be part of a reference cycle, emptied at the end.
    private var namespaces: [Namespace] = []
    private var closures: [Scope] = []

    init(
        _ template: Template, context: JSONObject, now: CalendarTime, limits: ChatTemplate.Limits
    ) throws(TemplateError) {
        self.template = template
        self.limits = limits
        self.now = now
        steps = limits.maximumSteps
        globals = []
        for name in template.names {
            if let value = context[name] {
                globals.append(try self.value(value, depth: 0))
            } else {
                globals.append(GlobalFunction(rawValue: name).map { .function($0) })
            }
        }
    }

    /// Renders the template. To be called once.
    func render() throws(TemplateError) {
        defer {
            root.clear()
            for scope in closures { scope.clear() }
            for namespace in namespaces { namespace.clear() }
        }
        do throws(TemplateError) {
            _ = try execute(template.body, root)
        } catch {
            throw error.located(line)
        }
    }

    // MARK: - Limits

    /// Counts steps.
    func charge(_ count: Int) throws(TemplateError) {
        steps -= min(max(count, 1), limits.maximumSteps)
        guard steps >= 0 else {
            throw .limit("the template takes more than \(limits.maximumSteps) steps")
        }
    }

    /// Counts copying text.
    func charge(bytes: Int) throws(TemplateError) { try charge(1 + bytes / 32) }

    /// Counts work that looks at each code point.
    func charge(codePoints: Int) throws(TemplateError) { try charge(1 + codePoints / 4) }

    /// Refuses text and lists that are too big.
    func checkSize(_ bytes: Int) throws(TemplateError) {
        guard bytes <= limits.maximumOutputBytes else {
            throw .limit("a text is longer than \(limits.maximumOutputBytes) bytes")
        }
    }

    /// A string that was computed.
    func string(_ text: String) throws(TemplateError) -> Value {
        try charge(bytes: text.utf8.count)
        try checkSize(text.utf8.count)
        return .string(text)
    }

    /// A list that was computed.
    func list(_ items: [Value]) throws(TemplateError) -> Value {
        try charge(items.count)
        return try .list(items)
    }

    /// Counts one level of evaluation; the caller takes it from `depth` again.
    func enter() throws(TemplateError) {
        guard depth < limits.maximumEvaluationDepth else {
            throw .limit(
                "evaluation nests deeper than \(limits.maximumEvaluationDepth) levels:"
                    + " does a macro call itself without end?")
        }
        depth += 1
    }

    // MARK: - Output

    func write(_ text: String) throws(TemplateError) {
        try charge(bytes: text.utf8.count)
        try checkSize(output.count + text.utf8.count)
        output.append(contentsOf: text.utf8)
    }

    /// What `body` writes.
    func captured(_ body: () throws(TemplateError) -> Void) throws(TemplateError) -> String {
        let outer = output
        output = []
        capturing += 1
        defer {
            output = outer
            capturing -= 1
        }
        try body()
        try charge(bytes: output.count)
        return String(decoding: output, as: UTF8.self)
    }

    // MARK: - Variables

    func lookUp(_ id: NameID, in scope: Scope) -> Value {
        var current: Scope? = scope
        while let scope = current {
            if let value = scope[id] { return value }
            current = scope.parent
        }
        return globals[id] ?? .undefined(Undefined(.variable(template.names[id])))
    }

    func assign(_ value: Value, to target: Target, in scope: Scope) throws(TemplateError) {
        switch target {
        case .name(let id): scope.set(id, value)
        case .attribute(let id, let name):
            guard case .namespace(let namespace) = lookUp(id, in: scope) else {
                throw .runtime(
                    "an attribute can be set only on a namespace, and '\(template.names[id])'"
                        + " is none")
            }
            try set(name, of: namespace, to: value)
        case .tuple(let targets):
            let items = try self.items(of: value)
            guard items.count == targets.count else {
                throw .runtime("cannot unpack \(items.count) values into \(targets.count) names")
            }
            for (target, item) in zip(targets, items) { try assign(item, to: target, in: scope) }
        }
    }

    func set(_ name: String, of namespace: Namespace, to value: Value) throws(TemplateError) {
        guard !name.startsWith("_") else {
            throw .runtime("a namespace cannot have '\(name)': rename it without the underscore")
        }
        try charge(1 + namespace.attributes.count / 8)
        namespace[name] = value
    }

    func makeNamespace() -> Namespace {
        let namespace = Namespace()
        namespaces.append(namespace)
        return namespace
    }

    func makeMacro(_ definition: MacroDefinition, in scope: Scope) -> Value {
        closures.append(scope)
        return .macro(Macro(definition, in: scope))
    }

    // MARK: - Values

    /// A value of the caller.
    private func value(_ json: JSONValue, depth: Int) throws(TemplateError) -> Value {
        guard depth <= Extent.maximumDepth else { throw Extent.tooDeep }
        switch json {
        case .null: return .none
        case .bool(let flag): return .bool(flag)
        case .integer(let number): return .integer(Int(number))
        case .double(let number): return .float(number)
        case .string(let text): return .string(text)
        case .array(let elements):
            var items: [Value] = []
            items.reserveCapacity(elements.count)
            for element in elements { items.append(try value(element, depth: depth + 1)) }
            return try .list(items)
        case .object(let object):
            var builder = DictBuilder()
            for member in object.members {
                try builder.set(.string(member.key), try value(member.value, depth: depth + 1))
            }
            return try builder.dict()
        }
    }

    /// The items that iterating yields.
    func items(of value: Value) throws(TemplateError) -> [Value] {
        let items: [Value]
        switch value {
        case .list(let list), .tuple(let list): return list.items
        case .undefined: return []
        case .string(let text): items = text.unicodeScalars.map { .string(String($0)) }
        case .dict(let dict): items = dict.entries.map(\.key)
        case .range(let range): items = range.items
        case .view(let view): items = try view.items()
        case .iterator(let iterator): items = try iterator.rest(self)
        default: throw .runtime("cannot iterate over \(value.kind)")
        }
        try charge(items.count)
        return items
    }

    /// Python's `len`.
    func length(of value: Value) throws(TemplateError) -> Int {
        switch value {
        case .string(let text):
            try charge(codePoints: text.utf8.count / 4)
            return text.length
        case .list(let list), .tuple(let list): return list.items.count
        case .dict(let dict): return dict.entries.count
        case .range(let range): return range.count
        case .view(let view): return view.dict.entries.count
        case .loop(let loop): return try loop.length(self)
        case .undefined: return 0
        default: throw .runtime("\(value.kind) has no length")
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// What a template computes with: Python's values as far as chat templates use them. Containers are
// immutable references, so that a copy costs nothing; each knows how deep it nests and how much it
// holds, which bounds every walk over values.

enum Value {
    case undefined(Undefined)
    case none
    case bool(Bool)
    case integer(Int)
    case float(Double)
    case string(String)
    case list(ListStorage)
    case tuple(ListStorage)
    case dict(DictStorage)
    case range(RangeStorage)
    /// `dict.keys()`, `.values()`, `.items()`
    case view(DictView)
    /// What Python's generators are: run through once.
    case iterator(LazyIterator)
    case namespace(Namespace)
    case loop(LoopState)
    case macro(Macro)
    case function(GlobalFunction)
    case method(BoundMethod)
    case cycler(Cycler)
    case joiner(Joiner)

    /// How deep containers nest in this value (0 for a scalar), and how much a walk over it visits.
    var extent: Extent {
        switch self {
        case .string(let text): return Extent(depth: 0, weight: 1 + text.utf8.count / 32)
        case .list(let list), .tuple(let list): return list.extent
        case .dict(let dict): return dict.extent
        case .view(let view): return view.extent
        case .iterator(let iterator): return Extent(depth: iterator.depth, weight: 1)
        case .method(let method): return method.extent
        case .cycler(let cycler): return cycler.items.extent
        case .range(let range): return Extent(depth: 0, weight: 1 + range.count)
        default: return Extent(depth: 0, weight: 1)
        }
    }

    static func list(_ items: [Value]) throws(TemplateError) -> Value {
        .list(try ListStorage(items))
    }

    static func tuple(_ items: [Value]) throws(TemplateError) -> Value {
        .tuple(try ListStorage(items))
    }

    static func undefined(hint: String) -> Value { .undefined(Undefined(.hint(hint))) }
}

/// The size of a value. One value may hold another many times, so that a few steps of a template
/// could make a value whose walk never ends; hence the limits.
struct Extent {
    static let maximumDepth = 200
    static let maximumWeight = 1 << 23

    private(set) var depth: Int
    private(set) var weight: Int

    init(depth: Int, weight: Int) {
        self.depth = depth
        self.weight = weight
    }

    /// A container of these.
    init(around parts: some Sequence<Extent>) throws(TemplateError) {
        self.init(depth: 0, weight: 1)
        for part in parts { include(part) }
        try close()
    }

    /// A dict of these entries.
    init(around entries: [DictStorage.Entry]) throws(TemplateError) {
        self.init(depth: 0, weight: 1)
        for entry in entries {
            include(entry.key.extent)
            include(entry.value.extent)
        }
        try close()
    }

    private mutating func include(_ part: Extent) {
        depth = max(depth, part.depth)
        weight = min(weight + part.weight, Self.maximumWeight)
    }

    private mutating func close() throws(TemplateError) {
        depth += 1
        guard depth <= Self.maximumDepth else { throw Self.tooDeep }
        guard weight < Self.maximumWeight else {
            throw .limit("a value holds more than \(Self.maximumWeight) others")
        }
    }

    static var tooDeep: TemplateError {
        .limit("a value nests deeper than \(maximumDepth) levels")
    }
}

/// Why there is no value; told when an operation needs one.
final class Undefined {
    enum Reason {
        case variable(String)
        case attribute(String, ofKind: String)
        case item(ofKind: String)
        case hint(String)
    }

    let reason: Reason

    init(_ reason: Reason) { self.reason = reason }

    var error: TemplateError {
        switch reason {
        case .variable(let name): return .runtime("'\(name)' is undefined")
        case .attribute(let name, let kind): return .runtime("\(kind) has no attribute '\(name)'")
        case .item(let kind): return .runtime("\(kind) has no such element")
        case .hint(let hint): return .runtime(hint)
        }
    }
}

/// The items of a list or tuple.
final class ListStorage {
    let items: [Value]
    let extent: Extent
    /// Made by `groupby`: the two items are also `.grouper` and `.list`.
    let isGroup: Bool

    init(_ items: [Value], isGroup: Bool = false) throws(TemplateError) {
        self.items = items
        self.isGroup = isGroup
        extent = try Extent(around: items.lazy.map(\.extent))
    }
}

/// A dict: entries in the order of insertion, an index once there are many.
final class DictStorage {
    struct Entry {
        let key: Value
        let value: Value
    }

    let entries: [Entry]
    let extent: Extent
    private let index: [HashKey: Int]?

    fileprivate init(_ entries: [Entry], index: [HashKey: Int]?) throws(TemplateError) {
        self.entries = entries
        self.index = index
        extent = try Extent(around: entries)
    }

    subscript(text key: String) -> Value? {
        if let index { return index[HashKey(.string(key))].map { entries[$0].value } }
        for entry in entries {
            if case .string(let text) = entry.key, text.sameText(as: key) { return entry.value }
        }
        return nil
    }

    /// - Throws: if the key is a value that Python cannot hash.
    func value(for key: Value) throws(TemplateError) -> Value? {
        if case .string(let text) = key { return self[text: text] }
        let hashed = try HashKey(checking: key)
        if let index { return index[hashed].map { entries[$0].value } }
        return entries.first { $0.key.equals(key) }?.value
    }
}

/// Collects the entries of a dict.
struct DictBuilder {
    private var entries: [DictStorage.Entry] = []
    private var index: [HashKey: Int] = [:]
    private static let linearLimit = 8

    mutating func set(_ key: Value, _ value: Value) throws(TemplateError) {
        let hashed = try HashKey(checking: key)
        let position: Int?
        if entries.count > Self.linearLimit {
            position = index[hashed]
        } else {
            position = entries.firstIndex { $0.key.equals(key) }
        }
        if let position {
            entries[position] = .init(key: entries[position].key, value: value)
            return
        }
        entries.append(.init(key: key, value: value))
        if entries.count > Self.linearLimit + 1 {
            index[hashed] = entries.count - 1
        } else if entries.count == Self.linearLimit + 1 {
            for (position, entry) in entries.enumerated() {
                index[HashKey(entry.key)] = position
            }
        }
    }

    func dict() throws(TemplateError) -> Value {
        .dict(
            try DictStorage(entries, index: entries.count > Self.linearLimit ? index : nil))
    }
}

final class RangeStorage {
    /// As in the sandbox of Jinja.
    static let maximumCount = 100_000
    let start: Int
    let stop: Int
    let step: Int
    let count: Int

    init(start: Int, stop: Int, step: Int) throws(TemplateError) {
        guard step != 0 else { throw .runtime("range() needs a step that is not zero") }
        self.start = start
        self.stop = stop
        self.step = step
        let isEmpty = step > 0 ? start >= stop : start <= stop
        if isEmpty {
            count = 0
            return
        }
        let (distance, overflow) =
            step > 0
            ? stop.subtractingReportingOverflow(start) : start.subtractingReportingOverflow(stop)
        let wide = overflow ? UInt.max : UInt(distance)
        let steps = (wide - 1) / step.magnitude
        guard steps < UInt(Self.maximumCount) else {
            throw .runtime("range() is limited to \(Self.maximumCount) items")
        }
        count = Int(steps) + 1
    }

    /// The item at an index below `count`.
    subscript(index: Int) -> Int { start &+ index &* step }

    var items: [Value] { (0..<count).map { .integer(self[$0]) } }
}

final class DictView {
    enum Part: String {
        case keys, values, items
    }

    let dict: DictStorage
    let part: Part
    let extent: Extent

    init(_ dict: DictStorage, _ part: Part) throws(TemplateError) {
        self.dict = dict
        self.part = part
        extent = try Extent(around: CollectionOfOne(dict.extent))
    }

    func items() throws(TemplateError) -> [Value] {
        var items: [Value] = []
        items.reserveCapacity(dict.entries.count)
        for entry in dict.entries {
            switch part {
            case .keys: items.append(entry.key)
            case .values: items.append(entry.value)
            case .items: items.append(try .tuple([entry.key, entry.value]))
            }
        }
        return items
    }
}

/// Items that are computed when first asked for, and handed out once.
final class LazyIterator {
    typealias Source = (Interpreter) throws(TemplateError) -> [Value]
    let depth: Int
    private var source: Source?
    private var items: ArraySlice<Value> = []

    /// - Parameter depth: How deep the values nest that the source refers to.
    init(over depth: Int, _ source: @escaping Source) throws(TemplateError) {
        // A chain of sources recurses when it runs, with larger frames than a container's.
        guard depth + 8 <= Extent.maximumDepth else { throw Extent.tooDeep }
        self.depth = depth + 8
        self.source = source
    }

    /// Everything that was not handed out yet.
    func rest(_ interpreter: Interpreter) throws(TemplateError) -> [Value] {
        try load(interpreter)
        defer { items = [] }
        return Array(items)
    }

    func next(_ interpreter: Interpreter) throws(TemplateError) -> Value? {
        try load(interpreter)
        return items.popFirst()
    }

    private func load(_ interpreter: Interpreter) throws(TemplateError) {
        guard let source else { return }
        self.source = nil
        items = try source(interpreter)[...]
    }
}

/// The one value that a template may change.
final class Namespace {
    private(set) var attributes: [(name: String, value: Value)] = []

    subscript(name: String) -> Value? {
        get { attributes.first { $0.name.sameText(as: name) }?.value }
        set {
            guard let newValue else { return }
            if let index = attributes.firstIndex(where: { $0.name.sameText(as: name) }) {
                attributes[index].value = newValue
            } else {
                attributes.append((name, newValue))
            }
        }
    }

    func clear() { attributes = [] }
}

final class Macro {
    let definition: MacroDefinition
    let scope: Scope

    init(_ definition: MacroDefinition, in scope: Scope) {
        self.definition = definition
        self.scope = scope
    }
}

/// A method of a string, list, tuple or dict with the value it belongs to.
final class BoundMethod {
    let receiver: Value
    let name: String
    let extent: Extent

    init(_ receiver: Value, _ name: String) throws(TemplateError) {
        self.receiver = receiver
        self.name = name
        extent = try Extent(around: CollectionOfOne(receiver.extent))
    }
}

final class Cycler {
    let items: ListStorage
    var position = 0

    init(_ items: ListStorage) { self.items = items }

    var current: Value { items.items[position] }

    func next() -> Value {
        defer { position = (position + 1) % items.items.count }
        return current
    }
}

final class Joiner {
    let separator: String
    var isUsed = false

    init(_ separator: String) { self.separator = separator }
}

/// The variables of one block. Blocks are few and small: look-up is linear.
final class Scope {
    let parent: Scope?
    private var variables: [(id: NameID, value: Value)] = []

    init(parent: Scope?) { self.parent = parent }

    subscript(id: NameID) -> Value? {
        for variable in variables where variable.id == id { return variable.value }
        return nil
    }

    func set(_ id: NameID, _ value: Value) {
        if let index = variables.firstIndex(where: { $0.id == id }) {
            variables[index].value = value
        } else {
            variables.append((id, value))
        }
    }

    /// Breaks reference cycles through macros.
    func clear() { variables = [] }
}

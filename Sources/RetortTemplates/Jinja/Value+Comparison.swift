// SPDX-License-Identifier: Apache-2.0
//
// Python's truth, equality, hashing and order. Recursion is bounded by the depth of containers.

extension Value {
    /// What Python's `bool()` says.
    var isTrue: Bool {
        switch self {
        case .undefined, .none: return false
        case .bool(let flag): return flag
        case .integer(let number): return number != 0
        case .float(let number): return number != 0
        case .string(let text): return !text.isEmpty
        case .list(let list), .tuple(let list): return !list.items.isEmpty
        case .dict(let dict): return !dict.entries.isEmpty
        case .range(let range): return range.count > 0
        case .view(let view): return !view.dict.entries.isEmpty
        default: return true
        }
    }

    /// Booleans count as integers, as in Python.
    var number: Number? {
        switch self {
        case .bool(let flag): return .integer(flag ? 1 : 0)
        case .integer(let number): return .integer(number)
        case .float(let number): return .float(number)
        default: return nil
        }
    }

    /// Python's `==`.
    func equals(_ other: Value) -> Bool {
        switch (self, other) {
        case (.string(let a), .string(let b)): return a.sameText(as: b)
        case (.none, .none), (.undefined, .undefined): return true
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
            return a === b || Self.equal(a.items, b.items)
        case (.dict(let a), .dict(let b)):
            if a === b { return true }
            guard a.entries.count == b.entries.count else { return false }
            return a.entries.allSatisfy { entry in
                guard let match = try? b.value(for: entry.key) else { return false }
                return entry.value.equals(match)
            }
        case (.range(let a), .range(let b)):
            guard a.count == b.count else { return false }
            return a.count == 0 || (a.start == b.start && (a.count == 1 || a.step == b.step))
        case (.namespace, _), (.loop, _), (.macro, _), (.iterator, _), (.view, _), (.cycler, _),
            (.joiner, _), (.function, _):
            return isSame(as: other)
        case (.method(let a), .method(let b)):
            return a.name == b.name && a.receiver.isSame(as: b.receiver)
        default:
            guard let a = number, let b = other.number else { return false }
            return a.equals(b)
        }
    }

    private static func equal(_ a: [Value], _ b: [Value]) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { $0.equals($1) }
    }

    /// Python's `is`, as far as values here have an identity.
    func isSame(as other: Value) -> Bool {
        switch (self, other) {
        case (.none, .none): return true
        case (.bool(let a), .bool(let b)): return a == b
        case (.integer(let a), .integer(let b)): return a == b
        case (.float(let a), .float(let b)): return a == b
        case (.string(let a), .string(let b)): return a.sameText(as: b)
        case (.undefined(let a), .undefined(let b)): return a === b
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)): return a === b
        case (.dict(let a), .dict(let b)): return a === b
        case (.range(let a), .range(let b)): return a === b
        case (.view(let a), .view(let b)): return a === b
        case (.iterator(let a), .iterator(let b)): return a === b
        case (.namespace(let a), .namespace(let b)): return a === b
        case (.loop(let a), .loop(let b)): return a === b
        case (.macro(let a), .macro(let b)): return a === b
        case (.method(let a), .method(let b)): return a === b
        case (.cycler(let a), .cycler(let b)): return a === b
        case (.joiner(let a), .joiner(let b)): return a === b
        case (.function(let a), .function(let b)): return a == b
        default: return false
        }
    }

    /// Python's `<`.
    func precedes(_ other: Value) throws(TemplateError) -> Bool {
        switch (self, other) {
        case (.string(let a), .string(let b)): return a.precedes(b)
        case (.undefined(let undefined), _), (_, .undefined(let undefined)): throw undefined.error
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
            for (x, y) in zip(a.items, b.items) where !x.equals(y) { return try x.precedes(y) }
            return a.items.count < b.items.count
        default:
            guard let a = number, let b = other.number else {
                throw .runtime("cannot order \(kind) and \(other.kind)")
            }
            return a.precedes(b)
        }
    }

    /// `needle in self`
    func contains(_ needle: Value, _ interpreter: Interpreter) throws(TemplateError) -> Bool {
        switch self {
        case .string(let text):
            guard case .string(let part) = needle else {
                throw .runtime("only a string can be in a string, found \(needle.kind)")
            }
            try interpreter.charge(bytes: text.utf8.count)
            return text.containsText(part)
        case .dict(let dict): return try dict.value(for: needle) != nil
        case .view(let view) where view.part == .keys:
            return try view.dict.value(for: needle) != nil
        default:
            let items = try interpreter.items(of: self)
            try interpreter.charge(extent.weight)
            for item in items where item.isSame(as: needle) || item.equals(needle) { return true }
            return false
        }
    }

    /// What kind of value this is, for error messages.
    var kind: String {
        switch self {
        case .undefined: return "an undefined value"
        case .none: return "none"
        case .bool: return "a boolean"
        case .integer: return "an integer"
        case .float: return "a float"
        case .string: return "a string"
        case .list: return "a list"
        case .tuple: return "a tuple"
        case .dict: return "a dict"
        case .range: return "a range"
        case .view: return "a dict view"
        case .iterator: return "an iterator"
        case .namespace: return "a namespace"
        case .loop: return "a loop"
        case .macro: return "a macro"
        case .function: return "a function"
        case .method: return "a method"
        case .cycler: return "a cycler"
        case .joiner: return "a joiner"
        }
    }
}

/// An integer or a float, compared exactly.
enum Number {
    case integer(Int)
    case float(Double)

    var double: Double {
        switch self {
        case .integer(let number): return Double(number)
        case .float(let number): return number
        }
    }

    func equals(_ other: Number) -> Bool {
        switch (self, other) {
        case (.integer(let a), .integer(let b)): return a == b
        case (.float(let a), .float(let b)): return a == b
        case (.integer(let a), .float(let b)), (.float(let b), .integer(let a)):
            return Int(exactly: b) == a
        }
    }

    func precedes(_ other: Number) -> Bool {
        switch (self, other) {
        case (.integer(let a), .integer(let b)): return a < b
        case (.float(let a), .float(let b)): return a < b
        case (.integer(let a), .float(let b)):
            if let whole = Int(exactly: b.rounded(.down)) {
                return a < whole || (a == whole && b > b.rounded(.down))
            }
            return b > 0
        case (.float(let a), .integer(let b)):
            if let whole = Int(exactly: a.rounded(.down)) { return whole < b }
            return a < 0
        }
    }
}

/// A value as a key of a dict: equal numbers are one key, whatever their type.
struct HashKey: Hashable {
    private let value: Value

    init(_ value: Value) { self.value = value }

    init(checking value: Value) throws(TemplateError) {
        try Self.check(value)
        // Keys are compared and hashed often, and those of real templates are short.
        guard value.extent.weight <= 1 << 16 else { throw .limit("a key is too big") }
        self.value = value
    }

    private static func check(_ value: Value) throws(TemplateError) {
        switch value {
        case .list, .dict: throw .runtime("\(value.kind) cannot be a key")
        case .tuple(let tuple): for item in tuple.items { try check(item) }
        default: break
        }
    }

    static func == (a: HashKey, b: HashKey) -> Bool { a.value.equals(b.value) }

    func hash(into hasher: inout Hasher) { Self.hash(value, &hasher) }

    private static func hash(_ value: Value, _ hasher: inout Hasher) {
        switch value {
        case .string(var text):
            text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        case .bool, .integer, .float:
            if let number = value.number { hash(number, &hasher) }
        case .tuple(let tuple): for item in tuple.items { hash(item, &hasher) }
        default: hasher.combine(0)
        }
    }

    private static func hash(_ number: Number, _ hasher: inout Hasher) {
        switch number {
        case .integer(let integer): hasher.combine(integer)
        case .float(let double):
            if let integer = Int(exactly: double) {
                hasher.combine(integer)
            } else {
                hasher.combine(double)
            }
        }
    }
}

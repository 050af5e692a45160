// SPDX-License-Identifier: Apache-2.0

/// The state of a loop that runs, which the template sees as `loop`.
final class LoopState {
    let loop: Loop
    /// Where the loop stands: each pass has a scope inside this one.
    let scope: Scope
    let depth0: Int
    private(set) var index0 = -1
    private var items: [Value]
    private var position = 0
    /// An item that was taken early because the template asked what follows.
    private var following: Value?
    private var current: Value?
    private var previous: Value?
    private var lastChanged: [Value]?
    private var knownLength: Int?
    /// Whether the filter was applied to all that is left, to count it.
    private var isFiltered = false

    init(_ items: [Value], of loop: Loop, in scope: Scope, isSized: Bool, depth0: Int) {
        self.items = items
        self.loop = loop
        self.scope = scope
        self.depth0 = depth0
        if isSized, loop.filter == nil { knownLength = items.count }
    }

    func advance(_ interpreter: Interpreter) throws(TemplateError) -> Value? {
        guard let next = try peek(interpreter) else { return nil }
        following = nil
        index0 += 1
        previous = current
        current = next
        return next
    }

    /// The next item that passes the loop's filter, which may see what the body changed.
    private func take(_ interpreter: Interpreter) throws(TemplateError) -> Value? {
        while position < items.count {
            let item = items[position]
            position += 1
            guard let filter = loop.filter, !isFiltered else { return item }
            try interpreter.charge(1)
            let inner = Scope(parent: scope)
            try interpreter.assign(item, to: loop.target, in: inner)
            if try interpreter.evaluate(filter, inner).isTrue { return item }
        }
        return nil
    }

    private func peek(_ interpreter: Interpreter) throws(TemplateError) -> Value? {
        if following == nil { following = try take(interpreter) }
        return following
    }

    func length(_ interpreter: Interpreter) throws(TemplateError) -> Int {
        if let knownLength { return knownLength }
        var rest: [Value] = []
        while let item = try take(interpreter) { rest.append(item) }
        let length = index0 + 1 + (following == nil ? 0 : 1) + rest.count
        items = rest
        position = 0
        isFiltered = true
        knownLength = length
        return length
    }

    // MARK: - What templates read

    func attribute(_ name: String, _ interpreter: Interpreter) throws(TemplateError) -> Value? {
        switch name {
        case "index": return .integer(index0 + 1)
        case "index0": return .integer(index0)
        case "first": return .bool(index0 == 0)
        case "last": return .bool(try peek(interpreter) == nil)
        case "length": return .integer(try length(interpreter))
        case "revindex": return .integer(try length(interpreter) - index0)
        case "revindex0": return .integer(try length(interpreter) - index0 - 1)
        case "depth": return .integer(depth0 + 1)
        case "depth0": return .integer(depth0)
        case "previtem":
            guard index0 > 0, let previous else {
                return .undefined(hint: "there is no previous item")
            }
            return previous
        case "nextitem": return try peek(interpreter) ?? .undefined(hint: "there is no next item")
        case "cycle", "changed": return .method(try BoundMethod(.loop(self), name))
        default: return nil
        }
    }

    func cycle(_ values: [Value]) throws(TemplateError) -> Value {
        guard !values.isEmpty else { throw .runtime("loop.cycle() needs items") }
        return values[max(index0, 0) % values.count]
    }

    func changed(_ values: [Value]) -> Bool {
        let isSame = lastChanged.map { last in
            last.count == values.count && zip(last, values).allSatisfy { $0.equals($1) }
        }
        if isSame == true { return false }
        lastChanged = values
        return true
    }
}

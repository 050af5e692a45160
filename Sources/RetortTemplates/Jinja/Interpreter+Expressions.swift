// SPDX-License-Identifier: Apache-2.0

extension Interpreter {
    func evaluate(_ expression: Expression, _ scope: Scope) throws(TemplateError) -> Value {
        try charge(1)
        switch expression {
        case .none: return .none
        case .bool(let flag): return .bool(flag)
        case .integer(let number): return .integer(number)
        case .float(let number): return .float(number)
        case .string(let text): return .string(text)
        case .name(let id): return lookUp(id, in: scope)
        default:
            try enter()
            defer { depth -= 1 }
            return try evaluateNested(expression, scope)
        }
    }

    private func evaluateNested(_ expression: Expression, _ scope: Scope) throws(TemplateError)
        -> Value
    {
        switch expression {
        case .list(let items): return try .list(try evaluate(items, scope))
        case .tuple(let items): return try .tuple(try evaluate(items, scope))
        case .dict(let items): return try dict(items, scope)
        case .negate(let operand): return try evaluate(operand, scope).negated()
        case .plus(let operand): return try evaluate(operand, scope).withPlus()
        case .not(let operand): return .bool(!(try evaluate(operand, scope).isTrue))
        case .arithmetic(let first, let rest): return try arithmetic(first, rest, scope)
        case .concatenation(let parts): return try concatenation(parts, scope)
        case .and(let operands): return try firstOperand(operands, thatIs: false, scope)
        case .or(let operands): return try firstOperand(operands, thatIs: true, scope)
        case .comparison(let first, let rest): return try comparison(first, rest, scope)
        case .conditional(let test, let then, let otherwise):
            if try evaluate(test, scope).isTrue { return try evaluate(then, scope) }
            if let otherwise { return try evaluate(otherwise, scope) }
            return .undefined(hint: "an 'if' without 'else' was false, so there is no value")
        case .postfix(let base, let operations): return try postfix(base, operations, scope)
        case .none, .bool, .integer, .float, .string, .name: return .none
        }
    }

    func evaluate(_ expressions: [Expression], _ scope: Scope) throws(TemplateError) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(expressions.count)
        for expression in expressions { values.append(try evaluate(expression, scope)) }
        return values
    }

    private func dict(_ items: [(key: Expression, value: Expression)], _ scope: Scope)
        throws(TemplateError) -> Value
    {
        var builder = DictBuilder()
        for item in items {
            let key = try evaluate(item.key, scope)
            try builder.set(key, try evaluate(item.value, scope))
        }
        return try builder.dict()
    }

    private func arithmetic(
        _ first: Expression, _ rest: [(operation: ArithmeticOperator, operand: Expression)],
        _ scope: Scope
    ) throws(TemplateError) -> Value {
        var value = try evaluate(first, scope)
        for (operation, operand) in rest {
            value = try compute(operation, value, try evaluate(operand, scope))
        }
        return value
    }

    private func concatenation(_ parts: [Expression], _ scope: Scope) throws(TemplateError)
        -> Value
    {
        var text = ""
        for value in try evaluate(parts, scope) {
            text += try value.text(self)
            try checkSize(text.utf8.count)
        }
        return try string(text)
    }

    /// The first operand with this truth, or the last one.
    private func firstOperand(_ operands: [Expression], thatIs truth: Bool, _ scope: Scope)
        throws(TemplateError) -> Value
    {
        var value = Value.none
        for operand in operands {
            value = try evaluate(operand, scope)
            if value.isTrue == truth { break }
        }
        return value
    }

    private func comparison(
        _ first: Expression, _ rest: [(operation: ComparisonOperator, operand: Expression)],
        _ scope: Scope
    ) throws(TemplateError) -> Value {
        var left = try evaluate(first, scope)
        for (operation, operand) in rest {
            let right = try evaluate(operand, scope)
            guard try compare(operation, left, right) else { return .bool(false) }
            left = right
        }
        return .bool(true)
    }

    func compare(_ operation: ComparisonOperator, _ left: Value, _ right: Value)
        throws(TemplateError) -> Bool
    {
        try charge(min(left.extent.weight, right.extent.weight))
        switch operation {
        case .equal: return left.equals(right)
        case .notEqual: return !left.equals(right)
        case .less: return try left.precedes(right)
        case .greater: return try right.precedes(left)
        case .lessOrEqual: return try left.precedes(right, orEquals: true)
        case .greaterOrEqual: return try right.precedes(left, orEquals: true)
        case .contained: return try right.contains(left, self)
        case .notContained: return !(try right.contains(left, self))
        }
    }

    // MARK: - Postfix

    private func postfix(_ base: Expression, _ operations: [Postfix], _ scope: Scope)
        throws(TemplateError) -> Value
    {
        var value = try evaluate(base, scope)
        for operation in operations {
            try charge(1)
            switch operation {
            case .attribute(let name): value = try attribute(name, of: value)
            case .item(let key): value = try item(try evaluate(key, scope), of: value)
            case .slice(let start, let stop, let step):
                value = try slice(
                    value, try bound(start, scope), try bound(stop, scope), try bound(step, scope))
            case .call(let arguments):
                value = try call(value, try evaluate(arguments, scope))
            case .filter(let filter): value = try apply(filter, to: value, scope)
            case .test(let name, let arguments, let isNegated):
                value = .bool(try test(value, name, arguments, scope) != isNegated)
            }
        }
        return value
    }

    func apply(_ filter: FilterCall, to value: Value, _ scope: Scope) throws(TemplateError)
        -> Value
    {
        try Filters.apply(filter.name, to: value, try evaluate(filter.arguments, scope), self)
    }

    private func test(_ value: Value, _ name: String, _ arguments: Arguments, _ scope: Scope)
        throws(TemplateError) -> Bool
    {
        try Tests.apply(name, to: value, try evaluate(arguments, scope), self)
    }

    func evaluate(_ arguments: Arguments, _ scope: Scope) throws(TemplateError) -> CallArguments {
        var result = CallArguments()
        result.positional = try evaluate(arguments.positional, scope)
        for keyword in arguments.keywords {
            result.keywords.append((keyword.name, try evaluate(keyword.value, scope)))
        }
        if let star = arguments.star {
            result.positional += try items(of: try evaluate(star, scope))
        }
        if let doubleStar = arguments.doubleStar {
            guard case .dict(let dict) = try evaluate(doubleStar, scope) else {
                throw .runtime("what follows '**' must be a dict")
            }
            for entry in dict.entries {
                guard case .string(let name) = entry.key else {
                    throw .runtime("a keyword argument's name must be a string")
                }
                guard !result.keywords.contains(where: { $0.name.sameText(as: name) }) else {
                    throw .runtime("a keyword argument is given twice")
                }
                result.keywords.append((name, entry.value))
            }
            try charge(dict.entries.count)
        }
        return result
    }

    // MARK: - Attributes and items

    /// `value.name`: what Python has under that name, else the item.
    func attribute(_ name: String, of value: Value) throws(TemplateError) -> Value {
        if case .undefined(let undefined) = value { throw undefined.error }
        if let found = try nativeAttribute(name, of: value) { return found }
        if case .dict(let dict) = value, let item = dict[text: name] { return item }
        return .undefined(Undefined(.attribute(name, ofKind: value.kind)))
    }

    /// `value[key]`: the item, else what Python has under that name.
    func item(_ key: Value, of value: Value) throws(TemplateError) -> Value {
        switch value {
        case .undefined(let undefined): throw undefined.error
        case .dict(let dict):
            // A key that cannot be hashed is no key.
            if key.isHashable, let item = try dict.value(for: key) { return item }
        case .list(let list), .tuple(let list):
            if let index = key.index, let position = resolved(index, list.items.count) {
                return list.items[position]
            }
        case .range(let range):
            if let index = key.index, let position = resolved(index, range.count) {
                return .integer(range[position])
            }
        case .string(let text):
            if let index = key.index {
                try charge(codePoints: text.utf8.count / 4)
                if let scalar = text.scalar(at: index) { return .string(String(scalar)) }
            }
        default: break
        }
        if case .string(let name) = key {
            if let found = try nativeAttribute(name, of: value) { return found }
        }
        return .undefined(Undefined(.item(ofKind: value.kind)))
    }

    /// An index from the end counted from the start; nil outside.
    private func resolved(_ index: Int, _ count: Int) -> Int? {
        let position = index < 0 ? index &+ count : index
        return position >= 0 && position < count ? position : nil
    }

    private func bound(_ expression: Expression?, _ scope: Scope) throws(TemplateError) -> Int? {
        guard let expression else { return nil }
        let value = try evaluate(expression, scope)
        if case .none = value { return nil }
        if case .undefined(let undefined) = value { throw undefined.error }
        guard let index = value.index else {
            throw .runtime("a slice takes integers, found \(value.kind)")
        }
        return index
    }

    private func slice(_ value: Value, _ start: Int?, _ stop: Int?, _ step: Int?)
        throws(TemplateError) -> Value
    {
        switch value {
        case .list(let list):
            return try self.list(try Self.slice(list.items, start, stop, step))
        case .tuple(let tuple):
            try charge(tuple.items.count)
            return try .tuple(try Self.slice(tuple.items, start, stop, step))
        case .string(let text):
            try charge(codePoints: text.utf8.count)
            return try string(String(scalars: try Self.slice(text.scalars, start, stop, step)))
        case .range(let range):
            return try self.list(try Self.slice(range.items, start, stop, step))
        case .undefined(let undefined): throw undefined.error
        default: throw .runtime("cannot slice \(value.kind)")
        }
    }

    /// Python's `items[start:stop:step]`.
    static func slice<T>(_ items: [T], _ start: Int?, _ stop: Int?, _ step: Int?)
        throws(TemplateError) -> [T]
    {
        let step = step ?? 1
        guard step != 0 else { throw .runtime("a slice needs a step that is not zero") }
        let count = items.count
        let lowest = step > 0 ? 0 : -1
        let highest = step > 0 ? count : count - 1
        func clamped(_ index: Int) -> Int {
            max(lowest, min(index < 0 ? index &+ count : index, highest))
        }
        var index = start.map(clamped) ?? (step > 0 ? lowest : highest)
        let end = stop.map(clamped) ?? (step > 0 ? highest : lowest)
        if step == 1 { return index < end ? Array(items[index..<end]) : [] }
        var result: [T] = []
        while step > 0 ? index < end : index > end {
            result.append(items[index])
            let (next, overflow) = index.addingReportingOverflow(step)
            if overflow { break }
            index = next
        }
        return result
    }
}

extension Value {
    /// What Python takes as an index: an integer or a boolean.
    var index: Int? {
        switch self {
        case .integer(let number): return number
        case .bool(let flag): return flag ? 1 : 0
        default: return nil
        }
    }

    var isHashable: Bool { (try? HashKey(checking: self)) != nil }
}

extension String {
    /// The code point at an index, which may count from the end.
    func scalar(at index: Int) -> Unicode.Scalar? {
        let scalars = unicodeScalars
        if index >= 0 {
            guard index < utf8.count else { return nil }
            return scalars.dropFirst(index).first
        }
        guard index >= -utf8.count else { return nil }
        let tail = scalars.suffix(-index)
        return tail.count == -index ? tail.first : nil
    }
}

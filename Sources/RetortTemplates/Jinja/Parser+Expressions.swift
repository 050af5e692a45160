// SPDX-License-Identifier: Apache-2.0
//
// Jinja's grammar of expressions. Its precedences differ from Python's in places: a sign binds
// tighter than '**', '**' groups to the left, filters and tests bind to one operand.

extension Parser {
    mutating func expression(allowsConditional: Bool = true) throws(TemplateError) -> Expression {
        try nested { (parser) throws(TemplateError) in
            allowsConditional ? try parser.conditional() : try parser.disjunction()
        }
    }

    /// One expression, or a tuple without parentheses.
    mutating func tupleOrExpression(
        allowsConditional: Bool = true, endsAtRecursive: Bool = false, isParenthesized: Bool = false
    ) throws(TemplateError) -> Expression {
        var items: [Expression] = []
        var isTuple = false
        while true {
            if !items.isEmpty { try expect(.comma) }
            let ends: Bool
            switch current.kind {
            case .variableEnd, .blockEnd, .symbol(.rightParenthesis): ends = true
            default: ends = endsAtRecursive && isAt(name: "recursive")
            }
            if ends { break }
            items.append(try expression(allowsConditional: allowsConditional))
            guard isAt(.comma) else { break }
            isTuple = true
        }
        if !isTuple {
            if let only = items.first { return only }
            if !isParenthesized { throw unexpected("an expression") }
        }
        return .tuple(items)
    }

    private mutating func conditional() throws(TemplateError) -> Expression {
        let known = unknownName
        var value = try disjunction()
        var count = 0
        while skip(name: "if") {
            // Each further 'if' wraps the value once more, so they count as nesting.
            count += 1
            guard depth + count < maximumDepth else {
                throw TemplateError(.limit, "nested deeper than \(maximumDepth) levels", line: line)
            }
            unknownName = known
            conditionDepth += 1
            defer { conditionDepth -= 1 }
            let test = try disjunction()
            let otherwise = skip(name: "else") ? try expression() : nil
            value = .conditional(test: test, then: value, otherwise: otherwise)
        }
        return value
    }

    private mutating func disjunction() throws(TemplateError) -> Expression {
        var operands = [try conjunction()]
        while skip(name: "or") { operands.append(try conjunction()) }
        return operands.count == 1 ? operands[0] : .or(operands)
    }

    private mutating func conjunction() throws(TemplateError) -> Expression {
        var operands = [try negation()]
        while skip(name: "and") { operands.append(try negation()) }
        return operands.count == 1 ? operands[0] : .and(operands)
    }

    private mutating func negation() throws(TemplateError) -> Expression {
        var isNegated = false
        var count = 0
        while skip(name: "not") {
            isNegated.toggle()
            count += 1
        }
        let value = try comparison()
        if count == 0 { return value }
        return isNegated ? .not(value) : .not(.not(value))
    }

    private mutating func comparison() throws(TemplateError) -> Expression {
        let first = try sum()
        var rest: [(operation: ComparisonOperator, operand: Expression)] = []
        while let operation = takeComparison() { rest.append((operation, try sum())) }
        return rest.isEmpty ? first : .comparison(first, rest)
    }

    private mutating func takeComparison() -> ComparisonOperator? {
        let operation: ComparisonOperator
        switch current.kind {
        case .symbol(.equal): operation = .equal
        case .symbol(.notEqual): operation = .notEqual
        case .symbol(.less): operation = .less
        case .symbol(.lessOrEqual): operation = .lessOrEqual
        case .symbol(.greater): operation = .greater
        case .symbol(.greaterOrEqual): operation = .greaterOrEqual
        case .name("in"): operation = .contained
        case .name("not") where next.kind == .name("in"):
            position += 1
            operation = .notContained
        default: return nil
        }
        position += 1
        return operation
    }

    private mutating func sum() throws(TemplateError) -> Expression {
        let first = try concatenation()
        var rest: [(operation: ArithmeticOperator, operand: Expression)] = []
        while true {
            if skip(.add) {
                rest.append((.add, try concatenation()))
            } else if skip(.subtract) {
                rest.append((.subtract, try concatenation()))
            } else {
                return rest.isEmpty ? first : .arithmetic(first, rest)
            }
        }
    }

    private mutating func concatenation() throws(TemplateError) -> Expression {
        var parts = [try product()]
        while skip(.tilde) { parts.append(try product()) }
        return parts.count == 1 ? parts[0] : .concatenation(parts)
    }

    private mutating func product() throws(TemplateError) -> Expression {
        let first = try power()
        var rest: [(operation: ArithmeticOperator, operand: Expression)] = []
        while true {
            let operation: ArithmeticOperator
            switch current.kind {
            case .symbol(.multiply): operation = .multiply
            case .symbol(.divide): operation = .divide
            case .symbol(.floorDivide): operation = .floorDivide
            case .symbol(.modulo): operation = .modulo
            default: return rest.isEmpty ? first : .arithmetic(first, rest)
            }
            position += 1
            rest.append((operation, try power()))
        }
    }

    private mutating func power() throws(TemplateError) -> Expression {
        let first = try unary()
        var rest: [(operation: ArithmeticOperator, operand: Expression)] = []
        while skip(.power) { rest.append((.power, try unary())) }
        return rest.isEmpty ? first : .arithmetic(first, rest)
    }

    private mutating func unary(withFilters: Bool = true) throws(TemplateError) -> Expression {
        let base: Expression
        if isAt(.subtract) || isAt(.add) {
            let isNegative = skip(.subtract) || !skip(.add)
            let operand = try nested { (parser) throws(TemplateError) in
                try parser.unary(withFilters: false)
            }
            base = isNegative ? .negate(operand) : .plus(operand)
        } else {
            base = try primary()
        }
        var operations: [Postfix] = []
        try accesses(into: &operations)
        if withFilters { try filtersAndTests(into: &operations) }
        return operations.isEmpty ? base : .postfix(base, operations)
    }

    private mutating func primary() throws(TemplateError) -> Expression {
        let token = current
        switch token.kind {
        case .name(let name):
            position += 1
            switch name {
            case "true", "True": return .bool(true)
            case "false", "False": return .bool(false)
            case "none", "None": return .none
            default: return reference(name)
            }
        case .string(var text):
            position += 1
            while case .string(let more) = current.kind {
                text += more
                position += 1
            }
            return .string(text)
        case .integer(let value):
            position += 1
            return .integer(value)
        case .float(let value):
            position += 1
            return .float(value)
        case .symbol(.leftParenthesis):
            position += 1
            let inner = try tupleOrExpression(isParenthesized: true)
            try expect(.rightParenthesis)
            return inner
        case .symbol(.leftBracket): return try list()
        case .symbol(.leftBrace): return try dict()
        default: throw unexpected("an expression")
        }
    }

    private mutating func list() throws(TemplateError) -> Expression {
        try expect(.leftBracket)
        var items: [Expression] = []
        while !isAt(.rightBracket) {
            if !items.isEmpty { try expect(.comma) }
            if isAt(.rightBracket) { break }
            items.append(try expression())
        }
        try expect(.rightBracket)
        return .list(items)
    }

    private mutating func dict() throws(TemplateError) -> Expression {
        try expect(.leftBrace)
        var items: [(key: Expression, value: Expression)] = []
        while !isAt(.rightBrace) {
            if !items.isEmpty { try expect(.comma) }
            if isAt(.rightBrace) { break }
            let key = try expression()
            try expect(.colon)
            items.append((key, try expression()))
        }
        try expect(.rightBrace)
        return .dict(items)
    }

    // MARK: - After a value

    private mutating func accesses(into operations: inout [Postfix]) throws(TemplateError) {
        while true {
            if skip(.dot) {
                switch current.kind {
                case .name(let name): operations.append(.attribute(name))
                case .integer(let index): operations.append(.item(.integer(index)))
                default: throw unexpected("a name or a number after '.'")
                }
                position += 1
            } else if skip(.leftBracket) {
                operations.append(try subscripted())
            } else if isAt(.leftParenthesis) {
                operations.append(.call(try callArguments()))
            } else {
                return
            }
        }
    }

    private mutating func subscripted() throws(TemplateError) -> Postfix {
        var items: [Expression] = []
        while !isAt(.rightBracket) {
            if !items.isEmpty { try expect(.comma) }
            if isAt(.colon) { return try slice(from: nil, isOnly: items.isEmpty) }
            let item = try expression()
            if isAt(.colon) { return try slice(from: item, isOnly: items.isEmpty) }
            items.append(item)
        }
        try expect(.rightBracket)
        return .item(items.count == 1 ? items[0] : .tuple(items))
    }

    private mutating func slice(from start: Expression?, isOnly: Bool) throws(TemplateError)
        -> Postfix
    {
        func atEnd(_ parser: Parser) -> Bool {
            parser.isAt(.rightBracket) || parser.isAt(.comma) || parser.isAt(.colon)
        }
        try expect(.colon)
        let stop = atEnd(self) ? nil : try expression()
        var step: Expression?
        if skip(.colon), !atEnd(self) { step = try expression() }
        guard isOnly, !isAt(.comma) else { throw error("a slice cannot be one of several indexes") }
        try expect(.rightBracket)
        return .slice(start: start, stop: stop, step: step)
    }

    private mutating func filtersAndTests(into operations: inout [Postfix])
        throws(TemplateError)
    {
        while true {
            if skip(.pipe) {
                operations += try filterChain().map { .filter($0) }
            } else if skip(name: "is") {
                operations.append(try test())
            } else if isAt(.leftParenthesis) {
                operations.append(.call(try callArguments()))
            } else {
                return
            }
        }
    }

    /// Filters joined by '|', the first without it.
    mutating func filterChain() throws(TemplateError) -> [FilterCall] {
        var filters: [FilterCall] = []
        repeat {
            let line = line
            let name = try dottedName()
            if conditionDepth == 0, unknownName == nil, Filters.table[name] == nil {
                unknownName = error("there is no filter '\(name)'", line: line)
            }
            let arguments = isAt(.leftParenthesis) ? try callArguments() : Arguments()
            filters.append(FilterCall(name: name, arguments: arguments))
        } while skip(.pipe)
        return filters
    }

    private mutating func dottedName() throws(TemplateError) -> String {
        var name = try expectName()
        while skip(.dot) { name += "." + (try expectName()) }
        return name
    }

    private mutating func test() throws(TemplateError) -> Postfix {
        let line = line
        let isNegated = skip(name: "not")
        let name = try dottedName()
        if conditionDepth == 0, unknownName == nil, !Tests.exists(name) {
            unknownName = error("there is no test '\(name)'", line: line)
        }
        var arguments = Arguments()
        switch current.kind {
        case .symbol(.leftParenthesis): arguments = try callArguments()
        case .name("else"), .name("or"), .name("and"): break
        case .name("is"): throw error("tests with 'is' cannot be chained")
        case .name, .string, .integer, .float, .symbol(.leftBracket), .symbol(.leftBrace):
            arguments.positional = [
                try nested { (parser) throws(TemplateError) in
                    let operand = try parser.primary()
                    var operations: [Postfix] = []
                    try parser.accesses(into: &operations)
                    return operations.isEmpty ? operand : .postfix(operand, operations)
                }
            ]
        default: break
        }
        return .test(name: name, arguments, isNegated: isNegated)
    }

    mutating func callArguments() throws(TemplateError) -> Arguments {
        let line = line
        let invalid = error("arguments are out of order", line: line)
        var arguments = Arguments()
        try expect(.leftParenthesis)
        var isFirst = true
        while !isAt(.rightParenthesis) {
            if !isFirst { try expect(.comma) }
            if !isFirst, isAt(.rightParenthesis) { break }
            isFirst = false
            if skip(.multiply) {
                guard arguments.star == nil, arguments.doubleStar == nil else { throw invalid }
                arguments.star = try expression()
            } else if skip(.power) {
                guard arguments.doubleStar == nil else { throw invalid }
                arguments.doubleStar = try expression()
            } else if case .name(let name) = current.kind, next.kind == .symbol(.assign) {
                guard arguments.doubleStar == nil else { throw invalid }
                position += 2
                guard !arguments.keywords.contains(where: { $0.name == name }) else {
                    throw error("argument '\(name)' is given twice", line: line)
                }
                arguments.keywords.append((name, try expression()))
            } else {
                guard arguments.star == nil, arguments.doubleStar == nil,
                    arguments.keywords.isEmpty
                else { throw invalid }
                arguments.positional.append(try expression())
            }
        }
        try expect(.rightParenthesis)
        return arguments
    }
}

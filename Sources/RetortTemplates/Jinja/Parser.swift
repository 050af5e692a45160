// SPDX-License-Identifier: Apache-2.0
//
// Recursive descent over the tokens. Nesting is counted, so that no template overflows the stack.

struct Parser {
    let tokens: [Token]
    let maximumDepth: Int
    var position = 0
    var depth = 0
    /// Enclosing loops that `break` may leave.
    var loopDepth = 0
    /// Enclosing `if`s: inside, a filter that does not exist is an error only when it is reached.
    var conditionDepth = 0
    /// The first filter or test outside any `if` that does not exist.
    var unknownName: TemplateError?
    /// By the bytes of the name: `==` on strings would merge canonically equivalent ones.
    var nameIDs: [[UInt8]: NameID] = [:]
    var names: [String] = []
    var blockNames: Set<String> = []
    /// The special names that the bodies of the enclosing macros read, innermost last.
    var macroUses: [Set<NameID>] = []

    static let loopName: NameID = 0
    static let callerName: NameID = 1
    static let keywordsName: NameID = 2
    static let varargsName: NameID = 3

    static func template(from source: String, maximumDepth: Int) throws(TemplateError) -> Template {
        var parser = Parser(tokens: try Lexer.tokens(of: source), maximumDepth: maximumDepth)
        for name in ["loop", "caller", "kwargs", "varargs"] { _ = parser.id(of: name) }
        let body = try parser.statements(until: [], of: nil)
        return Template(
            body: body, names: parser.names, loopName: loopName, callerName: callerName,
            keywordsName: keywordsName, varargsName: varargsName)
    }

    private init(tokens: [Token], maximumDepth: Int) {
        self.tokens = tokens
        self.maximumDepth = maximumDepth
    }

    // MARK: - Tokens

    var current: Token { tokens[min(position, tokens.count - 1)] }

    var next: Token { tokens[min(position + 1, tokens.count - 1)] }

    var line: Int { current.line }

    func isAt(_ symbol: Token.Symbol) -> Bool { current.kind == .symbol(symbol) }

    func isAt(name: String) -> Bool { current.kind == .name(name) }

    mutating func skip(_ symbol: Token.Symbol) -> Bool {
        guard isAt(symbol) else { return false }
        position += 1
        return true
    }

    mutating func skip(name: String) -> Bool {
        guard isAt(name: name) else { return false }
        position += 1
        return true
    }

    mutating func expect(_ symbol: Token.Symbol) throws(TemplateError) {
        guard skip(symbol) else { throw unexpected("'\(symbol.rawValue)'") }
    }

    mutating func expect(name: String) throws(TemplateError) {
        guard skip(name: name) else { throw unexpected("'\(name)'") }
    }

    mutating func expectName() throws(TemplateError) -> String {
        guard case .name(let name) = current.kind else { throw unexpected("a name") }
        position += 1
        return name
    }

    mutating func expect(_ kind: Token.Kind) throws(TemplateError) {
        guard current.kind == kind else {
            throw unexpected(Token(kind: kind, line: line).description)
        }
        position += 1
    }

    func error(_ message: String, line: Int? = nil) -> TemplateError {
        TemplateError(.syntax, message, line: line ?? self.line)
    }

    func unexpected(_ wanted: String) -> TemplateError {
        error("found \(current.description), expected \(wanted)")
    }

    /// Counts one level of nesting around `body`.
    mutating func nested<T>(_ body: (inout Parser) throws(TemplateError) -> T)
        throws(TemplateError) -> T
    {
        guard depth < maximumDepth else {
            throw TemplateError(.limit, "nested deeper than \(maximumDepth) levels", line: line)
        }
        depth += 1
        defer { depth -= 1 }
        return try body(&self)
    }

    mutating func id(of name: String) -> NameID {
        let key = Array(name.utf8)
        if let id = nameIDs[key] { return id }
        nameIDs[key] = names.count
        names.append(name)
        return names.count - 1
    }

    /// A variable that is read.
    mutating func reference(_ name: String) -> Expression {
        let id = id(of: name)
        if (Self.callerName...Self.varargsName).contains(id) {
            for index in macroUses.indices { macroUses[index].insert(id) }
        }
        return .name(id)
    }

    // MARK: - Statements

    /// Statements up to one of `ends`, whose tag name is the current token afterwards.
    mutating func statements(until ends: [String], of tag: String?) throws(TemplateError)
        -> [Statement]
    {
        let start = line
        var body: [Statement] = []
        while true {
            let token = current
            switch token.kind {
            case .data(let text):
                position += 1
                body.append(Statement(kind: .text(text), line: token.line))
            case .variableBegin:
                position += 1
                let value = try nested { (parser) throws(TemplateError) in
                    try parser.tupleOrExpression()
                }
                if let unknownName { throw unknownName }
                try expect(.variableEnd)
                body.append(Statement(kind: .output(value), line: token.line))
            case .blockBegin:
                position += 1
                if case .name(let name) = current.kind, ends.contains(name) { return body }
                body += try nested { (parser) throws(TemplateError) in try parser.statement() }
                if let unknownName { throw unknownName }
                try expect(.blockEnd)
            default:
                guard let tag else { return body }
                throw error("'\(tag)' has no '\(ends.last ?? "end")'", line: start)
            }
        }
    }

    /// The body of a tag: what follows its `%}` up to one of `ends`.
    mutating func body(of tag: String, until ends: String...) throws(TemplateError)
        -> [Statement]
    {
        _ = skip(.colon)
        try expect(.blockEnd)
        return try statements(until: ends, of: tag)
    }

    /// A body that ends with one tag, which is consumed.
    mutating func body(of tag: String) throws(TemplateError) -> [Statement] {
        let end = "end\(tag)"
        let body = try body(of: tag, until: end)
        try expect(name: end)
        return body
    }

    private mutating func statement() throws(TemplateError) -> [Statement] {
        let line = line
        guard case .name(let tag) = current.kind else { throw unexpected("a tag's name") }
        position += 1
        let kind: Statement.Kind
        switch tag {
        case "if": kind = try conditionStatement()
        case "for": kind = try loopStatement(line)
        case "set": kind = try setStatement()
        case "macro": kind = try macroStatement()
        case "call": kind = try callStatement()
        case "filter":
            let filters = try filterChain()
            kind = .filterBlock(filters, try body(of: tag))
        case "with": kind = try withStatement()
        case "generation":
            kind = .generation(try functionBody(of: tag))
        case "block": kind = try blockStatement()
        case "print": return try printStatement(line)
        case "break", "continue":
            guard loopDepth > 0 else { throw error("'\(tag)' outside a loop", line: line) }
            kind = tag == "break" ? .breakLoop : .continueLoop
        case "autoescape":
            let isOn = try expression()
            guard case .bool(false) = isOn else {
                throw error("chat templates are not escaped: remove 'autoescape'", line: line)
            }
            kind = .block(try body(of: tag))
        case "include", "import", "from", "extends":
            throw error("'\(tag)' is not possible: a chat template is one text", line: line)
        default: throw error("unknown tag '\(tag)'", line: line)
        }
        return [Statement(kind: kind, line: line)]
    }

    private mutating func conditionStatement() throws(TemplateError) -> Statement.Kind {
        conditionDepth += 1
        defer { conditionDepth -= 1 }
        var branches: [(test: Expression, body: [Statement])] = []
        while true {
            let test = try tupleOrExpression(allowsConditional: false)
            branches.append((test, try body(of: "if", until: "elif", "else", "endif")))
            if skip(name: "elif") { continue }
            var otherwise: [Statement] = []
            if skip(name: "else") { otherwise = try body(of: "if", until: "endif") }
            try expect(name: "endif")
            return .condition(branches, otherwise: otherwise)
        }
    }

    private mutating func loopStatement(_ line: Int) throws(TemplateError) -> Statement.Kind {
        let target = try assignmentTarget(endsAtIn: true)
        try rejectLoopVariable(target, line)
        try expect(name: "in")
        let iterable = try tupleOrExpression(allowsConditional: false, endsAtRecursive: true)
        let filter = skip(name: "if") ? try expression() : nil
        let isRecursive = skip(name: "recursive")
        loopDepth += 1
        let body = try body(of: "for", until: "endfor", "else")
        loopDepth -= 1
        let otherwise = skip(name: "else") ? try self.body(of: "for", until: "endfor") : []
        try expect(name: "endfor")
        return .loop(
            Loop(
                target: target, iterable: iterable, filter: filter, isRecursive: isRecursive,
                body: body, otherwise: otherwise))
    }

    private func rejectLoopVariable(_ target: Target, _ line: Int) throws(TemplateError) {
        switch target {
        case .name(Self.loopName): throw error("'loop' cannot be assigned to", line: line)
        case .tuple(let parts): for part in parts { try rejectLoopVariable(part, line) }
        default: break
        }
    }

    private mutating func setStatement() throws(TemplateError) -> Statement.Kind {
        let line = line
        let target = try assignmentTarget(allowsAttributes: true)
        if loopDepth > 0 { try rejectLoopVariable(target, line) }
        if skip(.assign) { return .set(target, try tupleOrExpression()) }
        var filters: [FilterCall] = []
        if skip(.pipe) { filters = try filterChain() }
        return .setBlock(target, filters, try body(of: "set"))
    }

    private mutating func withStatement() throws(TemplateError) -> Statement.Kind {
        var bindings: [(target: Target, value: Expression)] = []
        while current.kind != .blockEnd, !isAt(.colon) {
            if !bindings.isEmpty { try expect(.comma) }
            let target = try assignmentTarget()
            try expect(.assign)
            bindings.append((target, try expression()))
        }
        return .with(bindings, try body(of: "with"))
    }

    private mutating func blockStatement() throws(TemplateError) -> Statement.Kind {
        let name = try expectName()
        guard blockNames.insert(name).inserted else {
            throw error("block '\(name)' is defined twice")
        }
        while skip(name: "scoped") || skip(name: "required") {}
        let body = try functionBody(of: "block")
        _ = skip(name: name)
        return .block(body)
    }

    private mutating func printStatement(_ line: Int) throws(TemplateError) -> [Statement] {
        var outputs: [Statement] = []
        while current.kind != .blockEnd {
            if !outputs.isEmpty { try expect(.comma) }
            outputs.append(Statement(kind: .output(try expression()), line: line))
        }
        return outputs
    }

    // MARK: - Macros

    /// A body that `break` cannot leave.
    private mutating func functionBody(of tag: String) throws(TemplateError) -> [Statement] {
        let outerLoops = loopDepth
        loopDepth = 0
        defer { loopDepth = outerLoops }
        return try body(of: tag)
    }

    private mutating func macroStatement() throws(TemplateError) -> Statement.Kind {
        let name = try expectName()
        let parameters = try signature()
        return .macro(try macro(name, parameters, tag: "macro"))
    }

    private mutating func callStatement() throws(TemplateError) -> Statement.Kind {
        let line = line
        let parameters = isAt(.leftParenthesis) ? try signature() : []
        let called = try expression()
        guard case .postfix(let base, let operations) = called,
            case .call(let arguments)? = operations.last
        else { throw error("expected a call of a macro", line: line) }
        let callee =
            operations.count == 1 ? base : .postfix(base, Array(operations.dropLast()))
        return .callBlock(callee: callee, arguments, try macro("caller", parameters, tag: "call"))
    }

    private mutating func macro(
        _ name: String, _ parameters: [MacroDefinition.Parameter], tag: String
    ) throws(TemplateError) -> MacroDefinition {
        let line = line
        macroUses.append([])
        let body = try functionBody(of: tag)
        let uses = macroUses.removeLast()
        let explicit = parameters.first { $0.id == Self.callerName }
        if let explicit, explicit.fallback == nil, uses.contains(Self.callerName) {
            throw error("a parameter 'caller' needs a default", line: line)
        }
        return MacroDefinition(
            id: id(of: name), name: name, parameters: parameters, body: body,
            usesCaller: uses.contains(Self.callerName) && explicit == nil,
            usesKeywords: uses.contains(Self.keywordsName)
                && !parameters.contains { $0.id == Self.keywordsName },
            usesVarargs: uses.contains(Self.varargsName)
                && !parameters.contains { $0.id == Self.varargsName })
    }

    private mutating func signature() throws(TemplateError) -> [MacroDefinition.Parameter] {
        try expect(.leftParenthesis)
        var parameters: [MacroDefinition.Parameter] = []
        while !isAt(.rightParenthesis) {
            if !parameters.isEmpty { try expect(.comma) }
            let name = try expectName()
            try rejectConstant(name)
            let fallback = skip(.assign) ? try expression() : nil
            if fallback == nil, parameters.last?.fallback != nil {
                throw error("a parameter without default follows one with a default")
            }
            guard !parameters.contains(where: { $0.id == id(of: name) }) else {
                throw error("parameter '\(name)' is given twice")
            }
            parameters.append(.init(id: id(of: name), name: name, fallback: fallback))
        }
        try expect(.rightParenthesis)
        return parameters
    }

    // MARK: - Targets

    func rejectConstant(_ name: String) throws(TemplateError) {
        let constants = ["true", "false", "none", "True", "False", "None"]
        if constants.contains(name) { throw error("'\(name)' cannot be assigned to") }
    }

    mutating func assignmentTarget(endsAtIn: Bool = false, allowsAttributes: Bool = false)
        throws(TemplateError) -> Target
    {
        try nested { (parser) throws(TemplateError) in
            var targets: [Target] = []
            var isTuple = false
            while true {
                if !targets.isEmpty { try parser.expect(.comma) }
                let ends =
                    parser.current.kind == .blockEnd || parser.isAt(.rightParenthesis)
                    || (endsAtIn && parser.isAt(name: "in"))
                if ends { break }
                targets.append(try parser.singleTarget(allowsAttributes: allowsAttributes))
                guard parser.isAt(.comma) else { break }
                isTuple = true
            }
            if !isTuple, let only = targets.first { return only }
            if !isTuple { throw parser.unexpected("a name to assign to") }
            return .tuple(targets)
        }
    }

    private mutating func singleTarget(allowsAttributes: Bool) throws(TemplateError) -> Target {
        if skip(.leftParenthesis) {
            let target = try assignmentTarget(allowsAttributes: allowsAttributes)
            try expect(.rightParenthesis)
            return target
        }
        let name = try expectName()
        try rejectConstant(name)
        if allowsAttributes, skip(.dot) {
            return .attribute(id(of: name), try expectName())
        }
        return .name(id(of: name))
    }
}

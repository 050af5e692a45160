// SPDX-License-Identifier: Apache-2.0

extension Interpreter {
    /// How a body ended.
    enum Flow {
        case finished, breaking, continuing
    }

    func execute(_ body: [Statement], _ scope: Scope) throws(TemplateError) -> Flow {
        try enter()
        defer { depth -= 1 }
        for statement in body {
            try charge(1)
            line = statement.line
            let flow = try execute(statement, scope)
            if flow != .finished { return flow }
        }
        return .finished
    }

    private func execute(_ statement: Statement, _ scope: Scope) throws(TemplateError) -> Flow {
        switch statement.kind {
        case .text(let text): try write(text)
        case .output(let expression):
            let value = try evaluate(expression, scope)
            try write(try value.text(self))
        case .condition(let branches, let otherwise):
            for branch in branches where try evaluate(branch.test, scope).isTrue {
                return try execute(branch.body, scope)
            }
            return otherwise.isEmpty ? .finished : try execute(otherwise, scope)
        case .loop(let loop): return try execute(loop, scope)
        case .set(let target, let expression):
            try assign(try evaluate(expression, scope), to: target, in: scope)
        case .setBlock(let target, let filters, let body):
            let (text, flow) = try capture(body, Scope(parent: scope))
            if flow != .finished { return flow }
            try assign(try apply(filters, to: text, scope), to: target, in: scope)
        case .macro(let definition):
            scope.set(definition.id, makeMacro(definition, in: scope))
        case .callBlock(let callee, let arguments, let body):
            let macro = try evaluate(callee, scope)
            var passed = try evaluate(arguments, scope)
            guard !passed.keywords.contains(where: { $0.name == "caller" }) else {
                throw .runtime("a call block passes 'caller' itself")
            }
            passed.keywords.append(("caller", makeMacro(body, in: scope)))
            try write(try call(macro, passed).text(self))
        case .filterBlock(let filters, let body):
            let (text, flow) = try capture(body, Scope(parent: scope))
            if flow != .finished { return flow }
            try write(try apply(filters, to: text, scope).text(self))
        case .with(let bindings, let body):
            let inner = Scope(parent: scope)
            for binding in bindings {
                try assign(try evaluate(binding.value, scope), to: binding.target, in: inner)
            }
            return try execute(body, inner)
        case .generation(let body):
            let start = output.count
            _ = try execute(body, Scope(parent: scope))
            if capturing == 0 { generations.append(start..<output.count) }
        case .block(let body): return try execute(body, Scope(parent: scope))
        case .breakLoop: return .breaking
        case .continueLoop: return .continuing
        }
        return .finished
    }

    private func capture(_ body: [Statement], _ scope: Scope) throws(TemplateError)
        -> (text: Value, flow: Flow)
    {
        var flow = Flow.finished
        let text = try captured { () throws(TemplateError) in flow = try execute(body, scope) }
        return (.string(text), flow)
    }

    private func apply(_ filters: [FilterCall], to value: Value, _ scope: Scope)
        throws(TemplateError) -> Value
    {
        var value = value
        for filter in filters { value = try apply(filter, to: value, scope) }
        return value
    }

    // MARK: - Loops

    private func execute(_ loop: Loop, _ scope: Scope) throws(TemplateError) -> Flow {
        let source = try evaluate(loop.iterable, scope)
        return try run(
            LoopState(
                try items(of: source), of: loop, in: scope, isSized: source.isSized, depth0: 0))
    }

    /// - Returns: What leaves an enclosing loop, from the `else` branch.
    private func run(_ state: LoopState) throws(TemplateError) -> Flow {
        let loop = state.loop
        // As in Jinja, `else` runs unless one pass reached the end of the body.
        var hasCompleted = false
        iteration: while let item = try state.advance(self) {
            try charge(1)
            let inner = Scope(parent: state.scope)
            inner.set(template.loopName, .loop(state))
            try assign(item, to: loop.target, in: inner)
            switch try execute(loop.body, inner) {
            case .finished: hasCompleted = true
            case .breaking: break iteration
            case .continuing: continue iteration
            }
        }
        if hasCompleted || loop.otherwise.isEmpty { return .finished }
        return try execute(loop.otherwise, Scope(parent: state.scope))
    }

    /// `loop(items)` in a recursive loop: the text of the loop over other items.
    func recurse(_ state: LoopState, over value: Value) throws(TemplateError) -> Value {
        guard state.loop.isRecursive else {
            throw .runtime("a loop that is called must be marked 'recursive'")
        }
        let inner = LoopState(
            try items(of: value), of: state.loop, in: state.scope, isSized: value.isSized,
            depth0: state.depth0 + 1)
        let text = try captured { () throws(TemplateError) in _ = try run(inner) }
        return .string(text)
    }
}

extension Value {
    /// Whether Python's `len` works.
    var isSized: Bool {
        switch self {
        case .string, .list, .tuple, .dict, .range, .view, .undefined: return true
        default: return false
        }
    }
}

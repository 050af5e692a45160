// SPDX-License-Identifier: Apache-2.0
//
// Functions that every template has, and how things are called.

enum GlobalFunction: String {
    case range, dict, namespace, cycler, joiner
    case raiseException = "raise_exception"
    case strftimeNow = "strftime_now"
}

extension Interpreter {
    func call(_ callee: Value, _ arguments: CallArguments) throws(TemplateError) -> Value {
        switch callee {
        case .method(let method): return try call(method, arguments)
        case .function(let function): return try call(function, arguments)
        case .macro(let macro): return .string(try call(macro, arguments))
        case .loop(let loop):
            return try recurse(loop, over: try arguments.positionalOnly(1...1, of: "loop")[0])
        case .joiner(let joiner):
            try arguments.none(of: "joiner")
            defer { joiner.isUsed = true }
            return .string(joiner.isUsed ? joiner.separator : "")
        case .undefined(let undefined): throw undefined.error
        default: throw .runtime("\(callee.kind) cannot be called")
        }
    }

    private func call(_ function: GlobalFunction, _ arguments: CallArguments)
        throws(TemplateError) -> Value
    {
        let name = function.rawValue
        switch function {
        case .range:
            let bounds = try arguments.positionalOnly(1...3, of: name)
            var numbers: [Int] = []
            for bound in bounds { numbers.append(try bound.integerArgument(of: name)) }
            if numbers.count == 1 { numbers.insert(0, at: 0) }
            return .range(
                try RangeStorage(
                    start: numbers[0], stop: numbers[1], step: numbers.count == 3 ? numbers[2] : 1))
        case .dict: return try dict(from: arguments)
        case .namespace:
            guard case .dict(let dict) = try dict(from: arguments) else { return .none }
            let namespace = makeNamespace()
            for entry in dict.entries {
                try set(try entry.key.stringArgument(of: name), of: namespace, to: entry.value)
            }
            return .namespace(namespace)
        case .cycler:
            let items = try arguments.positionalOnly(1...1000, of: name)
            return .cycler(Cycler(try ListStorage(items)))
        case .joiner:
            let separator = try arguments.bound(to: ["sep"], of: name)[0]
            return .joiner(Joiner(try separator?.text(self) ?? ", "))
        case .raiseException:
            let message = try arguments.bound(to: ["message"], required: 1, of: name)[0]
            throw TemplateError(.raised, try message?.text(self) ?? "")
        case .strftimeNow:
            let format = try arguments.bound(to: ["format"], required: 1, of: name)[0]
            let text = try (format ?? .none).stringArgument(of: name)
            try charge(bytes: text.utf8.count)
            return try string(now.formatted(text))
        }
    }

    /// `dict(mapping or pairs, name=value, …)`
    private func dict(from arguments: CallArguments) throws(TemplateError) -> Value {
        guard arguments.positional.count <= 1 else {
            throw .runtime("'dict' takes at most one argument without a name")
        }
        var builder = DictBuilder()
        if let source = arguments.positional.first {
            if case .dict(let dict) = source {
                try charge(2 * dict.entries.count)
                for entry in dict.entries { try builder.set(entry.key, entry.value) }
            } else {
                for pair in try items(of: source) {
                    let parts = try items(of: pair)
                    guard parts.count == 2 else {
                        throw .runtime("'dict' needs pairs, found \(parts.count) values")
                    }
                    try builder.set(parts[0], parts[1])
                }
            }
        }
        for keyword in arguments.keywords { try builder.set(.string(keyword.name), keyword.value) }
        return try builder.dict()
    }

    // MARK: - Macros

    private func call(_ macro: Macro, _ arguments: CallArguments) throws(TemplateError) -> String {
        // A call takes more stack than other levels, so it counts by itself.
        try enter()
        defer { depth -= 1 }
        let definition = macro.definition
        let parameters = definition.parameters
        let scope = Scope(parent: macro.scope)
        var keywords = arguments.keywords
        func takeKeyword(_ name: String) -> Value? {
            guard let index = keywords.firstIndex(where: { $0.name.sameText(as: name) }) else {
                return nil
            }
            return keywords.remove(at: index).value
        }
        var given: [Value?] = arguments.positional.prefix(parameters.count).map { $0 }
        for parameter in parameters.dropFirst(given.count) {
            given.append(takeKeyword(parameter.name))
        }
        if definition.usesCaller {
            scope.set(
                template.callerName, takeKeyword("caller") ?? .undefined(hint: "there is no caller")
            )
        }
        if definition.usesKeywords {
            var builder = DictBuilder()
            for keyword in keywords { try builder.set(.string(keyword.name), keyword.value) }
            scope.set(template.keywordsName, try builder.dict())
        } else if !keywords.isEmpty {
            throw .runtime("macro '\(definition.name)' has no parameter of that name")
        }
        let surplus = Array(arguments.positional.dropFirst(parameters.count))
        if definition.usesVarargs {
            scope.set(template.varargsName, try .tuple(surplus))
        } else if !surplus.isEmpty {
            throw .runtime(
                "macro '\(definition.name)' takes at most \(parameters.count) arguments,"
                    + " found \(arguments.positional.count)")
        }
        let callLine = line
        let text = try captured { () throws(TemplateError) in
            for (parameter, value) in zip(parameters, given) {
                if let value {
                    scope.set(parameter.id, value)
                } else if let fallback = parameter.fallback {
                    scope.set(parameter.id, try evaluate(fallback, scope))
                } else {
                    scope.set(
                        parameter.id,
                        .undefined(hint: "parameter '\(parameter.name)' was not provided"))
                }
            }
            _ = try execute(definition.body, scope)
        }
        line = callLine
        return text
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Evaluated arguments of a call, filter or test.
struct CallArguments {
    var positional: [Value] = []
    var keywords: [(name: String, value: Value)] = []

    /// The arguments in the order of the parameters' names, nil where one was not given.
    /// - Parameter required: How many of the first parameters must be given.
    func bound(to parameters: [String], required: Int = 0, of callee: String)
        throws(TemplateError) -> [Value?]
    {
        guard positional.count <= parameters.count else {
            throw .runtime(
                "'\(callee)' takes at most \(parameters.count) arguments, found \(positional.count)"
            )
        }
        var values: [Value?] = positional
        values += Array(repeating: nil, count: parameters.count - positional.count)
        for keyword in keywords {
            guard let index = parameters.firstIndex(where: { $0.sameText(as: keyword.name) })
            else { throw .runtime("'\(callee)' has no parameter of that name") }
            guard index >= positional.count else {
                throw .runtime("'\(callee)' was given '\(parameters[index])' twice")
            }
            values[index] = keyword.value
        }
        if let missing = values.prefix(required).firstIndex(where: { $0 == nil }) {
            throw .runtime("'\(callee)' needs the argument '\(parameters[missing])'")
        }
        return values
    }

    /// Positional arguments only.
    func positionalOnly(_ range: ClosedRange<Int>, of callee: String) throws(TemplateError)
        -> [Value]
    {
        guard keywords.isEmpty else { throw .runtime("'\(callee)' takes no named arguments") }
        guard range.contains(positional.count) else {
            throw .runtime(
                "'\(callee)' takes \(range.lowerBound) to \(range.upperBound) arguments,"
                    + " found \(positional.count)")
        }
        return positional
    }

    func none(of callee: String) throws(TemplateError) { _ = try positionalOnly(0...0, of: callee) }
}

extension Value {
    /// The text of a string argument.
    func stringArgument(of callee: String) throws(TemplateError) -> String {
        guard case .string(let text) = self else {
            throw .runtime("'\(callee)' needs a string, found \(kind)")
        }
        return text
    }

    func integerArgument(of callee: String) throws(TemplateError) -> Int {
        guard let index else { throw .runtime("'\(callee)' needs an integer, found \(kind)") }
        return index
    }

    var isNone: Bool {
        if case .none = self { return true }
        return false
    }
}

extension Optional<Value> {
    /// Nil for an argument that was not given or is none.
    var given: Value? {
        guard let self, !self.isNone else { return nil }
        return self
    }
}

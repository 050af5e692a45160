// SPDX-License-Identifier: Apache-2.0

extension Filters {
    @Sendable static func first(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        try arguments.none(of: "first")
        let none = Value.undefined(hint: "there is no first item: the sequence is empty")
        if case .iterator(let iterator) = value { return try iterator.next(interpreter) ?? none }
        return try interpreter.items(of: value).first ?? none
    }

    @Sendable static func last(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        try arguments.none(of: "last")
        if case .iterator = value {
            throw .runtime("'last' needs a sequence: put '|list' before it")
        }
        return try interpreter.items(of: value).last
            ?? .undefined(hint: "there is no last item: the sequence is empty")
    }

    @Sendable static func list(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        try arguments.none(of: "list")
        return try interpreter.list(try interpreter.items(of: value))
    }

    @Sendable static func reverse(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        try arguments.none(of: "reverse")
        if case .string(let text) = value {
            return try interpreter.string(String(scalars: text.unicodeScalars.reversed()))
        }
        let items = try interpreter.items(of: value)
        if case .iterator = value { return try interpreter.list(items.reversed()) }
        return .iterator(try LazyIterator(over: value.extent.depth) { _ in items.reversed() })
    }

    @Sendable static func items(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        try arguments.none(of: "items")
        return .iterator(
            try LazyIterator(over: value.extent.depth) { (interpreter) throws(TemplateError) in
                if value.isUndefined { return [] }
                guard case .dict(let dict) = value else {
                    throw .runtime("'items' needs a dict, found \(value.kind)")
                }
                return try interpreter.items(of: .view(try DictView(dict, .items)))
            })
    }

    @Sendable static func join(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        let values = try arguments.bound(to: ["d", "attribute"], of: "join")
        let path = try path(values[1])
        let separator = try values[0]?.text(interpreter) ?? ""
        var texts: [Value] = []
        for item in try interpreter.items(of: value) {
            let part = path.isEmpty ? item : try follow(path, from: item, interpreter)
            texts.append(.string(try part.text(interpreter)))
        }
        return try StringMethods.join(separator, texts, interpreter)
    }

    @Sendable static func map(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        .iterator(
            try LazyIterator(over: value.extent.depth) { (interpreter) throws(TemplateError) in
                guard value.isTrue else { return [] }
                let transform = try mapping(arguments, interpreter)
                var results: [Value] = []
                for item in try interpreter.items(of: value) { results.append(try transform(item)) }
                return results
            })
    }

    private static func mapping(_ arguments: CallArguments, _ interpreter: Interpreter)
        throws(TemplateError) -> (Value) throws(TemplateError) -> Value
    {
        if arguments.positional.isEmpty,
            arguments.keywords.contains(where: { $0.name == "attribute" })
        {
            let values = try arguments.bound(to: ["attribute", "default"], of: "map")
            let path = try path(values[0])
            return { (item) throws(TemplateError) in
                try follow(path, from: item, interpreter, missing: values[1].given)
            }
        }
        guard let filter = arguments.positional.first else {
            throw .runtime("'map' needs the name of a filter or attribute=…")
        }
        let name = try filter.stringArgument(of: "map")
        var rest = arguments
        rest.positional.removeFirst()
        return { (item) throws(TemplateError) in
            try interpreter.charge(1)
            return try apply(name, to: item, rest, interpreter)
        }
    }

    static func select(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter, keeps: Bool,
        byAttribute: Bool
    ) throws(TemplateError) -> Value {
        .iterator(
            try LazyIterator(over: value.extent.depth) { (interpreter) throws(TemplateError) in
                guard value.isTrue else { return [] }
                var rest = arguments
                var path: [Value] = []
                if byAttribute {
                    guard !rest.positional.isEmpty else {
                        throw .runtime("'selectattr' and 'rejectattr' need an attribute's name")
                    }
                    path = try Self.path(rest.positional.removeFirst())
                }
                let test = rest.positional.isEmpty ? nil : rest.positional.removeFirst()
                let name = try test?.stringArgument(of: "select")
                var results: [Value] = []
                for item in try interpreter.items(of: value) {
                    try interpreter.charge(1)
                    let tested = try follow(path, from: item, interpreter)
                    let passes: Bool
                    if let name {
                        passes = try Tests.apply(name, to: tested, rest, interpreter)
                    } else {
                        passes = tested.isTrue
                    }
                    if passes == keeps { results.append(item) }
                }
                return results
            })
    }

    @Sendable static func batch(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        let values = try arguments.bound(
            to: ["linecount", "fill_with"], required: 1, of: "batch")
        return .iterator(
            try LazyIterator(over: value.extent.depth) { (interpreter) throws(TemplateError) in
                let count = try (values[0] ?? .none).integerArgument(of: "batch")
                var batches: [Value] = []
                var batch: [Value] = []
                for item in try interpreter.items(of: value) {
                    if batch.count == count {
                        batches.append(try .list(batch))
                        batch = []
                    }
                    batch.append(item)
                }
                if !batch.isEmpty {
                    if let fill = values[1].given, batch.count < count {
                        try interpreter.charge(count - batch.count)
                        batch += Array(repeating: fill, count: count - batch.count)
                    }
                    batches.append(try .list(batch))
                }
                return batches
            })
    }

    @Sendable static func slice(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        let values = try arguments.bound(to: ["slices", "fill_with"], required: 1, of: "slice")
        return .iterator(
            try LazyIterator(over: value.extent.depth) { (interpreter) throws(TemplateError) in
                let items = try interpreter.items(of: value)
                let count = try (values[0] ?? .none).integerArgument(of: "slice")
                guard count != 0 else { throw .runtime("'slice' needs a count that is not zero") }
                guard count > 0 else { return [] }
                try interpreter.charge(count)
                var slices: [Value] = []
                var start = 0
                for index in 0..<count {
                    let isLonger = index < items.count % count
                    let end = start + items.count / count + (isLonger ? 1 : 0)
                    var slice = Array(items[start..<end])
                    if let fill = values[1].given, !isLonger { slice.append(fill) }
                    slices.append(try .list(slice))
                    start = end
                }
                return slices
            })
    }

    @Sendable static func sum(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        let values = try arguments.bound(to: ["attribute", "start"], of: "sum")
        let path = try path(values[0])
        var total = values[1] ?? .integer(0)
        if case .string = total { throw .runtime("'sum' does not join strings: use 'join'") }
        for item in try interpreter.items(of: value) {
            try interpreter.charge(1)
            total = try interpreter.compute(.add, total, try follow(path, from: item, interpreter))
        }
        return total
    }

    @Sendable static func unique(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        let values = try arguments.bound(to: ["case_sensitive", "attribute"], of: "unique")
        return .iterator(
            try LazyIterator(over: value.extent.depth) { (interpreter) throws(TemplateError) in
                let path = try path(values[1])
                var seen: Set<HashKey> = []
                var results: [Value] = []
                for item in try interpreter.items(of: value) {
                    let found = try follow(path, from: item, interpreter)
                    try interpreter.charge(found.extent.weight)
                    let key = folded(found, values[0]?.isTrue ?? false)
                    if seen.insert(try HashKey(checking: key)).inserted { results.append(item) }
                }
                return results
            })
    }

    static func extreme(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter, isMaximum: Bool
    ) throws(TemplateError) -> Value {
        let values = try arguments.bound(
            to: ["case_sensitive", "attribute"], of: isMaximum ? "max" : "min")
        let path = try path(values[1])
        let isCaseSensitive = values[0]?.isTrue ?? false
        var best: (item: Value, key: Value)?
        let items: [Value]
        if case .iterator(let iterator) = value {
            items = try iterator.rest(interpreter)
        } else {
            items = try interpreter.items(of: value)
        }
        for item in items {
            let key = folded(try follow(path, from: item, interpreter), isCaseSensitive)
            guard let current = best else {
                best = (item, key)
                continue
            }
            let isBetter =
                isMaximum
                ? try precedes(current.key, key, interpreter)
                : try precedes(key, current.key, interpreter)
            if isBetter { best = (item, key) }
        }
        return best?.item ?? .undefined(hint: "there is no smallest or largest item: it is empty")
    }

    @Sendable static func sort(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        let values = try arguments.bound(
            to: ["reverse", "case_sensitive", "attribute"], of: "sort")
        let isCaseSensitive = values[1]?.isTrue ?? false
        var paths: [[Value]] = []
        if case .string(let names)? = values[2] {
            for name in names.split(by: ",", limit: -1) { paths.append(try path(.string(name))) }
        } else {
            paths = [try path(values[2])]
        }
        var keyed: [(item: Value, key: Value)] = []
        for item in try interpreter.items(of: value) {
            var keys: [Value] = []
            for path in paths {
                keys.append(folded(try follow(path, from: item, interpreter), isCaseSensitive))
            }
            keyed.append((item, try .list(keys)))
        }
        return try interpreter.list(
            try sorted(keyed, isReversed: values[0]?.isTrue ?? false, interpreter))
    }

    private static func sorted(
        _ keyed: [(item: Value, key: Value)], isReversed: Bool, _ interpreter: Interpreter
    ) throws(TemplateError) -> [Value] {
        // Reversed, equal items keep their order, as in Python.
        try keyed.stablySorted { (a, b) throws(TemplateError) in
            isReversed
                ? try precedes(b.key, a.key, interpreter)
                : try precedes(a.key, b.key, interpreter)
        }.map(\.item)
    }

    @Sendable static func dictSort(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        let values = try arguments.bound(
            to: ["case_sensitive", "by", "reverse"], of: "dictsort")
        guard case .dict(let dict) = value else {
            if case .undefined(let undefined) = value { throw undefined.error }
            throw .runtime("'dictsort' needs a dict, found \(value.kind)")
        }
        let by = try values[1]?.stringArgument(of: "dictsort") ?? "key"
        guard by == "key" || by == "value" else {
            throw .runtime("'dictsort' sorts by 'key' or 'value'")
        }
        var keyed: [(item: Value, key: Value)] = []
        for entry in dict.entries {
            let key = folded(by == "key" ? entry.key : entry.value, values[0]?.isTrue ?? false)
            keyed.append((try .tuple([entry.key, entry.value]), key))
        }
        return try interpreter.list(
            try sorted(keyed, isReversed: values[2]?.isTrue ?? false, interpreter))
    }

    @Sendable static func groupBy(
        _ value: Value, _ arguments: CallArguments, _ interpreter: Interpreter
    ) throws(TemplateError) -> Value {
        let values = try arguments.bound(
            to: ["attribute", "default", "case_sensitive"], required: 1, of: "groupby")
        let path = try path(values[0])
        let isCaseSensitive = values[2]?.isTrue ?? false
        var keyed: [(item: Value, key: Value)] = []
        for item in try interpreter.items(of: value) {
            let key = try follow(path, from: item, interpreter, missing: values[1].given)
            keyed.append((.undefined(hint: ""), folded(key, isCaseSensitive)))
            keyed[keyed.count - 1].item = try .tuple([key, item])
        }
        let ordered = try keyed.stablySorted { (a, b) throws(TemplateError) in
            try precedes(a.key, b.key, interpreter)
        }
        var groups: [Value] = []
        var start = 0
        while start < ordered.count {
            var end = start
            var members: [Value] = []
            var name = Value.none
            while end < ordered.count {
                try interpreter.charge(ordered[end].key.extent.weight)
                guard ordered[end].key.equals(ordered[start].key) else { break }
                if case .tuple(let pair) = ordered[end].item {
                    if end == start { name = pair.items[0] }
                    members.append(pair.items[1])
                }
                end += 1
            }
            groups.append(
                .tuple(try ListStorage([name, try .list(members)], isGroup: true)))
            start = end
        }
        return try interpreter.list(groups)
    }
}

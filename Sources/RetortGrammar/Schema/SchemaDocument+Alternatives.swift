// SPDX-License-Identifier: Apache-2.0

import RetortJSON

extension SchemaDocument {
    /// The alternatives of a value that must satisfy every place of `places`: each is a set of
    /// places whose own keywords, `$ref`, `allOf`, `anyOf` and `oneOf` aside, must all hold.
    mutating func alternatives(_ places: [Place]) throws(GrammarError) -> [[Place]] {
        var result: [[Place]] = [[]]
        for place in places {
            result = try product(result, try expanded(place, active: []), at: place)
        }
        return result
    }

    private func product(_ a: [[Place]], _ b: [[Place]], at place: Place) throws(GrammarError)
        -> [[Place]]
    {
        guard a.count * b.count <= limits.alternatives else {
            throw GrammarError(
                .limit, "more than \(limits.alternatives) alternatives for one value",
                path: paths[place])
        }
        var result: [[Place]] = []
        for first in a {
            for second in b {
                let merged = first + second.filter { !first.contains($0) }
                if !result.contains(merged) { result.append(merged) }
            }
        }
        return result
    }

    private mutating func expanded(_ place: Place, active: [Place]) throws(GrammarError)
        -> [[Place]]
    {
        if let flag = values[place].boolValue { return flag ? [[]] : [] }
        if let known = expansions[place] { return known }
        guard !active.contains(place) else {
            throw GrammarError(
                .invalid, "refers to itself before any part of the value", path: paths[place])
        }
        guard active.count < limits.sourceDepth else {
            throw GrammarError(
                .limit, "references nested deeper than \(limits.sourceDepth)", path: paths[place])
        }
        let active = active + [place]
        let schema = values[place]
        let hasAssertions =
            schema.objectValue?.keys.contains { Self.assertions.contains($0) } ?? false
        var result: [[Place]] = hasAssertions ? [[place]] : [[]]
        if let target = try target(of: place) {
            result = try product(result, try expanded(target, active: active), at: place)
        }
        if schema["allOf"] != nil {
            for child in try children(place, "allOf") {
                result = try product(result, try expanded(child, active: active), at: place)
            }
        }
        for keyword in ["anyOf", "oneOf"] where schema[keyword] != nil {
            var branches: [[Place]] = []
            for child in try children(place, keyword) {
                branches += try expanded(child, active: active)
                guard branches.count <= limits.alternatives else {
                    throw GrammarError(
                        .limit, "more than \(limits.alternatives) alternatives for one value",
                        path: paths[place])
                }
            }
            result = try product(result, branches, at: place)
        }
        expansions[place] = result
        return result
    }
}

// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a page or a chart: elements that are not closed in the order of their opening,
/// quotes without their other half, a bare `&`. Empty if nothing is.
/// - Parameter voids: Elements that are never closed.
public func markupProblems(_ markup: String, voids: Set<String> = []) -> [String] {
    var problems: [String] = []
    var open: [String] = []
    var rest = markup[...]

    func check(text: Substring) {
        var text = text
        while let and = text.firstIndex(of: "&") {
            let entity = text[and...].prefix { $0 != ";" }
            if !["&amp", "&lt", "&gt", "&quot", "&#39"].contains(String(entity)) {
                problems.append("a bare &: \(entity.prefix(20))")
            }
            text = text[text.index(after: and)...]
        }
    }

    while let start = rest.firstIndex(of: "<") {
        check(text: rest[..<start])
        guard let end = rest[start...].firstIndex(of: ">") else {
            return problems + ["a tag is not closed"]
        }
        let tag = rest[rest.index(after: start)..<end]
        rest = rest[rest.index(after: end)...]
        if tag.hasPrefix("!") { continue }
        if tag.hasPrefix("/") {
            let name = String(tag.dropFirst())
            if open.popLast() != name { problems.append("</\(name)> closes another element") }
            continue
        }
        if tag.count(where: { $0 == "\"" }) % 2 != 0 { problems.append("a quote too many") }
        let name = String(tag.prefix { $0.isLetter || $0.isNumber })
        if !tag.hasSuffix("/"), !voids.contains(name) { open.append(name) }
    }
    return problems + open.map { "<\($0)> is not closed" }
}

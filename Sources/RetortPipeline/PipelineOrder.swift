// SPDX-License-Identifier: Apache-2.0
//
// Which stages a stage needs: those that make what its command names, and those that its `after` names. A path
// that no stage says it makes is taken to be made by the first that names it.

/// The order that a plan's stages have among each other.
struct PipelineOrder {
    /// By stage, the earlier stages that must have ended well before it.
    let needs: [[Int]]

    init(_ stages: [PipelineStage]) {
        var made: [[String]] = []
        var needs: [[Int]] = []
        for stage in stages {
            let own = stage.makes + (stage.output.map { [$0] } ?? [])
            let named = own + Self.named(stage) + stage.expectations.map(\.file)
            needs.append(
                made.indices.filter { earlier in
                    stage.after.contains(stages[earlier].name)
                        || made[earlier].contains { one in
                            named.contains { Self.overlap(one, $0) }
                        }
                })
            let fresh = named.filter { name in
                !made.contains { $0.contains { Self.overlap($0, name) } }
            }
            made.append(own + fresh)
        }
        self.needs = needs
    }

    /// Paths below the output in a stage's arguments; "" for the output itself.
    private static func named(_ stage: PipelineStage) -> [String] {
        var names: [String] = []
        for word in stage.pattern {
            for place in word.ranges(of: "{output}") {
                let rest = word[place.upperBound...]
                guard rest.first == "/" else {
                    names.append("")
                    continue
                }
                let path = rest.prefix { $0.isLetter || $0.isNumber || "-_./".contains($0) }
                names.append(path.split(separator: "/").joined(separator: "/"))
            }
        }
        return names
    }

    private static func overlap(_ one: String, _ other: String) -> Bool {
        let first = one.split(separator: "/")
        let second = other.split(separator: "/")
        return zip(first, second).allSatisfy { $0 == $1 }
    }
}

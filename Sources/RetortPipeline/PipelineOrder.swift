// SPDX-License-Identifier: Apache-2.0
//
// Which stages a stage needs: those that make what its command names, those that read what it makes anew, and
// those that its `after` names. A path that no stage says it makes, and that lies in none of theirs, is taken to
// be made by the first that names it.

/// The order that a plan's stages have among each other.
struct PipelineOrder {
    /// By stage, the earlier stages that must have ended well before it.
    let needs: [[Int]]

    init(_ stages: [PipelineStage]) {
        var made: [[String]] = []
        var named: [[Substring]] = []
        var needs: [[Int]] = []
        for stage in stages {
            let own = (stage.makes + (stage.output.map { [$0] } ?? [])).map(Self.plain)
            let names = Self.named(stage)
            needs.append(
                made.indices.filter { earlier in
                    stage.after.contains(stages[earlier].name)
                        || made[earlier].contains { path in
                            names.contains { Self.overlap(path, $0) }
                                || own.contains { Self.overlap(path, $0[...]) }
                        }
                        || own.contains { path in
                            named[earlier].contains { Self.overlap(path, $0) }
                        }
                })
            let fresh = names.filter { name in
                !made.contains { $0.contains { Self.overlap($0, name) } }
            }
            made.append(own + fresh.map { String($0.prefix(while: Self.isPath)) })
            named.append(names)
        }
        self.needs = needs
    }

    /// What stands behind the output in a stage's arguments and expectations, to the word's end.
    private static func named(_ stage: PipelineStage) -> [Substring] {
        let words = stage.pattern.flatMap { word in
            word.ranges(of: "{output}").map { place in
                let rest = word[place.upperBound...]
                return rest.first == "/" ? plain(String(rest))[...] : ""
            }
        }
        return words + stage.expectations.map { plain($0.file)[...] }
    }

    /// Without empty parts and points.
    private static func plain(_ path: String) -> String {
        path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }

    private static func isPath(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || "-_./".contains(character)
    }

    /// Whether a name, and what follows it in its word, is a path, in it, or above it.
    private static func overlap(_ path: String, _ name: Substring) -> Bool {
        if path.isEmpty || name.isEmpty { return true }
        if name.hasPrefix(path) {
            guard let next = name.dropFirst(path.count).first else { return true }
            return next == "/" || !isPath(next)
        }
        let above = name.prefix(while: isPath)
        return !above.isEmpty && path.hasPrefix(above + "/")
    }
}

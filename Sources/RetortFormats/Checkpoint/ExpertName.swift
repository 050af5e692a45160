// SPDX-License-Identifier: Apache-2.0

import Foundation

/// `model.layers.L.mlp.experts.N.gate_proj.weight` and its stacked form without N.
struct ExpertName {
    private let prefix: String
    private let suffix: String
    let index: Int
    private static let mark = ".mlp.experts."

    init?(_ name: String) {
        guard let mark = name.range(of: Self.mark) else { return nil }
        let rest = name[mark.upperBound...]
        guard let dot = rest.firstIndex(of: "."), let index = Int(rest[..<dot]), index >= 0 else {
            return nil
        }
        prefix = String(name[..<mark.upperBound])
        suffix = String(rest[rest.index(after: dot)...])
        self.index = index
    }

    init?(stacked name: String) {
        guard let mark = name.range(of: Self.mark), ExpertName(name) == nil else { return nil }
        prefix = String(name[..<mark.upperBound])
        suffix = String(name[mark.upperBound...])
        index = 0
    }

    var stacked: String { prefix + suffix }
    func single(_ index: Int) -> String { "\(prefix)\(index).\(suffix)" }
}

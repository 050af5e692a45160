// SPDX-License-Identifier: Apache-2.0

import RetortProvenance

/// Which of two equal texts one would rather keep, by their licences.
final class LicenceRanks {
    private let gate: RightsGate
    /// A corpus has few licences, and the gate looks through its whole table for each.
    private var known: [String: Int] = [:]

    init(_ gate: RightsGate) { self.gate = gate }

    /// 0 for what is allowed, 1 for what is with obligations, 2 for what is refused or not known.
    func rank(_ licence: String?) -> Int {
        guard let licence else { return 2 }
        if let rank = known[licence] { return rank }
        let rank =
            switch gate.licence(licence).verdict {
            case .allowed: 0
            case .conditional: 1
            case .nonCommercial, .unknown, .forbidden: 2
            }
        known[licence] = rank
        return rank
    }
}

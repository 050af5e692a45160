// SPDX-License-Identifier: Apache-2.0

/// Whether a model may be trained with something; a greater one is stricter.
public enum GateVerdict: String, Sendable, CaseIterable, Comparable {
    case allowed
    /// With obligations.
    case conditional
    case nonCommercial = "non-commercial"
    /// Nothing is known, or nothing is settled: refused.
    case unknown
    case forbidden

    public static func < (a: GateVerdict, b: GateVerdict) -> Bool { a.rank < b.rank }

    private var rank: Int {
        switch self {
        case .allowed: 0
        case .conditional: 1
        case .nonCommercial: 2
        case .unknown: 3
        case .forbidden: 4
        }
    }
}

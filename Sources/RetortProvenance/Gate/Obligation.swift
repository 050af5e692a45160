// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// What a licence or terms ask of whoever gives the model away.
public struct Obligation: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        /// The model's name must begin with one of `values`.
        case namePrefix = "name-prefix"
        /// The card must have one of `values`, word for word.
        case statement
        /// A copy of the licence `values[0]` must come with the model.
        case licenceCopy = "licence-copy"
        /// A file NOTICE must have the text `values[0]`.
        case notice
        /// The model must be under one of the licences `values`.
        case shareAlike = "share-alike"
        /// The card must name `values[0]`, or else where the data came from.
        case attribution
        /// The card must pass on the restrictions at the address `values[0]`.
        case useRestrictions = "use-restrictions"
        /// No more monthly users than `values[0]` without asking.
        case userLimit = "user-limit"
        /// The model must be under a licence that forbids commercial use.
        case nonCommercial = "non-commercial"
    }

    public var kind: Kind
    public var values: [String]
    /// Whose it is: the row of the policy.
    public var row: String

    public init(_ kind: Kind, _ values: [String] = [], row: String) {
        self.kind = kind
        self.values = values
        self.row = row
    }

    var json: JSONValue {
        [
            "kind": .string(kind.rawValue), "values": .array(values.map { .string($0) }),
            "row": .string(row),
        ]
    }

    init(_ json: JSONValue, row: String) throws(ProvenanceError) {
        let fields = try LedgerFields(json, place: "obligation of \(row)")
        guard let kind = Kind(rawValue: try fields.text("kind")) else {
            throw fields.wrong(
                "kind", expected: Kind.allCases.map(\.rawValue).joined(separator: ", "))
        }
        self.init(kind, try fields.texts("values"), row: try fields.optionalText("row") ?? row)
        let needsNone: Set<Kind> = [.nonCommercial, .attribution]
        guard !values.isEmpty || needsNone.contains(kind) else {
            throw fields.wrong("values", expected: "at least one")
        }
    }

    /// For people, in a line.
    public var text: String {
        let first = values.first ?? ""
        let list = values.map { "\"\($0)\"" }.joined(separator: " or ")
        return switch kind {
        case .namePrefix: "The model's name begins with \(list)."
        case .statement: "It is said: \(list)."
        case .licenceCopy: "A copy of the licence (\(first)) comes with the model."
        case .notice: "NOTICE has the text: \(first)"
        case .shareAlike: "The model is under \(values.joined(separator: " or "))."
        case .attribution:
            first.isEmpty
                ? "Those who made the data are named." : "\"\(first)\" is named as a source."
        case .useRestrictions: "Restrictions of use are passed on: \(first)"
        case .userLimit: "More than \(first) monthly users need a licence of their own."
        case .nonCommercial: "There is no commercial use."
        }
    }
}

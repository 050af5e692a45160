// SPDX-License-Identifier: Apache-2.0
//
// The table by which the gate judges: data with a date and a hash, so that a verdict says by which
// table it was given. It is no advice on law; what somebody knows better goes into a table of one's own.

import Foundation
import RetortJSON

/// What licences and terms say of training.
public struct RightsPolicy: Sendable, Equatable {
    /// By which table a verdict was given.
    public struct Stamp: Sendable, Equatable {
        public var date: String
        public var hash: ContentHash
    }

    public private(set) var stamp: Stamp
    /// Rows of a table of one's own first.
    public private(set) var rows: [PolicyRow]

    /// Reads `{"format": "retort-policy", "version": 1, "date": …, "rows": […]}`.
    /// - Throws: ``ProvenanceError`` that names the row and what is wrong with it.
    public init(parsing bytes: some Sequence<UInt8>) throws(ProvenanceError) {
        let bytes = Array(bytes)
        let json: JSONValue
        do throws(JSONError) { json = try JSONValue(parsing: bytes) } catch {
            throw ProvenanceError("the policy is \(error)", advice: "correct the file")
        }
        let fields = try LedgerFields(json, place: "policy")
        guard try fields.text("format") == "retort-policy" else {
            throw fields.wrong("format", expected: "'retort-policy'")
        }
        guard try fields.optionalCount("version") == 1 else {
            throw fields.wrong("version", expected: "1; update this retort for a newer table")
        }
        stamp = Stamp(date: try fields.text("date"), hash: ContentHash(of: bytes))
        rows = []
        var known: Set<String> = []
        for (number, item) in try fields.array("rows").enumerated() {
            let row = try PolicyRow(item, number: number)
            guard known.insert(row.id).inserted else {
                throw ProvenanceError("the policy has two rows '\(row.id)'", advice: "rename one")
            }
            rows.append(row)
        }
        try fields.finish(["format", "version", "date", "note", "rows"])
    }

    /// The table that comes with this module.
    public static func bundled() throws(ProvenanceError) -> RightsPolicy {
        try RightsPolicy(parsing: PackageResources.policy_json)
    }

    /// This table with the rows of `other` before its own: a row of the same name is replaced, and
    /// of two that match equally the other's counts. The hash is of both hashes.
    public func overridden(by other: RightsPolicy) -> RightsPolicy {
        var merged = self
        let names = Set(other.rows.map(\.id))
        merged.rows = other.rows + rows.filter { !names.contains($0.id) }
        merged.stamp = Stamp(
            date: max(stamp.date, other.stamp.date),
            hash: ContentHash(of: "\(stamp.hash)\n\(other.stamp.hash)\n"))
        return merged
    }

    /// The row for a name: that whose pattern says the most of it.
    public func row(_ kind: PolicyRow.Kind, for name: String) -> PolicyRow? {
        var best: (row: PolicyRow, count: Int)?
        for row in rows where row.kind == kind {
            for pattern in row.patterns where pattern.matches(name) {
                if pattern.literalCount > best?.count ?? -1 { best = (row, pattern.literalCount) }
            }
        }
        return best?.row
    }

    public subscript(id: String) -> PolicyRow? { rows.first { $0.id == id } }
}

// SPDX-License-Identifier: Apache-2.0
//
// TDM Reservation Protocol (W3C community group, final report of 2024): the file /.well-known/tdmrep.json,
// the headers and meta elements tdm-reservation and tdm-policy. Of the file's rules the first that matches
// a path counts.

import RetortJSON

/// Whether a content is reserved from text and data mining.
public struct TDMReservation: Sendable, Equatable {
    public static let path = "/.well-known/tdmrep.json"

    struct Rule: Sendable, Equatable {
        var pattern: PathPattern
        var isReserved: Bool
        var policy: String?
    }

    let rules: [Rule]
    private let bytes: [UInt8]

    /// Reads the file.
    /// - Throws: ``ProvenanceError`` if it is no array of rules. Whoever crawls must then ask a
    ///   person: a broken reservation is no permission.
    public init(parsing bytes: [UInt8]) throws(ProvenanceError) {
        self.bytes = bytes
        let json: JSONValue
        do throws(JSONError) { json = try JSONValue(parsing: bytes) } catch {
            throw ProvenanceError("tdmrep.json is \(error)", expected: "an array of rules")
        }
        guard let items = json.arrayValue else {
            throw ProvenanceError("tdmrep.json is \(json.kind)", expected: "an array of rules")
        }
        var rules: [Rule] = []
        for (number, item) in items.enumerated() {
            guard let location = item["location"]?.stringValue,
                let flag = item["tdm-reservation"], let isReserved = Self.flag(flag)
            else {
                throw ProvenanceError(
                    "rule \(number) of tdmrep.json lacks its location or tdm-reservation",
                    expected: "a path, and 0 or 1")
            }
            rules.append(
                Rule(
                    pattern: PathPattern(Array(location.utf8)), isReserved: isReserved,
                    policy: item["tdm-policy"]?.stringValue))
        }
        self.rules = rules
    }

    private static func flag(_ json: JSONValue) -> Bool? {
        switch json.intValue ?? json.stringValue.flatMap({ Int($0) }) {
        case 0: false
        case 1: true
        default: nil
        }
    }

    /// What the file says of a path.
    /// - Parameter fetched: Seconds since 1970.
    public func evidence(url: String, path: String, fetched: Double) -> OptOutEvidence {
        let path = PathPattern.normalized(Array((path.isEmpty ? "/" : path).utf8))
        let rule = rules.first { $0.pattern.matches(normalized: path) }
        return Self.evidence(
            reservation: rule.map(\.isReserved), policy: rule?.policy, url: url, body: bytes,
            fetched: fetched)
    }

    /// What headers or meta elements said.
    /// - Parameters:
    ///   - reservation: The value of tdm-reservation; nil if there was none.
    ///   - policy: Of tdm-policy.
    public static func evidence(
        reservation: String?, policy: String?, url: String, fetched: Double
    ) -> OptOutEvidence {
        let text = "tdm-reservation: \(reservation ?? "")\ntdm-policy: \(policy ?? "")\n"
        let value = reservation?.filter { !$0.isWhitespace }
        return evidence(
            reservation: value.flatMap { flag(.string($0)) }, policy: policy, url: url,
            body: Array(text.utf8), fetched: fetched)
    }

    private static func evidence(
        reservation: Bool?, policy: String?, url: String, body: [UInt8], fetched: Double
    ) -> OptOutEvidence {
        let verdict: OptOutEvidence.Verdict
        var reason: String
        switch reservation {
        case true?:
            verdict = .reserved
            reason = "tdm-reservation is 1"
            if let policy { reason += "; licences: \(policy.prefix(200))" }
        case false?:
            verdict = .permitted
            reason = "tdm-reservation is 0"
        case nil:
            verdict = .silent
            reason = "no tdm-reservation concerns it"
        }
        return OptOutEvidence(
            method: .tdmrep, url: url, fetched: fetched, snapshot: ContentHash(of: body),
            body: body, verdict: verdict, reason: reason)
    }
}

// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// What the policy says of one thing that a model was made with.
public struct GateFinding: Sendable, Hashable {
    /// What was judged, for people: `teacher gpt-4o`, `source "books"`.
    public var subject: String
    public var verdict: GateVerdict
    /// In a sentence.
    public var reason: String
    /// The rows that it rests on.
    public var rows: [String]
    public var obligations: [Obligation]
    /// Who went on against it, and why.
    public var override: GateOverride?

    public init(
        subject: String, verdict: GateVerdict, reason: String, rows: [String] = [],
        obligations: [Obligation] = [], override: GateOverride? = nil
    ) {
        self.subject = subject
        self.verdict = verdict
        self.reason = reason
        self.rows = rows
        self.obligations = obligations
        self.override = override
    }

    /// Both: the stricter verdict, the obligations of both.
    func and(_ other: GateFinding) -> GateFinding {
        let stricter = other.verdict > verdict ? other : self
        return GateFinding(
            subject: subject, verdict: stricter.verdict, reason: stricter.reason,
            rows: rows + other.rows.filter { !rows.contains($0) },
            obligations: obligations + other.obligations.filter { !obligations.contains($0) })
    }

    var json: JSONValue {
        var object = JSONObject([
            ("subject", .string(subject)), ("verdict", .string(verdict.rawValue)),
            ("reason", .string(reason)), ("rows", .array(rows.map { .string($0) })),
            ("obligations", .array(obligations.map(\.json))),
        ])
        object["override"] = override?.json
        return .object(object)
    }
}

/// That somebody went on although the gate refused.
public struct GateOverride: Sendable, Hashable {
    public var reason: String
    public var who: String

    /// - Throws: ``ProvenanceError`` if one of them says nothing.
    public init(reason: String, who: String) throws(ProvenanceError) {
        func says(_ text: String) -> Bool { text.contains { !$0.isWhitespace } }
        guard says(reason), says(who) else {
            throw ProvenanceError(
                "an override says nothing", expected: "a reason and who gives it",
                advice: "they are kept in the ledger and stand in the model's card")
        }
        self.reason = reason
        self.who = who
    }

    var json: JSONValue { ["reason": .string(reason), "who": .string(who)] }
}

/// What the policy says of all that a model is made with.
public struct GateReport: Sendable, Equatable {
    public var findings: [GateFinding]
    /// By which table.
    public var policy: RightsPolicy.Stamp
    public var purpose: RightsGate.Purpose

    /// The strictest of all findings, overridden or not; `allowed` if there are none.
    public var verdict: GateVerdict { findings.map(\.verdict).max() ?? .allowed }

    /// What stands against going on and was not overridden.
    public var refusals: [GateFinding] {
        findings.filter { finding in
            guard finding.override == nil else { return false }
            return switch finding.verdict {
            case .allowed, .conditional: false
            case .nonCommercial: purpose == .commercial
            case .unknown, .forbidden: true
            }
        }
    }

    public var isRefused: Bool { !refusals.isEmpty }

    /// Those of all findings, each once.
    public var obligations: [Obligation] {
        var all: [Obligation] = []
        for obligation in findings.flatMap(\.obligations) {
            let isKnown = all.contains {
                $0.kind == obligation.kind && $0.values == obligation.values
            }
            if !isKnown { all.append(obligation) }
        }
        return all
    }

    /// Why it is refused, a line for each reason.
    public var reasons: String {
        Self.grouped(refusals).map { "\($0.subject): \($0.verdict.rawValue), \($0.reason)" }
            .joined(separator: "\n")
    }

    /// Findings of the same verdict and reason as one, which names the first and counts the others: a
    /// shard may have thousands of works under one licence.
    public static func grouped(_ findings: [GateFinding]) -> [GateFinding] {
        struct Key: Hashable {
            var verdict: GateVerdict
            var reason: String
            var isOverridden: Bool
        }
        var groups: [(first: GateFinding, count: Int)] = []
        var places: [Key: Int] = [:]
        for finding in findings {
            let key = Key(
                verdict: finding.verdict, reason: finding.reason,
                isOverridden: finding.override != nil)
            if let place = places[key] {
                groups[place].count += 1
            } else {
                places[key] = groups.count
                groups.append((finding, 1))
            }
        }
        return groups.map { first, count in
            var finding = first
            if count > 1 { finding.subject += " and \(count - 1) more" }
            return finding
        }
    }

    /// All refusals as overridden.
    func overridden(by override: GateOverride) -> GateReport {
        var report = self
        let refused = refusals.map(\.subject)
        for index in report.findings.indices
        where refused.contains(report.findings[index].subject) {
            report.findings[index].override = override
        }
        return report
    }

    public var json: JSONValue {
        var object = JSONObject([
            ("verdict", .string(verdict.rawValue)), ("refused", .bool(isRefused)),
            ("purpose", .string(purpose.rawValue)),
            ("policy", ["date": .string(policy.date), "sha256": .string(policy.hash.hex)]),
            ("findings", .array(findings.map(\.json))),
            ("obligations", .array(obligations.map(\.json))),
        ])
        object["override"] = findings.lazy.compactMap(\.override).first?.json
        return .object(object)
    }
}

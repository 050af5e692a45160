// SPDX-License-Identifier: Apache-2.0
//
// Whether a model may be made of what it is to be made of. What is not known is refused: a table
// cannot know everything, and an override, which is kept, is how somebody answers for it.

import RetortJSON

/// Judges licences, teachers and whole lineages by a policy.
public struct RightsGate: Sendable {
    /// What the model is for.
    public enum Purpose: String, Sendable, CaseIterable {
        case commercial
        case nonCommercial = "non-commercial"
    }

    public var policy: RightsPolicy
    public var purpose: Purpose

    public init(policy: RightsPolicy, purpose: Purpose = .commercial) {
        self.policy = policy
        self.purpose = purpose
    }

    public func report(_ findings: [GateFinding]) -> GateReport {
        GateReport(findings: findings, policy: policy.stamp, purpose: purpose)
    }

    // MARK: Licences

    /// What a licence allows that data come under.
    /// - Parameter expression: SPDX, or what Hugging Face calls it; what is none of both is unknown.
    public func licence(_ expression: String, subject: String? = nil) -> GateFinding {
        let subject = subject ?? "licence \(expression)"
        guard let parsed = try? LicenceExpression(parsing: expression) else {
            return GateFinding(
                subject: subject, verdict: .unknown,
                reason: "its licence is no SPDX expression that can be read",
                rows: [])
        }
        return judge(parsed, subject)
    }

    private func judge(_ expression: LicenceExpression, _ subject: String) -> GateFinding {
        switch expression {
        case .licence(let id, let orLater):
            // `GPL-3.0+` is the old way of writing `GPL-3.0-or-later`.
            let row =
                (orLater ? policy.row(.dataLicence, for: "\(id)-or-later") : nil)
                ?? policy.row(.dataLicence, for: id)
            guard let row else {
                return GateFinding(
                    subject: subject, verdict: .unknown,
                    reason: "the policy of \(policy.stamp.date) has no row for the licence \(id)")
            }
            return Self.finding(row, subject: subject, "the licence is \(id)")
        case .exception(let base, _):
            // An exception only gives; what it gives is not judged.
            return judge(base, subject)
        case .and(let parts):
            let findings = parts.map { judge($0, subject) }
            return findings.dropFirst().reduce(findings[0]) { $0.and($1) }
        case .or(let parts):
            // One may choose: the mildest, and of these what asks for least.
            let findings = parts.map { judge($0, subject) }
            return findings.dropFirst().reduce(findings[0]) { best, next in
                (next.verdict, next.obligations.count) < (best.verdict, best.obligations.count)
                    ? next : best
            }
        }
    }

    private static func finding(_ row: PolicyRow, subject: String, _ what: String) -> GateFinding {
        let note = row.note.map { ": \($0)" } ?? ""
        return GateFinding(
            subject: subject, verdict: row.verdict, reason: what + note, rows: [row.id],
            obligations: row.obligations)
    }

    // MARK: Teachers

    /// What may be done with a model's words.
    /// - Parameters:
    ///   - names: All that it is called: of the hub, of its metadata, of the recipe. The strictest
    ///     row counts, but for names that no row knows, if another is known.
    ///   - host: Who runs it, if it is asked by an API.
    ///   - licence: What is declared of an unknown model, by somebody who answers for it.
    public func teacher(names: [String], host: String? = nil, licence: String? = nil)
        -> GateFinding
    {
        let subject = "teacher \(names.first ?? "without a name")"
        let rows = names.compactMap { policy.row(.teacher, for: $0) }
        let known = rows.filter { !Self.isFallback($0) }
        var finding: GateFinding
        if !known.isEmpty {
            let each = known.map {
                Self.finding($0, subject: subject, "by the terms of \(Self.short($0.id))")
            }
            finding = each.dropFirst().reduce(each[0]) { $0.and($1) }
        } else if let licence, licence != RightsSource.noAssertion {
            finding = self.licence(licence, subject: subject)
            finding.reason = "declared, \(finding.reason)"
        } else if let row = rows.first {
            finding = Self.finding(row, subject: subject, "no row of the policy knows it")
        } else {
            finding = GateFinding(
                subject: subject, verdict: .unknown,
                reason: "no row of the policy of \(policy.stamp.date) knows it")
        }
        guard let host else { return finding }
        guard let row = policy.row(.service, for: Self.withoutPort(host)) else {
            return finding.and(
                GateFinding(
                    subject: subject, verdict: .unknown,
                    reason: "the policy does not know the terms of \(host)"))
        }
        return finding.and(
            Self.finding(row, subject: subject, "by the terms of the service at \(host)"))
    }

    /// Whether a row's patterns say nothing: what stands for all that is not known.
    private static func isFallback(_ row: PolicyRow) -> Bool {
        row.patterns.allSatisfy { $0.literalCount == 0 }
    }

    private static func short(_ id: String) -> String {
        id.split(separator: "/").last.map(String.init) ?? id
    }

    private static func withoutPort(_ host: String) -> String {
        if host.hasPrefix("[") { return host.prefix { $0 != "]" } + "]" }
        let parts = host.split(separator: ":", omittingEmptySubsequences: false)
        let name = parts.count == 2 ? String(parts[0]) : host
        // A name without a dot is of this network.
        return name.contains(".") || name.contains(":") ? name : "\(name).local"
    }

    // MARK: Sources

    /// What may be done with data: by its licence, and by the terms of every model that wrote it,
    /// whatever the data's own tag says.
    public func source(_ source: RightsSource) -> GateFinding {
        let subject = "source \"\(source.name)\""
        let row = policy.row(.dataset, for: source.name)
        var licence = source.licence
        if licence == RightsSource.noAssertion, let known = row?.licence { licence = known }
        var finding = self.licence(licence, subject: subject)
        // A program's user is the author; nobody else has a licence to give.
        if source.program != nil, source.generators.isEmpty,
            source.licence == RightsSource.noAssertion
        {
            finding = GateFinding(
                subject: subject, verdict: .unknown,
                reason: "a program wrote it, and nobody said under what licence it is")
        }
        if let row {
            finding = Self.finding(row, subject: subject, "it is the dataset \(Self.short(row.id))")
                .and(finding)
        }
        let generators = source.generators + (row?.generators ?? [])
        for generator in Set(generators).sorted() {
            var teacher = teacher(names: [generator])
            teacher.subject = subject
            teacher.reason = "\(generator) wrote it, \(teacher.reason)"
            finding = finding.and(teacher)
        }
        if source.acquisition == .generated, generators.isEmpty, source.program == nil {
            finding = finding.and(
                GateFinding(
                    subject: subject, verdict: .unknown,
                    reason: "it was generated, and nobody said by what"))
        }
        let whom = source.attribution ?? source.name
        finding.obligations = finding.obligations.map { obligation in
            guard obligation.kind == .attribution, obligation.values.isEmpty else {
                return obligation
            }
            return Obligation(.attribution, [whom], row: obligation.row)
        }
        return finding
    }
}

// SPDX-License-Identifier: Apache-2.0

import RetortJSON

extension RightsGate {
    /// What the policy says of all that something was made of, however far back.
    ///
    /// Data are judged by their source; a model that nobody's run made, by what is known of its name
    /// and declared of its licence, as a teacher where somebody learned from it and as a base where
    /// somebody went on from it. A model that recorded runs made is judged by what these were made of.
    /// Overrides that this ledger recorded count; those that came with a model from elsewhere do not:
    /// somebody else answered for them.
    public func check(_ lineage: Lineage) -> GateReport {
        var findings: [GateFinding] = []
        var known: Set<GateFinding> = []
        func add(_ finding: GateFinding) {
            if known.insert(finding).inserted { findings.append(finding) }
        }
        let graph = LineageGraph(lineage)
        for artefact in lineage.artefacts {
            let sources = graph.sources(of: artefact)
            if artefact.kind == .model, !graph.isMade(artefact) {
                for finding in model(artefact, sources.first, lineage) { add(finding) }
            } else if !sources.isEmpty {
                for source in sources {
                    add(self.source(source))
                    for evidence in lineage.evidence[source.id] ?? [] {
                        if let finding = judge(evidence, source) { add(finding) }
                    }
                }
            } else if artefact.kind != .run, artefact.kind != .report,
                !graph.isGrounded(artefact)
            {
                add(
                    GateFinding(
                        subject: "\(artefact.kind.rawValue) \"\(artefact.name)\"",
                        verdict: .unknown,
                        reason: "nobody said where it came from; record its source and licence"))
            }
        }
        for artefact in lineage.artefacts {
            for finding in omittedWorks(of: artefact) { add(finding) }
        }
        if findings.isEmpty, let root = graph[lineage.root], root.kind != .run {
            add(
                GateFinding(
                    subject: "\(root.kind.rawValue) \"\(root.name)\"", verdict: .unknown,
                    reason: "nothing is recorded of what it was made of"))
        }
        for decision in lineage.decisions where !decision.isImported {
            apply(decision, to: &findings)
        }
        return report(findings)
    }

    private func model(_ model: Artefact, _ source: RightsSource?, _ lineage: Lineage)
        -> [GateFinding]
    {
        let uses = Set(lineage.edges.filter { $0.from == model.hash }.map(\.how))
        let host = model.details["endpoint"]?.stringValue
        let names =
            ([source?.name, model.name].compactMap { $0 } + declaredNames(of: model, lineage))
        let licence = source?.licence
        var findings: [GateFinding] = []
        let isBase = uses.contains(.initialisedFrom)
        // What is neither is the thing asked about, or was converted: its words may teach.
        if uses.contains(.taughtBy) || uses.contains(.generated) || !isBase {
            findings.append(teacher(names: names, host: host, licence: licence))
        }
        if isBase { findings.append(base(names: names, licence: licence)) }
        for generator in source?.generators ?? [] {
            var finding = teacher(names: [generator])
            finding.subject = "model \(names.first ?? "")"
            finding.reason = "\(generator) taught it, \(finding.reason)"
            findings.append(finding)
        }
        return findings
    }

    /// What a run that asked the model called it.
    private func declaredNames(of model: Artefact, _ lineage: Lineage) -> [String] {
        lineage.edges.filter { $0.from == model.hash }
            .compactMap { lineage[$0.to]?.details["teacher"]?.stringValue }
    }

    /// What may be done with a model's weights.
    public func base(names: [String], licence: String? = nil) -> GateFinding {
        let subject = "base \(names.first ?? "without a name")"
        for name in names {
            guard let row = policy.row(.teacher, for: name), let known = row.licence else {
                continue
            }
            var finding = self.licence(known, subject: subject)
            finding.rows.append(row.id)
            return finding
        }
        guard let licence, licence != RightsSource.noAssertion else {
            return GateFinding(
                subject: subject, verdict: .unknown,
                reason: "nobody said under what licence its weights are")
        }
        return self.licence(licence, subject: subject)
    }

    /// Works that the lineage only counts, by their licences.
    private func omittedWorks(of shard: Artefact) -> [GateFinding] {
        let subject = "works of \"\(shard.name)\""
        var findings = (shard.details[Lineage.worksRights]?.arrayValue ?? []).map { rights in
            var object = rights.objectValue ?? JSONObject()
            object["works"] = nil
            object["name"] = .string("\(shard.name) (works)")
            // The works' own names stay in the ledger.
            if object["attribution"] == nil { object["attribution"] = .string(shard.name) }
            guard let source = try? RightsSource(.object(object)) else {
                return GateFinding(
                    subject: subject, verdict: .unknown,
                    reason: "what the lineage says of their rights cannot be read")
            }
            return self.source(source)
        }
        if let reserved = shard.details[Lineage.worksReserved]?.intValue, reserved > 0 {
            findings.append(
                GateFinding(
                    subject: subject, verdict: .forbidden,
                    reason: "\(reserved) of them are reserved by whoever has rights in them"))
        }
        return findings
    }

    private func judge(_ evidence: OptOutEvidence, _ source: RightsSource) -> GateFinding? {
        guard evidence.verdict == .reserved else { return nil }
        return GateFinding(
            subject: "source \"\(source.name)\"", verdict: .forbidden,
            reason: "\(evidence.method.rawValue) reserves it: \(evidence.reason)")
    }

    private func apply(_ decision: RecordedDecision, to findings: inout [GateFinding]) {
        for finding in decision.record["findings"]?.arrayValue ?? [] {
            guard let subject = finding["subject"]?.stringValue,
                let reason = finding["reason"]?.stringValue,
                let override = finding["override"],
                let given = try? GateOverride(
                    reason: override["reason"]?.stringValue ?? "",
                    who: override["who"]?.stringValue ?? "")
            else { continue }
            for index in findings.indices
            where findings[index].subject == subject && findings[index].override == nil
                // Who answered for one reason did not answer for another that came up since.
                && findings[index].reason == reason
            {
                findings[index].override = given
            }
        }
    }
}

extension RunRecord {
    /// Asks the gate before the run begins, of all that its inputs came from; what it says is kept.
    /// - Parameter override: Goes on against a refusal.
    /// - Returns: What was found, with the obligations of the run's models.
    /// - Throws: ``ProvenanceError`` with the reasons if it is refused. The run stays in the ledger
    ///   as a refused one.
    @discardableResult
    public func pass(_ gate: RightsGate, override: GateOverride? = nil) throws(ProvenanceError)
        -> GateReport
    {
        var report = gate.check(try ledger.lineage(of: run))
        if report.isRefused, let override { report = report.overridden(by: override) }
        try ledger.record(
            RecordedDecision(
                artefact: run, verdict: report.isRefused ? "refused" : report.verdict.rawValue,
                record: report.json.objectValue ?? JSONObject(), created: ledger.now()))
        guard !report.isRefused else {
            throw ProvenanceError(
                "the policy of \(report.policy.date) refuses this run:\n\(report.reasons)",
                expected: "licences and terms that allow it",
                advice: "record where the data came from, choose another teacher, or record an"
                    + " override with a reason")
        }
        return report
    }
}

// SPDX-License-Identifier: Apache-2.0

extension ExtractionMonitor {
    /// What a log showed.
    public struct Result: Sendable {
        /// Keys and clusters, the highest scores first.
        public var alerts: [MonitorAlert] = []
        public var keys = 0
        /// Keys with too few requests to be judged by themselves.
        public var small = 0
        /// Keys that would have been told but for a granted appeal.
        public var exempt: [String] = []
        public var requests = 0
        /// The most memory that one key took, bytes.
        public var mostKeyBytes = 0
    }

    /// Judges all keys and the clusters among them.
    /// - Parameter appeals: Keys that are exempt until a date.
    public func finish(appeals: Appeals = Appeals()) -> Result {
        var result = Result(keys: keys.count, requests: requests)
        let states = keys.values.sorted { $0.key < $1.key }
        for state in states {
            state.finish(settings)
            result.mostKeyBytes = max(result.mostKeyBytes, state.byteCount)
            guard let worst = state.worst else {
                result.small += 1
                continue
            }
            guard worst.sum >= settings.calibration.alarm else { continue }
            if appeals.isExempt(state.key, at: state.lastTime) {
                result.exempt.append(state.key)
            } else {
                result.alerts.append(alert(state, worst.report, worst.sum))
            }
        }
        let exempt = Set(
            states.map(\.key).filter { appeals.isExempt($0, at: keys[$0]?.lastTime ?? 0) })
        result.alerts += clusters(states.filter { !exempt.contains($0.key) })
        result.alerts.sort {
            ($0.score, $1.keys.first ?? "") > ($1.score, $0.keys.first ?? "")
        }
        return result
    }

    private func alert(_ state: KeyState, _ report: WindowReport, _ sum: Double) -> MonitorAlert {
        let calibration = settings.calibration
        return MonitorAlert(
            keys: [state.key], organisation: state.organisation,
            score: calibration.score(sum: sum),
            action: .grade(
                strength: sum / calibration.alarm, parts: calibration.parts(report.values)),
            evidence: MonitorAlert.Evidence.list(report, calibration), values: report.values,
            requests: state.requests,
            firstTime: state.firstTime, lastTime: state.lastTime)
    }

    private func clusters(_ states: [KeyState]) -> [MonitorAlert] {
        let graph = KeyGraph(
            states.map { KeyGraph.Member(key: $0.key, links: $0.links) },
            common: settings.reference?.commonIDs ?? [])
        var alerts: [MonitorAlert] = []
        var taken: Set<Int> = []
        // The largest first; its members' other templates would drag in strangers who use these too.
        for var cluster in graph.clusters() {
            cluster.members.removeAll(where: taken.contains)
            guard cluster.members.count >= KeyGraph.fewest,
                var alert = pooled(cluster.members.map { states[$0] }, cluster)
            else { continue }
            taken.formUnion(cluster.members)
            alert.cluster = alerts.count + 1
            alerts.append(alert)
        }
        return alerts
    }

    /// The members' requests together, by the rule for a key; nil if that is no alarm.
    private func pooled(_ members: [KeyState], _ cluster: KeyGraph.Cluster) -> MonitorAlert? {
        let calibration = settings.calibration
        let tied = KeyGraph.withSharedAddress(
            members.map { KeyGraph.Member(key: $0.key, links: $0.links) })
        let report = WindowReport(
            counts: members.map(\.links.counts), requests: members.map(\.requests),
            firstTime: members.map(\.firstTime).min() ?? 0,
            lastTime: members.map(\.lastTime).max() ?? 0,
            examples: members.map { state in state.examples },
            tied: Double(tied) / Double(members.count))
        let sum = calibration.sum(report)
        guard sum >= calibration.alarm else { return nil }
        var evidence = MonitorAlert.Evidence.list(report, calibration)
        let text =
            "\(members.count) keys share \(cluster.shared) templates or prompts that honest traffic has not; \(tied) of them have an address of another; half of them began within \(MonitorAlert.Evidence.number(spread(members) / 3600)) hours"
        evidence.insert(
            .init(
                signal: .sharedPrompts, value: Double(cluster.shared), usual: 0, part: 0,
                examples: [], text: text), at: 0)
        return MonitorAlert(
            keys: members.map(\.key), score: calibration.score(sum: sum),
            action: .grade(
                strength: sum / calibration.alarm, parts: calibration.parts(report.values)),
            evidence: evidence, values: report.values, requests: report.requests,
            firstTime: report.firstTime,
            lastTime: report.lastTime)
    }

    /// Seconds in which the middle half of the keys began.
    private func spread(_ members: [KeyState]) -> Double {
        let times = members.map(\.firstTime).sorted()
        guard times.count > 3 else { return 0 }
        return times[times.count * 3 / 4] - times[times.count / 4]
    }
}
